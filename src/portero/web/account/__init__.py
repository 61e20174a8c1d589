"""The pages of one's own account, under `/account`: the account console.

`console.py` is what all of them share: who acts, sign-in and back, a fresh proof where one is
needed, form in, redirect out, and the sentence that says what was done. A page is two functions of
a `Visit` (`show`, and `act` for its form), joined by one line of its `mount(console)`.

To add a way to prove who one is to `/account/security`: write a module in `security/` with a
`SECTION` (its template and what that needs) and a `mount(console)` for the pages of its own under
`/account/security/...`, and name it in `SECTIONS` of `security/page.py`.
"""

"""Authorization codes, and the authorization requests that wait for a person.

Owns both tables. A code is spent by one statement; a waiting request is bound to the browser that
began it, so that nobody can finish in one browser what was begun in another.
"""

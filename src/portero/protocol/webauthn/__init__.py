"""Web Authentication (WebAuthn Level 3), the relying party's side: what to ask a browser for, and
what its answer proves. Pure: the challenge, the keys and the moment are arguments.

`ceremonies.py` is the one file that knows the library (`webauthn`), which is imported when it is
first used.
"""

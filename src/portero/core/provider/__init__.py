"""Provider: grants, and the tokens that are issued on them.

Owns the tables of grants and refresh tokens, the one place where a token is minted
(`issuing.py`), and one module per grant type under `grants/`. Knows sessions, accounts, clients
and keys, which are rooms below; does not know how anybody signs in.
"""

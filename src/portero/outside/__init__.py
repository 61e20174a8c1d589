"""Whom Portero talks to: the clock, dice, the hash pool, mail, other servers.

Each module fulfils a small protocol that core declares. Owns no rule of authentication.
"""

"""Accounts: who exists, under which name and mail address, and in which state.

Owns the accounts table, the rules of names (`names.py`) and the proof of a mail address. Does not
know passwords or sessions: rooms above ask here whether an account is active, at every use.
"""

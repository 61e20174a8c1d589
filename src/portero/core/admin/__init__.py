"""Admin: what operators do to accounts, and what an owner does to the whole of theirs.

Owns no table. Joins the rooms below where one decision touches several of them: an account that
is disabled or deleted loses its sessions in the same transaction.
"""

"""Keys: what Portero signs with, and what it publishes.

Owns the table of signing keys, their life cycle (next, current, retired, gone) and each process's
ring of loaded key objects. Knows nothing of what is signed: `core/provider/issuing.py` does.
"""

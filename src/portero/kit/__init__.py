"""Small values that every room uses: secrets, refusals, time, sealing, the database handle.

Owns no rule of authentication and no storage. Imports nothing of Portero.
"""

"""Factors: the ways to prove that an account is yours, one room for each.

A factor owns its own storage and its own rule of what proves it. Factors do not know each other,
nor what a sign-in still owes: `core/login` asks them and decides.
"""

"""Portero: a self-hosted authentication system and OpenID Provider."""

# One home: pyproject.toml reads it from here. Asking the installed metadata costs 90 ms a start.
__version__ = "0.1.0"

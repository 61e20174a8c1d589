"""Authenticator apps: codes of six digits that change every half minute (TOTP, RFC 6238).

Owns the tables `totp_secrets` and `totp_pending`. Proves and enrols for `core/login` and the
account pages, by the two shapes of `core/authenticators`.
"""

from portero.core.factors.totp.flows import Totp

__all__ = ["Totp"]

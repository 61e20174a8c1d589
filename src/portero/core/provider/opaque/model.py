"""Which of the three kinds a token of ours is, told by its spelling alone.

A JWT has dots. An opaque access token begins with a prefix that neither of the others can have: `~`
is in no base64url. A refresh token is base64url without either. The kind only says where to look;
that a token is good says the place where it is found.
"""

from __future__ import annotations

from typing import Final

PREFIX: Final = "at~"  # `~` is a sign of bearer tokens (RFC 6750 §2.1)


def is_opaque(unverified_token: str) -> bool:
    return unverified_token.startswith(PREFIX)


def is_refresh(unverified_token: str) -> bool:
    return "." not in unverified_token and not is_opaque(unverified_token)

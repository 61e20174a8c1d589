"""What a client signed with its secret: HMAC with SHA-256 (OpenID Connect Core §10.1). Pure.

The key is the client's secret and nothing else, and whether HMAC is looked at at all is decided by
what the client registered (RFC 8725 §3.1): a public key is never taken for a secret.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from portero.kit.secrets import same_secret
from portero_guard.errors import TokenRefused
from portero_guard.jws import UnverifiedJws

MIN_SECRET_BYTES: Final = 32  # RFC 7518 §3.2: no shorter than the hash


def check_mac(jws: UnverifiedJws, *, secret: bytes) -> None:
    """The MAC is the secret's; else `TokenRefused`."""
    if len(secret) < MIN_SECRET_BYTES:
        # With an empty key everybody can sign.
        raise TokenRefused("the client has no secret that is long enough for HMAC")
    expected = hmac.digest(secret, jws.signing_input, hashlib.sha256)
    if not same_secret(jws.signature, expected):
        raise TokenRefused("the MAC does not verify")

"""Proof Key for Code Exchange (RFC 7636), S256 alone.

`plain` protects against nothing that reads the authorization request (RFC 9700 §2.1.1).
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

from portero.kit.secrets import same_secret
from portero.protocol.oauth.errors import InvalidGrant, InvalidRequest

METHOD: Final = "S256"
# RFC 7636 §4.1: 43 to 128 unreserved characters, for verifier and challenge alike.
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def checked_challenge(challenge: str | None, method: str | None, *, required: bool) -> str:
    """The challenge of an authorization request; '' when none is needed. Raises `InvalidRequest`.

    A method that is left out means `plain` (§4.3), which is not accepted.
    """
    if challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge_method was sent without code_challenge.")
        if required:
            raise InvalidRequest("code_challenge is missing: PKCE with S256 is required.")
        return ""
    if method != METHOD:
        raise InvalidRequest("code_challenge_method must be S256.")
    if _UNRESERVED.fullmatch(challenge) is None:
        raise InvalidRequest("code_challenge is malformed.")
    return challenge


def check_verifier(verifier: str | None, *, expected_challenge: str) -> None:
    """Raise `InvalidGrant` unless the verifier is the one (§4.6).

    A verifier for a code without a challenge is refused too: somebody stripped the challenge from
    the request (PKCE downgrade, RFC 9700 §4.8.2).
    """
    if not expected_challenge:
        if verifier is not None:
            raise InvalidGrant("a code_verifier for a code without code_challenge")
        return
    if verifier is None or _UNRESERVED.fullmatch(verifier) is None:
        raise InvalidGrant("code_verifier is missing or malformed")
    if not same_secret(challenge_of(verifier), expected_challenge):
        raise InvalidGrant("code_verifier does not fit")


def challenge_of(verifier: str) -> str:
    """BASE64URL(SHA256(verifier)), §4.2."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

"""Does whoever shows a token hold the key that it is bound to? (RFC 9449 §7, RFC 8705 §3.) Pure.

Asked at every request, of a remembered token too: the token is the same, the sender may not be.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from portero_guard.checks import CheckedToken
from portero_guard.credentials import RequestHead, Shown
from portero_guard.dpop import CheckedProof, check_proof
from portero_guard.errors import Scheme, TokenRefused
from portero_guard.jwk import base64url

_CERTIFICATE: Final = "x5t#S256"


def check_possession(
    checked: CheckedToken, shown: Shown, head: RequestHead, *, base_url: str, now: datetime
) -> CheckedProof | None:
    """The proof that came with a DPoP token; None for a token that needs none. Raises
    `TokenRefused` and `ProofRefused`. The caller spends the proof's `jti`, and refuses one that
    was spent: without that, a captured request can be sent again.

    `base_url` is what the client put before the path; "" to believe the request's own Host.
    """
    cnf = _confirmation(checked)
    jkt, certificate = cnf.get("jkt"), cnf.get(_CERTIFICATE)
    if cnf and jkt is None and certificate is None:
        raise TokenRefused("bound in a way that is not known here")
    if certificate is not None:
        _check_certificate(certificate, head.certificate)
    if jkt is None:
        if shown.scheme is Scheme.DPOP:
            raise TokenRefused("a token without a key, shown as DPoP")
        return None
    if shown.scheme is not Scheme.DPOP:
        # RFC 9449 §7.2: else a stolen token would be as good as one that is not bound.
        raise TokenRefused("a DPoP token, shown as Bearer", scheme=Scheme.DPOP)
    proof = check_proof(
        head.proofs,
        expected_method="GET" if head.is_websocket else head.method,
        expected_urls=[(base_url or f"{head.scheme}://{head.host}") + head.path],
        expected_token=shown.unverified_token,
        now=now,
    )
    if not isinstance(jkt, str) or not compare_digest(proof.jkt.encode(), jkt.encode()):
        raise TokenRefused("the proof is of another key than the token's")
    return proof


def refuse_bound(checked: CheckedToken) -> None:
    """For whoever has a token and no request: a bound token can't be proven, so it is refused."""
    if _confirmation(checked):
        raise TokenRefused("a bound token, and no request that could prove it")


def _confirmation(checked: CheckedToken) -> Mapping[str, Any]:
    """The `cnf` claim (RFC 7800 §3.1); empty for a bearer token."""
    if "cnf" not in checked.claims:
        return {}
    cnf = checked.claims["cnf"]
    if not isinstance(cnf, Mapping) or not cnf:
        raise TokenRefused("cnf is malformed")
    return cnf


def _check_certificate(expected: object, certificate: bytes) -> None:
    if not certificate:
        raise TokenRefused("bound to a certificate, and none is known of this connection")
    found = base64url(sha256(certificate).digest())
    if not isinstance(expected, str) or not compare_digest(found.encode(), expected.encode()):
        raise TokenRefused("bound to another certificate")

"""A DPoP proof at an endpoint where clients prove themselves (RFC 9449 §5).

The check itself is the guard's (`portero_guard.dpop`), so that the server and every API agree on
what a good proof is; here its refusal gets the words of the token endpoint.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from portero.protocol.oauth.errors import InvalidDpopProof
from portero.protocol.oauth.metadata_policy import ASYMMETRIC_ALGS, FAPI2_ALGS
from portero_guard.dpop import CheckedProof, check_proof
from portero_guard.errors import ProofRefused

PROOF_ALGS: Final = tuple(sorted(ASYMMETRIC_ALGS))
FAPI2_PROOF_ALGS: Final = tuple(sorted(FAPI2_ALGS))


def check_client_proof(
    unverified_lines: Sequence[str],
    *,
    expected_urls: Collection[str],
    now: datetime,
    algorithms: Collection[str] = PROOF_ALGS,
) -> CheckedProof:
    """The proof in the DPoP header lines of a POST; raises `InvalidDpopProof`. Whether `jti` is
    fresh and `nonce` ours is not known yet."""
    try:
        return check_proof(
            unverified_lines,
            expected_method="POST",
            expected_urls=expected_urls,
            now=now,
            algorithms=algorithms,
        )
    except ProofRefused as refusal:
        raise InvalidDpopProof(refusal.detail) from refusal

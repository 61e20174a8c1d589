"""The answer of the authorization endpoint as a JWT (JWT Secured Authorization Response Mode).

Pure: the claims and the algorithm. The signature is the key ring's, and how the one parameter
`response` travels (query, form) is the face's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from portero.protocol.oauth.metadata_model import ClientMetadata
from portero.protocol.oauth.metadata_policy import usual_signing_alg

# JARM §2.1: ten minutes at most. The browser carries it over at once; five forgive slow ones and
# clocks that differ.
LIFETIME: Final = timedelta(minutes=5)
# JARM has no type of its own. That no ID token is meant can be seen: there is neither sub nor iat.
TYP: Final = "JWT"


def jarm_claims(
    answer: Mapping[str, str], *, issuer: str, client_id: str, now: datetime
) -> dict[str, Any]:
    """§2.1: for whom, from whom and until when, around the parameters of the answer (`code` and
    `state`, or `error` and what belongs to it). `iss` of RFC 9207 is the same claim."""
    expires_at = now + LIFETIME
    return {
        **answer,
        "iss": issuer,
        "aud": client_id,
        "exp": int(expires_at.timestamp()),
    }


def jarm_alg(client: ClientMetadata) -> str:
    """What the client registered as `authorization_signed_response_alg`, or the usual one (§3).
    Never what a request names."""
    return client.authorization_signed_response_alg or usual_signing_alg(client.profile).value

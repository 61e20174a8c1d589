"""Authorization server metadata (RFC 8414): what is offered, from what is mounted.

Two forms of the address for an issuer with a path (§3.1): between host and path, and after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from portero.protocol.oauth.dpop import PROOF_ALGS
from portero.protocol.oauth.metadata_policy import ASYMMETRIC_ALGS
from portero.web.endpoints import Endpoint
from portero.web.exchange import Request, Response, json_response
from portero.web.oidc.jwks import JWKS_PATH
from portero.web.oidc.oauth import INTROSPECTION_PATH, REVOCATION_PATH, TOKEN_PATH

METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
_MAX_AGE_SECONDS: Final = 300
_AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt")
_AUTH_ALGS: Final = tuple(sorted(ASYMMETRIC_ALGS))


def server_metadata(*, issuer: str, grant_types: Sequence[str]) -> dict[str, object]:
    """Members with nothing in them are left out (§3.2)."""
    return {
        "issuer": issuer,
        "token_endpoint": issuer + TOKEN_PATH,
        "token_endpoint_auth_methods_supported": list(_AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(_AUTH_ALGS),
        "grant_types_supported": list(grant_types),
        "introspection_endpoint": issuer + INTROSPECTION_PATH,
        "introspection_endpoint_auth_methods_supported": list(_AUTH_METHODS),
        "introspection_endpoint_auth_signing_alg_values_supported": list(_AUTH_ALGS),
        "revocation_endpoint": issuer + REVOCATION_PATH,
        "revocation_endpoint_auth_methods_supported": list(_AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(_AUTH_ALGS),
        "dpop_signing_alg_values_supported": list(PROOF_ALGS),
        "jwks_uri": issuer + JWKS_PATH,
    }


def metadata_endpoint(*, issuer: str, grant_types: Sequence[str]) -> Endpoint:
    answer_once = json_response(
        200,
        server_metadata(issuer=issuer, grant_types=grant_types),
        ("Cache-Control", f"public, max-age={_MAX_AGE_SECONDS}"),
        ("Access-Control-Allow-Origin", "*"),
    )

    def answer(request: Request) -> Response:
        return answer_once

    return Endpoint(METADATA_PATH, frozenset({"GET"}), answer, on_loop=True)

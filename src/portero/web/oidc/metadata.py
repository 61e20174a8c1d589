"""What this server offers, from what is mounted and allowed (RFC 8414, OpenID Connect Discovery).

One document at two addresses. For an issuer with a path clients also look for both between host and
path (RFC 8414 §3.1): `web/base_path.py` sees to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from portero.protocol.oauth import pkce
from portero.protocol.oauth.authorization_request import RESPONSE_MODES, prompts
from portero.protocol.oauth.dpop import PROOF_ALGS
from portero.protocol.oauth.metadata_model import Encrypted
from portero.protocol.oauth.metadata_policy import (
    ASYMMETRIC_ALGS,
    DELIVERY_MODES,
    FAPI2_ALGS,
    HMAC_ALGS,
    GrantType,
)
from portero.protocol.oauth.profile_rules import FAPI2_METHODS
from portero.protocol.oauth.profiles import FAPI2_PROFILES, Profile
from portero.protocol.oidc.claims import STANDARD_CLAIMS
from portero.web.cached import CachedDocument
from portero.web.certificates import NO_SOURCE, CertificateSource
from portero.web.endpoints import Endpoint
from portero.web.exchange import JSON_TYPE, json_body
from portero.web.oidc.oauth import INTROSPECTION_PATH, REVOCATION_PATH, TOKEN_PATH
from portero.web.oidc.register import REGISTRATION_PATH
from portero.web.oidc.userinfo import USERINFO_PATH
from portero.web.places import (
    AUTHORIZATION_PATH,
    CIBA_PATH,
    DEVICE_PATH,
    DISCOVERY_PATH,
    END_SESSION_PATH,
    JWKS_PATH,
    METADATA_PATH,
    PAR_PATH,
)

_MAX_AGE_SECONDS: Final = 300
# Each endpoint where clients prove themselves takes the same proofs (`ClientAuth`).
_PROVING: Final = {
    "token_endpoint": TOKEN_PATH,
    "introspection_endpoint": INTROSPECTION_PATH,
    "revocation_endpoint": REVOCATION_PATH,
}
# And at these, by the methods of the token endpoint (RFC 9126 §2, RFC 8628 §3.1, CIBA §7.1).
_ASKING: Final = {
    "pushed_authorization_request_endpoint": PAR_PATH,
    "device_authorization_endpoint": DEVICE_PATH,
    "backchannel_authentication_endpoint": CIBA_PATH,
}
# At these a public client only says who it is.
_OPEN_TO_PUBLIC: Final = frozenset({"token_endpoint", "revocation_endpoint"})
_AUTH_METHODS: Final = (
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
)
_OWN_CLAIMS: Final = ("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What depends on the deployment. `mtls_url` is the base of the addresses at which clients are
    asked for a certificate, where those are not the usual ones (RFC 8705 §5). `profile` is kept
    for every client, so no more is told than it lets any of them use."""

    issuer: str
    grant_types: Sequence[str]
    signing_algs: Sequence[str] = ("ES256", "RS256")
    scopes: Sequence[str] = ()
    acr_values: Sequence[str] = ()
    detail_types: Sequence[str] = ()
    certificates: CertificateSource = NO_SOURCE
    mtls_url: str = ""
    registration: bool = False
    client_id_documents: bool = False
    sign_up: bool = False
    encryption_algs: Sequence[str] = ()
    encryption_encs: Sequence[str] = ()
    profile: str = ""

    @property
    def fapi(self) -> bool:
        return self.profile in FAPI2_PROFILES

    @property
    def relaxed(self) -> bool:
        return self.profile == Profile.CERTIFICATION

    def algs(self, *named: Iterable[str]) -> list[str]:
        """Those of all the names that a client may use here (FAPI 2.0 §5.4.1)."""
        every = dict.fromkeys(name for names in named for name in names)
        return [name for name in every if not self.fapi or name in FAPI2_ALGS]


def server_metadata(offer: Offer) -> dict[str, object]:
    """Members with nothing in them are left out (RFC 8414 §3.2)."""
    told: dict[str, object] = {
        "issuer": offer.issuer,
        **_authorization(offer),
        **_proving(offer),
        **_signing(offer),
        "grant_types_supported": list(offer.grant_types),
        "userinfo_endpoint": offer.issuer + USERINFO_PATH,
        "end_session_endpoint": offer.issuer + END_SESSION_PATH,
        "jwks_uri": offer.issuer + JWKS_PATH,
        "scopes_supported": list(offer.scopes),
        "claims_supported": [*_OWN_CLAIMS, *sorted(STANDARD_CLAIMS)],
        "subject_types_supported": ["public", "pairwise"],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
    }
    if offer.registration:
        told["registration_endpoint"] = offer.issuer + REGISTRATION_PATH
    if offer.client_id_documents:
        told["client_id_metadata_document_supported"] = True
    return {name: value for name, value in told.items() if value != []}


def _authorization(offer: Offer) -> dict[str, object]:
    signs = offer.profile == Profile.FAPI2_MESSAGE_SIGNING
    told: dict[str, object] = {
        "authorization_endpoint": offer.issuer + AUTHORIZATION_PATH,
        "pushed_authorization_request_endpoint": offer.issuer + PAR_PATH,
        "device_authorization_endpoint": offer.issuer + DEVICE_PATH,
        "require_pushed_authorization_requests": offer.fapi,
        "response_types_supported": ["code"],
        "response_modes_supported": [
            mode for mode in RESPONSE_MODES if not signs or mode.endswith("jwt")
        ],
        "code_challenge_methods_supported": [pkce.METHOD],
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": sorted(prompts(sign_up_open=offer.sign_up)),
        "acr_values_supported": list(offer.acr_values),
        "authorization_details_types_supported": list(offer.detail_types),
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        # Pushed ones alone: no address of a stranger's is fetched while a person waits.
        "request_uri_parameter_supported": offer.relaxed,
    }
    if GrantType.CIBA in offer.grant_types:
        told["backchannel_authentication_endpoint"] = offer.issuer + CIBA_PATH
        told["backchannel_token_delivery_modes_supported"] = list(DELIVERY_MODES)
        told["backchannel_user_code_parameter_supported"] = False
    if offer.relaxed:
        told["require_request_uri_registration"] = True
    if signs:
        told["require_signed_request_object"] = True  # RFC 9101 §10.5
    return told


def _proving(offer: Offer) -> dict[str, object]:
    told: dict[str, object] = {"dpop_signing_alg_values_supported": offer.algs(PROOF_ALGS)}
    methods = [
        name
        for name in (*_AUTH_METHODS, *offer.certificates.auth_methods)
        if not offer.fapi or name in FAPI2_METHODS
    ]
    for name, path in _PROVING.items():
        told[name] = offer.issuer + path
        told[f"{name}_auth_methods_supported"] = (
            [*methods, "none"] if name in _OPEN_TO_PUBLIC and not offer.fapi else methods
        )
        told[f"{name}_auth_signing_alg_values_supported"] = offer.algs(
            sorted(ASYMMETRIC_ALGS | HMAC_ALGS)
        )
    if offer.certificates.auth_methods:
        told["tls_client_certificate_bound_access_tokens"] = True
    if offer.mtls_url:
        told["mtls_endpoint_aliases"] = {
            name: offer.mtls_url + path
            for name, path in {**_PROVING, **_ASKING}.items()
            if GrantType.CIBA in offer.grant_types or path != CIBA_PATH
        }
    return told


def _signing(offer: Offer) -> dict[str, object]:
    ours = offer.algs(offer.signing_algs, sorted(HMAC_ALGS))
    encrypted: dict[str, object] = {}
    for kind in Encrypted:
        encrypted[f"{kind}_encryption_alg_values_supported"] = list(offer.encryption_algs)
        encrypted[f"{kind}_encryption_enc_values_supported"] = list(offer.encryption_encs)
    return encrypted | {
        "id_token_signing_alg_values_supported": ours,
        "userinfo_signing_alg_values_supported": ours,
        "introspection_signing_alg_values_supported": ours,  # RFC 9701 §7
        "authorization_signing_alg_values_supported": offer.algs(offer.signing_algs),
        "request_object_signing_alg_values_supported": offer.algs(
            sorted(ASYMMETRIC_ALGS | HMAC_ALGS), ("none",) if offer.relaxed else ()
        ),
    }


def metadata_endpoints(offer: Offer) -> list[Endpoint]:
    # Nothing in it changes while the server runs.
    document = CachedDocument.of(
        json_body(server_metadata(offer)),
        JSON_TYPE,
        ("Cache-Control", f"public, max-age={_MAX_AGE_SECONDS}"),
        ("Access-Control-Allow-Origin", "*"),
    )
    return [
        Endpoint(path, frozenset({"GET"}), document.answer, on_loop=True)
        for path in (METADATA_PATH, DISCOVERY_PATH)
    ]

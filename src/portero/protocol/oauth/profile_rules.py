"""What the FAPI 2.0 profiles demand of a client, and what a server's own profile makes of each.

Asked twice: when a client registers, and again of every client that is loaded, so that neither an
import nor a registration from before the profile leaves one with less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from portero.kit.refusals import FieldFault
from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.metadata_model import HMAC_CAPABLE, ClientMetadata
from portero.protocol.oauth.metadata_policy import (
    FAPI2_ALGS,
    AuthMethod,
    GrantType,
    MetadataPolicy,
    usual_signing_alg,
)
from portero.protocol.oauth.profiles import CLIENT_PROFILES, FAPI2_PROFILES, Profile, stricter
from portero.protocol.oauth.uris import parse_uri

# FAPI 2.0 Security Profile §5.3.2.1: mTLS or private_key_jwt.
FAPI2_METHODS: Final = frozenset(
    {AuthMethod.PRIVATE_KEY_JWT, AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS}
)
_DEFAULT_ALG: Final = usual_signing_alg(Profile.NONE).value


def defaults_of(profile: str, *, answered: bool, certified: bool) -> Mapping[str, Any]:
    """What one word turns on (FAPI 2.0 Security Profile §5.3.2). `answered`: it is a client of the
    authorization endpoint. `certified`: its tokens are bound to its certificate."""
    if profile not in FAPI2_PROFILES:
        return {}
    members: dict[str, Any] = {
        "id_token_signed_response_alg": usual_signing_alg(profile).value,
        "require_pushed_authorization_requests": True,
    }
    if not certified:
        members["dpop_bound_access_tokens"] = True
    if profile == Profile.FAPI2_MESSAGE_SIGNING and answered:
        members["require_signed_request_object"] = True
    return members


def as_served(client: ClientMetadata, policy: MetadataPolicy) -> ClientMetadata:
    """What counts of a registration on this server. Under a FAPI profile of the server it is as if
    the client had registered it: what it left out has the profile's default, and RS256 is what a
    client has that named no algorithm. Under the certification profile a confidential client needs
    no PKCE: the Basic OP plan sends none."""
    if policy.profile == Profile.CERTIFICATION:
        return client if client.is_public or client.profile else replace(client, require_pkce=False)
    profile = stricter(client.profile, policy.profile)
    if profile is Profile.NONE:
        return client
    turned_on = dict(
        defaults_of(
            profile,
            answered=bool(client.response_types),
            certified=client.tls_client_certificate_bound_access_tokens,
        )
    )
    if client.id_token_signed_response_alg != _DEFAULT_ALG:
        del turned_on["id_token_signed_response_alg"]
    return replace(client, profile=profile.value, require_pkce=True, **turned_on)


def profile_is_kept(client: ClientMetadata, policy: MetadataPolicy) -> Iterator[FieldFault]:
    """FAPI 2.0 Security Profile §5.3.2 and §5.4.1, Message Signing §5.3."""
    if client.profile not in CLIENT_PROFILES:
        yield FieldFault("profile", "unsupported", "This value is not offered here.")
        return
    if stricter(client.profile, policy.profile) != client.profile:
        yield FieldFault("profile", "weaker", "This server keeps a stricter profile.")
    if not client.keeps_fapi2:
        return
    bound = client.dpop_bound_access_tokens or client.tls_client_certificate_bound_access_tokens
    answered = bool(client.response_types)
    demands = (
        ("token_endpoint_auth_method", client.token_endpoint_auth_method in FAPI2_METHODS),
        ("dpop_bound_access_tokens", bound),
        (
            "require_pushed_authorization_requests",
            client.require_pushed_authorization_requests or not answered,
        ),
        (
            "require_signed_request_object",
            client.require_signed_request_object or not (client.signs_messages and answered),
        ),
        # Requests at the backchannel can't be signed here.
        ("grant_types", not client.signs_messages or GrantType.CIBA not in client.grant_types),
        ("require_pkce", client.require_pkce),
        ("id_token_signed_response_alg", client.id_token_signed_response_alg in FAPI2_ALGS),
    )
    for name, kept in demands:
        if not kept:
            yield FieldFault(name, "fapi2", "The FAPI 2.0 profile does not allow this.")
    for name in (*HMAC_CAPABLE[1:], "token_endpoint_auth_signing_alg"):
        if getattr(client, name) not in {"", *FAPI2_ALGS}:
            yield FieldFault(name, "fapi2", "The FAPI 2.0 profile does not allow this algorithm.")
    if client.application_type == "web" and not policy.local and _has_plain_http(client):
        # §5.3.2.2: not over an unencrypted connection, but for native programs on loopback. A
        # server that is on loopback itself is for development.
        yield FieldFault("redirect_uris", "uri_insecure", "Here a redirect URI must be https.")


def _has_plain_http(client: ClientMetadata) -> bool:
    for text in client.redirect_uris:
        try:
            if parse_uri(text).scheme == "http":
                return True
        except Unacceptable:
            continue  # another rule says so
    return False

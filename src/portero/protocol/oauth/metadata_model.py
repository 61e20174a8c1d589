"""What a client registered, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Final

from portero.protocol.oauth.metadata_policy import SECRET_METHODS, AuthMethod, GrantType
from portero.protocol.oauth.profiles import FAPI2_PROFILES, Profile


class Encrypted(StrEnum):
    """What can be encrypted to a client, by the first word of the members that ask for it."""

    ID_TOKEN = "id_token"  # noqa: S105  # a kind
    USERINFO = "userinfo"
    AUTHORIZATION = "authorization"
    INTROSPECTION = "introspection"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata:
    """What a client registered, checked and with its defaults. Fields are called as the members
    of the JSON document; '' and () mean "not registered".

    `localized` holds the variants of texts by their full names, as `client_name#fr`
    (RFC 7591 §2.2). Ours: `require_pkce`, `profile` (see `Profile`), `access_token_format`
    ('jwt' or 'opaque'), `default_resource` (RFC 8707, used where a request names none),
    `require_second_factor` (nobody signs in for it with one factor).
    """

    redirect_uris: tuple[str, ...] = ()
    token_endpoint_auth_method: AuthMethod = AuthMethod.SECRET_BASIC
    grant_types: tuple[str, ...] = (GrantType.AUTHORIZATION_CODE.value,)
    response_types: tuple[str, ...] = ("code",)
    application_type: str = "web"
    client_name: str = ""
    client_uri: str = ""
    logo_uri: str = ""
    tos_uri: str = ""
    policy_uri: str = ""
    localized: Mapping[str, str] = field(default_factory=dict)
    contacts: tuple[str, ...] = ()
    scope: str = ""
    jwks_uri: str = ""
    jwks: Mapping[str, Any] = field(default_factory=dict)
    software_id: str = ""
    software_version: str = ""
    subject_type: str = "public"
    sector_identifier_uri: str = ""
    id_token_signed_response_alg: str = "RS256"  # noqa: S105  # an algorithm
    id_token_encrypted_response_alg: str = ""
    id_token_encrypted_response_enc: str = ""
    userinfo_signed_response_alg: str = ""
    userinfo_encrypted_response_alg: str = ""
    userinfo_encrypted_response_enc: str = ""
    authorization_signed_response_alg: str = ""
    authorization_encrypted_response_alg: str = ""
    authorization_encrypted_response_enc: str = ""
    introspection_signed_response_alg: str = ""
    introspection_encrypted_response_alg: str = ""
    introspection_encrypted_response_enc: str = ""
    request_object_signing_alg: str = ""
    require_signed_request_object: bool = False
    token_endpoint_auth_signing_alg: str = ""
    default_max_age: int | None = None
    require_auth_time: bool = False
    default_acr_values: tuple[str, ...] = ()
    initiate_login_uri: str = ""
    request_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str = ""
    frontchannel_logout_session_required: bool = False
    tls_client_auth_subject_dn: str = ""
    tls_client_auth_san_dns: str = ""
    tls_client_auth_san_uri: str = ""
    tls_client_auth_san_ip: str = ""
    tls_client_auth_san_email: str = ""
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False
    require_pushed_authorization_requests: bool = False
    authorization_details_types: tuple[str, ...] = ()
    backchannel_token_delivery_mode: str = ""
    backchannel_client_notification_endpoint: str = ""
    require_pkce: bool = True
    profile: str = ""
    access_token_format: str = "jwt"  # noqa: S105  # a format
    default_resource: str = ""
    require_second_factor: bool = False

    @property
    def is_public(self) -> bool:
        """It can't prove who it is (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method is AuthMethod.NONE

    @property
    def has_secret(self) -> bool:
        return self.token_endpoint_auth_method in SECRET_METHODS

    @property
    def keeps_fapi2(self) -> bool:
        """Its profile is the FAPI 2.0 Security Profile, or one that goes further."""
        return self.profile in FAPI2_PROFILES

    @property
    def signs_messages(self) -> bool:
        """FAPI 2.0 Message Signing: its requests are signed, and so are the answers to them."""
        return self.profile == Profile.FAPI2_MESSAGE_SIGNING

    def encryption_of(self, kind: Encrypted) -> tuple[str, str]:
        """`alg` and `enc` of what is told this client alone; '' and '' where it is only signed."""
        alg, enc = encryption_members(kind)
        return getattr(self, alg), getattr(self, enc)

    @property
    def is_rung_up(self) -> bool:
        """It is told when somebody whom it asked for has answered (CIBA §5, ping mode)."""
        return self.backchannel_token_delivery_mode == "ping"  # noqa: S105  # a mode

    @property
    def needs_readable_secret(self) -> bool:
        """Its secret is an HMAC key, so a hash of it is not enough for the server."""
        return self.token_endpoint_auth_method is AuthMethod.SECRET_JWT or any(
            getattr(self, name).startswith("HS") for name in HMAC_CAPABLE
        )


# The members through which a client can ask for HMAC with its secret.
HMAC_CAPABLE: Final = (
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "authorization_signed_response_alg",
    "introspection_signed_response_alg",
    "request_object_signing_alg",
)


@cache
def encryption_members(kind: Encrypted) -> tuple[str, str]:
    """The names of its `alg` and its `enc`."""
    return f"{kind}_encrypted_response_alg", f"{kind}_encrypted_response_enc"

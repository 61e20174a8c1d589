"""What the members of a registration say about each other. One rule, one function.

Each yields the faults that it finds; all rules are asked, so that a developer sees everything at
once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from portero.kit.refusals import FieldFault
from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.metadata_model import (
    HMAC_CAPABLE,
    ClientMetadata,
    Encrypted,
    encryption_members,
)
from portero.protocol.oauth.metadata_policy import (
    DELIVERY_MODES,
    HMAC_ALGS,
    AuthMethod,
    GrantType,
    MetadataPolicy,
)
from portero.protocol.oauth.profile_rules import profile_is_kept
from portero.protocol.oauth.redirect_uris import check_redirect_uri
from portero.protocol.oauth.registered_keys import encryption_key
from portero.protocol.oauth.uris import parse_uri

Faults = Iterator[FieldFault]
Rule = Callable[[ClientMetadata, MetadataPolicy], Faults]

_CERTIFICATE_METHODS: Final = frozenset({AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS})
_CERTIFICATE_NAMES: Final = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)
_GRANTS_WITH_PEOPLE: Final = frozenset(
    {GrantType.AUTHORIZATION_CODE, GrantType.DEVICE_CODE, GrantType.CIBA}
)


def faults_of(client: ClientMetadata, policy: MetadataPolicy) -> list[FieldFault]:
    """Every fault that any rule finds."""
    return [fault for rule in _RULES for fault in rule(client, policy)]


def values_are_offered(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """Each choice is one that this server has."""
    client_algs, server_algs = policy.client_signing_algs, policy.signing_algs | policy.hmac_algs
    unsigned = {"none"} if policy.unsigned_request_objects else set()
    choices: dict[str, Iterable[str]] = {
        "application_type": ("web", "native"),
        "access_token_format": ("jwt", "opaque"),
        "subject_type": policy.subject_types,
        "backchannel_token_delivery_mode": ("", *DELIVERY_MODES),
        "userinfo_signed_response_alg": {"", *server_algs},
        "authorization_signed_response_alg": {"", *server_algs},
        "introspection_signed_response_alg": {"", *server_algs},
        "request_object_signing_alg": {"", *client_algs, *policy.hmac_algs, *unsigned},
        "token_endpoint_auth_signing_alg": {"", *client_algs, *policy.hmac_algs},
    }
    for kind in Encrypted:
        alg, enc = encryption_members(kind)
        choices |= {alg: {"", *policy.encryption_algs}, enc: {"", *policy.encryption_encs}}
    if _GRANTS_WITH_PEOPLE & set(client.grant_types):
        # A service gets no ID token: what it is by default is no wish of its own.
        choices["id_token_signed_response_alg"] = server_algs
    for name, offered in choices.items():
        if getattr(client, name) not in offered:
            yield FieldFault(name, "unsupported", "This value is not offered here.")
    for name, offered in (
        ("grant_types", policy.grant_types),
        ("response_types", policy.response_types),
    ):
        if not set(getattr(client, name)) <= set(offered):
            yield FieldFault(name, "unsupported", "One of these values is not offered here.")


def grants_fit_responses(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """RFC 7591 §2.1: what leaves the authorization endpoint, and what is done with it, agree."""
    answered = {part for each in client.response_types for part in each.split()}
    wanted = {
        GrantType.AUTHORIZATION_CODE.value: "code" in answered,
        "implicit": bool(answered & {"token", "id_token"}),
    }
    if any((grant in client.grant_types) is not needed for grant, needed in wanted.items()):
        yield FieldFault(
            "grant_types", "inconsistent", "The grant types and response types do not agree."
        )


def redirect_uris_are_safe(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """Every URI that a browser is sent to with an answer, by the rules of `redirect_uris`."""
    native = client.application_type == "native"
    if client.response_types and not client.redirect_uris:
        yield FieldFault("redirect_uris", "required", "Register at least one redirect URI.")
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        try:
            for text in getattr(client, name):
                check_redirect_uri(text, native=native)
        except Unacceptable as wrong:
            yield FieldFault(name, wrong.code, wrong.public)


def browser_tokens_need_https(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """OpenID Connect Registration §2: a web client that gets tokens through the browser has only
    https redirect URIs, and none on localhost."""
    in_browser = any(each not in {"code", "none"} for each in client.response_types)
    if client.application_type != "web" or not in_browser:
        return
    if any(_is_loopback_http(text) for text in client.redirect_uris):
        yield FieldFault("redirect_uris", "uri_insecure", "Here a redirect URI must be https.")


def keys_are_given_once(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """RFC 7591 §2: `jwks` or `jwks_uri`, never both, and one of them wherever keys are needed."""
    if client.jwks and client.jwks_uri:
        yield FieldFault("jwks", "exclusive", "Register either jwks or jwks_uri, not both.")
    needs_keys = (
        client.token_endpoint_auth_method
        in {AuthMethod.PRIVATE_KEY_JWT, AuthMethod.SELF_SIGNED_TLS}
        or any(client.encryption_of(kind)[0] for kind in Encrypted)
        or (
            client.require_signed_request_object
            and client.request_object_signing_alg not in HMAC_ALGS
        )
    )
    if needs_keys and not client.jwks and not client.jwks_uri:
        yield FieldFault("jwks", "required", "This client needs keys: register jwks or jwks_uri.")


def authentication_is_complete(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """The method has what it needs, and its algorithm is of its kind (OpenID Connect Core §9)."""
    method, alg = client.token_endpoint_auth_method, client.token_endpoint_auth_signing_alg
    if alg and (
        (method is AuthMethod.SECRET_JWT and alg not in HMAC_ALGS)
        or (method is AuthMethod.PRIVATE_KEY_JWT and alg in HMAC_ALGS)
    ):
        yield FieldFault(
            "token_endpoint_auth_signing_alg", "inconsistent", "The algorithm is not the method's."
        )
    names = [name for name in _CERTIFICATE_NAMES if getattr(client, name)]
    if method is AuthMethod.TLS and len(names) != 1:
        # RFC 8705 §2.1.2: two names would leave open which of them has to match.
        yield FieldFault(
            "tls_client_auth_subject_dn",
            "exclusive",
            "Register exactly one name of the certificate.",
        )


def certificate_names_can_be_compared(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """RFC 8705 §2.1.2. A name that can't be read would match no certificate, ever."""
    if not (client.tls_client_auth_subject_dn or client.tls_client_auth_san_ip):
        return
    # With its X.509 reader, which a client without such a name does not need.
    from portero.protocol.oauth.certificates import check_address, read_subject

    for name, check in (
        ("tls_client_auth_subject_dn", read_subject),
        ("tls_client_auth_san_ip", check_address),
    ):
        try:
            if getattr(client, name):
                check(getattr(client, name))
        except Unacceptable as wrong:
            yield FieldFault(name, wrong.code, wrong.public)


def public_clients_prove_nothing(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """What rests on a client's identity is not for a client that can't prove one."""
    if client.is_public and GrantType.CLIENT_CREDENTIALS in client.grant_types:
        # RFC 6749 §4.4: confidential clients only.
        yield FieldFault("grant_types", "public_client", "A public client has no credentials.")
    if client.is_public and GrantType.CIBA in client.grant_types:
        # CIBA §7.1: the client authenticates.
        yield FieldFault("grant_types", "public_client", "A public client can't use CIBA.")
    if not client.require_pkce and (client.is_public or not policy.pkce_waivable):
        # RFC 9700 §2.1.1: a stolen code of a public client is worth tokens without PKCE.
        yield FieldFault("require_pkce", "public_client", "This client can't do without PKCE.")


def second_factor_can_be_proven(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """Where nobody proves one, nobody could ever sign in for that client."""
    if client.require_second_factor and not policy.second_factor:
        yield FieldFault("require_second_factor", "unsupported", "This value is not offered here.")


def hmac_needs_a_secret(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """OpenID Connect Core §10.1: the HMAC key is the client secret. Without one there is no key,
    or worse, an empty one."""
    for name in HMAC_CAPABLE:
        if getattr(client, name) in HMAC_ALGS and not client.has_secret:
            yield FieldFault(name, "inconsistent", "This algorithm needs a client with a secret.")


def encryption_is_whole(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """OpenID Connect Registration §2: `enc` never comes without `alg`. A signature is within,
    always: anybody can encrypt to a public key. And there is a key to encrypt to."""
    for kind in Encrypted:
        name, _ = encryption_members(kind)
        alg, enc = client.encryption_of(kind)
        if enc and not alg:
            yield FieldFault(name, "required", "enc needs an alg.")
        if alg and client.jwks and encryption_key(alg, client.jwks) is None:
            yield FieldFault("jwks", "required", "There is no key of this kind to encrypt to.")
    if client.userinfo_encrypted_response_alg and not client.userinfo_signed_response_alg:
        yield FieldFault(
            "userinfo_signed_response_alg", "required", "What is encrypted is signed as well."
        )


def pairwise_has_one_sector(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """OpenID Connect Core §8.1: the sector is the one host of all redirect URIs, or it is named.
    That the named document lists them all is checked by whoever fetches it."""
    if client.subject_type != "pairwise" or client.sector_identifier_uri:
        return
    hosts = {_host(text) for text in client.redirect_uris}
    # A code has to reach the host; a device's tokens need not, so it could name a stranger's.
    by_device = bool(hosts) and GrantType.DEVICE_CODE in client.grant_types
    if len(hosts) > 1 or "" in hosts or by_device:
        yield FieldFault(
            "sector_identifier_uri", "required", "Pairwise subjects of several hosts need a sector."
        )


def front_channel_logout_is_its_own(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """Front-Channel Logout §2: scheme, host and port are those of a redirect URI, so that nobody
    puts a stranger's page into the frame."""
    if not client.frontchannel_logout_uri:
        return
    try:
        shown = parse_uri(client.frontchannel_logout_uri)
    except Unacceptable as wrong:
        yield FieldFault("frontchannel_logout_uri", wrong.code, wrong.public)
        return
    if shown.fragment is not None:
        # What is added for the frame (iss, sid) would end up in it, and reach no server.
        yield FieldFault(
            "frontchannel_logout_uri", "uri_fragment", "The URI must not have a fragment."
        )
    web = shown.scheme == "https" or shown.is_loopback_http
    if not web or shown.origin not in {_origin(text) for text in client.redirect_uris}:
        yield FieldFault(
            "frontchannel_logout_uri", "inconsistent", "It must be of the origin of a redirect URI."
        )


def ping_has_an_address(client: ClientMetadata, policy: MetadataPolicy) -> Faults:
    """CIBA §4: in ping mode the server must know where to ring."""
    if client.is_rung_up and not client.backchannel_client_notification_endpoint:
        yield FieldFault(
            "backchannel_client_notification_endpoint", "required", "Ping mode needs this."
        )


def _host(text: str) -> str:
    """The host of a web redirect URI; '' for any other, and for one that another rule refuses."""
    origin = _origin(text)
    return origin[1] if origin and origin[0] in {"https", "http"} else ""


def _origin(text: str) -> tuple[str, str, int | None] | None:
    try:
        return parse_uri(text).origin
    except Unacceptable:
        return None


def _is_loopback_http(text: str) -> bool:
    origin = _origin(text)
    return origin is not None and origin[0] == "http"


_RULES: Final[tuple[Rule, ...]] = (
    values_are_offered,
    grants_fit_responses,
    redirect_uris_are_safe,
    browser_tokens_need_https,
    keys_are_given_once,
    authentication_is_complete,
    certificate_names_can_be_compared,
    public_clients_prove_nothing,
    hmac_needs_a_secret,
    encryption_is_whole,
    pairwise_has_one_sector,
    front_channel_logout_is_its_own,
    ping_has_an_address,
    second_factor_can_be_proven,
    profile_is_kept,
)

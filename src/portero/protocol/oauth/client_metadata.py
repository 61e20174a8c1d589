"""Client metadata (RFC 7591 §2, OpenID Connect Registration §2): read, check, tell again.

Reading goes in three steps: each member by itself (`metadata_readers`), the defaults, then what
members say about each other (`metadata_rules`). All faults are told at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from portero.kit.refusals import FieldFault, Invalid
from portero.protocol.oauth import metadata_readers as read
from portero.protocol.oauth.client_keys import checked_jwks
from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.metadata_model import ClientMetadata, Encrypted, encryption_members
from portero.protocol.oauth.metadata_policy import (
    AuthMethod,
    GrantType,
    MetadataPolicy,
)
from portero.protocol.oauth.metadata_rules import faults_of
from portero.protocol.oauth.profile_rules import defaults_of
from portero.protocol.oauth.profiles import FAPI2_PROFILES

__all__ = [
    "ClientMetadata",
    "InvalidClientMetadata",
    "InvalidRedirectUri",
    "parse_client_metadata",
    "stored_metadata",
    "to_json",
]


class InvalidClientMetadata(Invalid):
    """RFC 7591 §3.2.2. `faults` name the members."""

    code = "invalid_client_metadata"
    public = "The client metadata was not accepted."


class InvalidRedirectUri(InvalidClientMetadata):
    """RFC 7591 §3.2.2: a redirect URI is at fault (perhaps among other members)."""

    code = "invalid_redirect_uri"
    public = "A redirect URI was not accepted."


_LANGUAGE_VARIANTS: Final[Mapping[str, read.Reader]] = {
    "client_name": read.name,
    "client_uri": read.shown_uri,
    "logo_uri": read.shown_uri,
    "tos_uri": read.shown_uri,
    "policy_uri": read.shown_uri,
}
_LANGUAGE_TAG: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,7}")  # BCP 47, its shape

_BY_TYPE: Final[Mapping[str, read.Reader]] = {
    "str": read.text,
    "bool": read.flag,
    "int | None": read.seconds,
    "tuple[str, ...]": read.texts,
}
_BY_NAME: Final[Mapping[str, read.Reader]] = {
    **_LANGUAGE_VARIANTS,
    "token_endpoint_auth_method": read.auth_method,
    "response_types": read.response_types,
    "scope": read.scope,
    "jwks": lambda value, policy: checked_jwks(value),
    "jwks_uri": read.secure_uri,
    "sector_identifier_uri": read.secure_uri,
    "initiate_login_uri": read.secure_uri,
    "backchannel_logout_uri": read.secure_uri,
    "backchannel_client_notification_endpoint": read.secure_uri,
    "request_uris": read.request_uris,
    "default_resource": read.resource,
}
_READERS: Final[Mapping[str, read.Reader]] = {
    member.name: _BY_NAME.get(member.name) or _BY_TYPE[str(member.type)]
    for member in fields(ClientMetadata)
    if member.name != "localized"
}
# Told even where the client left them out (RFC 7591 §3.2.1): without them it could not know.
_ALWAYS_TOLD: Final = frozenset(
    {
        "token_endpoint_auth_method",
        "grant_types",
        "response_types",
        "application_type",
        "subject_type",
        "id_token_signed_response_alg",
        "require_pkce",
        "access_token_format",
    }
)


def parse_client_metadata(document: object, policy: MetadataPolicy | None = None) -> ClientMetadata:
    """The checked metadata of a registration document (a JSON object already decoded); raises
    `InvalidClientMetadata`. Unknown members are ignored (RFC 7591 §2); null is as good as absent
    (RFC 7592 §2.2)."""
    policy = policy or MetadataPolicy()
    if not isinstance(document, Mapping):
        raise InvalidClientMetadata("the document is not a JSON object")
    given = {name: value for name, value in document.items() if value is not None}
    faults: list[FieldFault] = []
    values: dict[str, Any] = {}
    for name, reader in _READERS.items():
        if name in given:
            _read_into(values, name, given[name], policy, faults, reader)
    localized = _localized(given, policy, faults)
    _refuse(faults)
    _complete(values, policy)
    metadata = ClientMetadata(**values, localized=localized)
    _refuse(faults_of(metadata, policy))
    return metadata


def to_json(metadata: ClientMetadata) -> dict[str, Any]:
    """The registered metadata as JSON: what is set, and the defaults that a client must know.
    `parse_client_metadata` reads it to the same value."""
    told: dict[str, Any] = {}
    for name in _READERS:
        value = getattr(metadata, name)
        # `default_max_age: 0` says something; a false flag says nothing.
        if name in _ALWAYS_TOLD or value or (name == "default_max_age" and value == 0):
            told[name] = list(value) if isinstance(value, tuple) else value
    told["token_endpoint_auth_method"] = metadata.token_endpoint_auth_method.value
    return told | dict(metadata.localized)


def stored_metadata(document: Mapping[str, Any]) -> ClientMetadata:
    """The value of a document that `to_json` wrote. It was checked when it was registered, and is
    not checked again: a policy that became stricter must not make a client unreadable."""
    values: dict[str, Any] = {
        name: tuple(document[name]) if isinstance(document[name], list) else document[name]
        for name in _READERS
        if name in document
    }
    values["token_endpoint_auth_method"] = AuthMethod(document["token_endpoint_auth_method"])
    localized = {name: value for name, value in document.items() if "#" in name}
    return ClientMetadata(**values, localized=localized)


def _read_into(
    values: dict[str, Any],
    name: str,
    value: object,
    policy: MetadataPolicy,
    faults: list[FieldFault],
    reader: read.Reader,
) -> None:
    try:
        values[name] = reader(value, policy)
    except Unacceptable as wrong:
        faults.append(FieldFault(name, wrong.code, wrong.public))


def _localized(
    given: Mapping[str, object], policy: MetadataPolicy, faults: list[FieldFault]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in given.items():
        base, mark, tag = name.partition("#")
        reader = _LANGUAGE_VARIANTS.get(base)
        if not mark or reader is None:
            continue
        if not _LANGUAGE_TAG.fullmatch(tag) or len(values) >= read.MAX_ITEMS:
            faults.append(FieldFault(base, "language_tag", "A language tag is malformed."))
            continue
        _read_into(values, name, value, policy, faults, reader)
    return values


def _complete(values: dict[str, Any], policy: MetadataPolicy) -> None:
    """Defaults that hang on other members."""
    grants = values.get("grant_types", (GrantType.AUTHORIZATION_CODE.value,))
    redirects = GrantType.AUTHORIZATION_CODE.value in grants
    values.setdefault("response_types", ("code",) if redirects else ())
    if GrantType.CIBA.value in grants:
        values.setdefault("backchannel_token_delivery_mode", "poll")
    for alg, enc in map(encryption_members, Encrypted):
        if values.get(alg):
            # OpenID Connect Registration §2, JARM §3, RFC 9701 §6: the default beside an alg
            values.setdefault(enc, "A128CBC-HS256")
    if policy.profile in FAPI2_PROFILES:
        values.setdefault("profile", policy.profile)
    # An explicit contradiction stays, is a fault, and is found by the rules.
    turned_on = defaults_of(
        values.get("profile", ""),
        answered=bool(values["response_types"]),
        certified=bool(values.get("tls_client_certificate_bound_access_tokens")),
    )
    for name, value in turned_on.items():
        values.setdefault(name, value)


def _refuse(faults: list[FieldFault]) -> None:
    if not faults:
        return
    detail = "; ".join(f"{fault.name}: {fault.code}" for fault in faults)
    at_redirect = any(fault.name == "redirect_uris" for fault in faults)
    kind = InvalidRedirectUri if at_redirect else InvalidClientMetadata
    raise kind(detail, faults=tuple(faults))

"""An authorization request as a value (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).

Two steps, because they fail in two ways. `read_return` finds where an answer may go: until that
is known an error is a page of ours and never a redirect. `read_request` checks the rest, and its
errors travel back to the client.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from portero.protocol.oauth import pkce
from portero.protocol.oauth.authorization_details import (
    Detail,
    read_authorization_details,
)
from portero.protocol.oauth.detail_types import AuthorizationDetailType
from portero.protocol.oauth.errors import (
    InvalidRequest,
    InvalidTarget,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from portero.protocol.oauth.metadata_model import ClientMetadata
from portero.protocol.oauth.metadata_policy import GrantType
from portero.protocol.oauth.parameters import Parameters, bounded, words
from portero.protocol.oauth.redirect_uris import matches
from portero.protocol.oauth.scopes import OPENID, known_scopes, read_scope
from portero_guard.jws import json_value

RESPONSE_MODES: Final = ("query", "form_post", "jwt", "query.jwt", "form_post.jwt")
_PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})
CREATE: Final = "create"  # Initiating User Registration via OpenID Connect 1.0
_CLAIMS_PLACES: Final = ("userinfo", "id_token")
_CLAIMS_LENGTH: Final = 8192
_NONCE_LENGTH: Final = 512
_STATE_LENGTH: Final = 4096
_JKT: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where and how the answer goes back. `state` is returned as it came, '' when none came."""

    client_id: str
    redirect_uri: str
    response_mode: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What this client may ask for: scopes, resources (RFC 8707), and the operator's types of
    `authorization_details` (RFC 9396). `default_scope` is for a request that names none."""

    scopes: Collection[str]
    default_scope: tuple[str, ...]
    resources: Collection[str]
    detail_types: Mapping[str, AuthorizationDetailType]
    prompts: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request that was checked. `max_age` is in seconds, None when not asked for. `subject` is
    the only person that it is about, '' for anybody (OpenID Connect Core §3.1.2.1, §5.5.1)."""

    back: ReturnAddress
    redirect_uri_was_sent: bool
    scope: tuple[str, ...]
    resources: tuple[str, ...] = ()
    nonce: str = ""
    code_challenge: str = ""
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    essential_acr: bool = False
    login_hint: str = ""
    id_token_hint: str = ""
    ui_locales: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    claims_scope: tuple[str, ...] = ()
    subject: str = ""
    details: tuple[Detail, ...] = ()
    dpop_jkt: str = ""

    @property
    def told_scope(self) -> tuple[str, ...]:
        """What the person is asked about: the scopes, and those (`claims_scope`) whose claims the
        claims parameter names beside them."""
        return tuple(dict.fromkeys((*self.scope, *self.claims_scope)))


class UnusableReturn(InvalidRequest):
    """The answer has nowhere to go: shown on a page of ours, never redirected (RFC 6749 §4.1.2.1,
    the open-redirector rule of RFC 9700 §4.11)."""


def read_return(parameters: Parameters, *, client_id: str, client: ClientMetadata) -> ReturnAddress:
    """Redirect URI and response mode; raises `UnusableReturn`."""
    try:
        given = parameters.get("redirect_uri")
        state = parameters.get("state") or ""
        mode = parameters.get("response_mode") or "query"
        openid = OPENID in (parameters.get("scope") or "").split(" ")
    except InvalidRequest as refusal:
        raise UnusableReturn(refusal.description) from refusal
    if given is None and (openid or client.keeps_fapi2 or len(client.redirect_uris) != 1):
        # OpenID Connect Core §3.1.2.1 and FAPI 2.0 §5.3.2.2 require it; RFC 6749 §3.1.2.3 where
        # there are several.
        raise UnusableReturn("redirect_uri is missing.")
    redirect_uri = given if given is not None else client.redirect_uris[0]
    if not any(matches(registered, redirect_uri) for registered in client.redirect_uris):
        raise UnusableReturn("redirect_uri is not registered for this client.")
    if mode not in RESPONSE_MODES:
        raise UnusableReturn("response_mode is not supported.")
    if client.signs_messages and not mode.endswith("jwt"):
        # FAPI 2.0 Message Signing §5.4: not even an error goes back unsigned.
        raise UnusableReturn("response_mode has to be jwt for this client.")
    if len(state) > _STATE_LENGTH:
        raise UnusableReturn("state is too long.")
    return ReturnAddress(client_id, redirect_uri, mode, state)


def read_request(
    parameters: Parameters,
    *,
    back: ReturnAddress,
    client: ClientMetadata,
    rules: Rules,
) -> AuthorizationRequest:
    """The whole request; raises an `OAuthRefusal` for the client."""
    _check_response_type(parameters, client)
    asked = read_scope(parameters.get("scope"))
    scope = known_scopes(asked, allowed=rules.scopes) if asked else rules.default_scope
    claims = read_claims(parameters.get("claims"))
    acr, essential = _acr_of(claims)
    return AuthorizationRequest(
        back=back,
        redirect_uri_was_sent="redirect_uri" in parameters,
        scope=scope,
        resources=read_resources(parameters.each("resource"), allowed=rules.resources),
        nonce=bounded(parameters, "nonce", _NONCE_LENGTH),
        code_challenge=pkce.checked_challenge(
            parameters.get("code_challenge"),
            parameters.get("code_challenge_method"),
            required=client.is_public or client.require_pkce or client.keeps_fapi2,
        ),
        prompt=_prompt(parameters, rules.prompts),
        max_age=_max_age(parameters, client),
        acr_values=acr or words(parameters, "acr_values") or client.default_acr_values,
        essential_acr=essential,
        login_hint=bounded(parameters, "login_hint", 320),
        id_token_hint=bounded(parameters, "id_token_hint", 16_384),
        ui_locales=words(parameters, "ui_locales"),
        claims=claims,
        subject=_subject_of(claims),
        details=read_authorization_details(
            parameters.get("authorization_details"),
            types=rules.detail_types,
            allowed=client.authorization_details_types,
        ),
        dpop_jkt=_dpop_jkt(parameters),
    )


def _check_response_type(parameters: Parameters, client: ClientMetadata) -> None:
    response_type = parameters.require("response_type")
    if response_type != "code":
        raise UnsupportedResponseType(response_type[:100])
    if GrantType.AUTHORIZATION_CODE not in client.grant_types:
        raise UnauthorizedClient("the client registered no authorization_code grant")


def read_resources(given: tuple[str, ...], *, allowed: Collection[str]) -> tuple[str, ...]:
    """RFC 8707 §2: each one known, by its very name. What is no URI is nobody's."""
    if not set(given) <= set(allowed):
        raise InvalidTarget("not a resource that this client may name")
    return tuple(dict.fromkeys(given))


def read_claims(text: str | None) -> Mapping[str, Any]:
    """The `claims` parameter (OpenID Connect Core §5.5): an object of objects."""
    if text is None:
        return {}
    if len(text) > _CLAIMS_LENGTH:
        raise InvalidRequest("claims is too long.")
    try:
        claims = json_value(text)
    except (ValueError, RecursionError):
        raise InvalidRequest("claims is not JSON.") from None
    if not isinstance(claims, dict):
        raise InvalidRequest("claims is not a JSON object.")
    for place in _CLAIMS_PLACES:
        asked = claims.get(place, {})
        if not isinstance(asked, dict) or not all(
            one is None or isinstance(one, dict) for one in asked.values()
        ):
            raise InvalidRequest(f"claims.{place} is malformed.")
    return {place: claims[place] for place in _CLAIMS_PLACES if claims.get(place)}


def _acr_of(claims: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """acr asked for as a claim of the ID token (§5.5.1.1), and whether it is essential."""
    asked = claims.get("id_token", {}).get("acr") or {}
    values = asked.get("values", [asked["value"]] if "value" in asked else [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidRequest("claims.id_token.acr is malformed.")
    return tuple(values), asked.get("essential") is True and bool(values)


def _subject_of(claims: Mapping[str, Any]) -> str:
    """`sub` asked for with a value: no success for anybody else (§5.5.1). '' for anybody's."""
    asked = [(claims.get(place, {}).get("sub") or {}).get("value") for place in _CLAIMS_PLACES]
    named = [subject for subject in asked if subject is not None]
    if not all(isinstance(subject, str) and subject for subject in named):
        raise InvalidRequest("claims asks for a sub that is no text.")
    if len(set(named)) > 1:
        raise InvalidRequest("claims asks for two people.")
    return named[0] if named else ""


def prompts(*, sign_up_open: bool) -> frozenset[str]:
    """What `prompt` may say here. Where nobody may make an account, nobody is promised that."""
    return _PROMPTS | {CREATE} if sign_up_open else _PROMPTS


def _prompt(parameters: Parameters, known: Collection[str]) -> frozenset[str]:
    prompt = frozenset(words(parameters, "prompt"))
    if not prompt <= set(known):
        raise InvalidRequest("prompt has an unknown value.")
    if "none" in prompt and len(prompt) > 1:
        raise InvalidRequest("prompt=none can not be combined.")
    return prompt


def _max_age(parameters: Parameters, client: ClientMetadata) -> int | None:
    text = parameters.get("max_age")
    if text is None:
        return client.default_max_age
    if re.fullmatch(r"[0-9]{1,9}", text) is None:
        raise InvalidRequest("max_age is not a number of seconds.")
    return int(text)


def _dpop_jkt(parameters: Parameters) -> str:
    jkt = parameters.get("dpop_jkt") or ""
    if jkt and _JKT.fullmatch(jkt) is None:
        raise InvalidRequest("dpop_jkt is malformed.")  # RFC 9449 §10
    return jkt

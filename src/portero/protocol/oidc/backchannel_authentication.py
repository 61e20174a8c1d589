"""A backchannel authentication request as a value (CIBA Core 1.0 §7.1): an application asks for a
person who is elsewhere, by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from portero.protocol.oauth.authorization_details import Detail, read_authorization_details
from portero.protocol.oauth.authorization_request import Rules, read_resources
from portero.protocol.oauth.errors import InvalidBindingMessage, InvalidRequest, InvalidScope
from portero.protocol.oauth.metadata_model import ClientMetadata
from portero.protocol.oauth.parameters import Parameters, bounded, words
from portero.protocol.oauth.scopes import OPENID, known_scopes, read_scope

# §7.1: short, so that it fits on the screens of both devices and can be compared there.
BINDING_MESSAGE_LENGTH: Final = 64
# seconds. Who wants an answer later than that asks again: a mail of this morning is no longer
# about what the application shows now.
LONGEST_LIFETIME: Final = 3600
_NOTIFICATION_TOKEN_LENGTH: Final = 1024  # §7.1
_B64TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1
_HINTS: Final = ("login_hint", "id_token_hint", "login_hint_token")
# Refused instead of ignored: the client that sends one counts on it.
_UNSUPPORTED: Final = ("request", "request_uri", "login_hint_token", "user_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackchannelRequest:
    """Of the two hints one is there, the other ''. `lifetime_seconds` is None where the client
    leaves it to us; `notification_token` is '' for a client that polls."""

    scope: tuple[str, ...]
    login_hint: str
    id_token_hint: str
    resources: tuple[str, ...]
    acr_values: tuple[str, ...]
    details: tuple[Detail, ...]
    binding_message: str
    notification_token: str
    lifetime_seconds: int | None


def read_backchannel_request(
    form: Parameters, *, client: ClientMetadata, rules: Rules
) -> BackchannelRequest:
    """The whole request; raises an `OAuthRefusal`."""
    _check_supported(form)
    scope = known_scopes(read_scope(form.require("scope")), allowed=rules.scopes)
    if OPENID not in scope:
        raise InvalidScope("openid is missing, or not this client's")
    return BackchannelRequest(
        scope=scope,
        login_hint=bounded(form, "login_hint", 320),
        id_token_hint=bounded(form, "id_token_hint", 16_384),
        resources=read_resources(form.each("resource"), allowed=rules.resources),
        acr_values=words(form, "acr_values"),
        details=read_authorization_details(
            form.get("authorization_details"),
            types=rules.detail_types,
            allowed=client.authorization_details_types,
        ),
        binding_message=_binding_message(form.get("binding_message")),
        notification_token=_notification_token(form, client),
        lifetime_seconds=_lifetime(form.get("requested_expiry")),
    )


def _check_supported(form: Parameters) -> None:
    for name in _UNSUPPORTED:
        if name in form:
            raise InvalidRequest(f"{name} is not supported here.")
    if sum(name in form for name in _HINTS) != 1:
        raise InvalidRequest("Send exactly one of login_hint and id_token_hint.")


def _binding_message(text: str | None) -> str:
    """Printable: a line break or an override of direction would let a client write on the page,
    and in the mail, what isn't its message."""
    if text is None:
        return ""
    if len(text) > BINDING_MESSAGE_LENGTH or not text.isprintable() or not text.strip():
        raise InvalidBindingMessage(f"more than {BINDING_MESSAGE_LENGTH}, or not printable")
    return text


def _notification_token(form: Parameters, client: ClientMetadata) -> str:
    if not client.is_rung_up:
        return ""
    token = form.require("client_notification_token")
    if len(token) > _NOTIFICATION_TOKEN_LENGTH or _B64TOKEN.fullmatch(token) is None:
        raise InvalidRequest("client_notification_token is malformed, or too long.")
    return token


def _lifetime(text: str | None) -> int | None:
    """As wished, and never longer than `LONGEST_LIFETIME`."""
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", text) is None or int(text) == 0:
        raise InvalidRequest("requested_expiry is not a positive number of seconds.")
    return min(int(text), LONGEST_LIFETIME)

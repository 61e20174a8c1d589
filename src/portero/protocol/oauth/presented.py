"""Which client a request says it comes from, and what it shows for it (RFC 6749 §2.3).

Nothing here is believed yet: the values are `unverified_...` until `core/provider/client_auth`
has compared them with the registration.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final
from urllib.parse import unquote_plus

from portero.kit.values import quick_value
from portero.protocol.oauth.client_assertion import ASSERTION_TYPE, unverified_subject
from portero.protocol.oauth.errors import InvalidClient, InvalidRequest
from portero.protocol.oauth.metadata_policy import AuthMethod
from portero.protocol.oauth.parameters import Parameters

Methods = frozenset[AuthMethod]

_BASIC: Final[Methods] = frozenset({AuthMethod.SECRET_BASIC})
_POST: Final[Methods] = frozenset({AuthMethod.SECRET_POST})
# Both kinds of assertion look alike. Which one it is follows from the registration, never from the
# token's `alg`: or a public key, which everybody knows, becomes an HMAC secret (RFC 8725 §2.1).
_ASSERTION: Final[Methods] = frozenset({AuthMethod.PRIVATE_KEY_JWT, AuthMethod.SECRET_JWT})
# What proves these is in the TLS handshake, or nothing does: the form has the name alone.
_NAME: Final[Methods] = frozenset({AuthMethod.NONE, AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS})


@quick_value
class Presented:
    """The methods that look like this, and the values."""

    methods: Methods
    unverified_client_id: str
    unverified_secret: str = ""
    unverified_assertion: str = ""


def presented(form: Parameters, authorization: tuple[str, ...]) -> Presented:
    """The one way in which the request authenticates its client.

    Raises `InvalidRequest` for two ways at once (RFC 6749 §2.3: at most one), and `InvalidClient`
    when no client is named at all.
    """
    client_id, secret = form.get("client_id"), form.get("client_secret")
    assertion = form.get("client_assertion")
    if assertion is not None or form.get("client_assertion_type") is not None:
        if authorization or secret is not None:
            raise InvalidRequest("The client authenticates in two ways.")
        return _by_assertion(form, assertion, client_id)
    if len(authorization) > 1:
        raise InvalidRequest("There are two Authorization headers.")
    if authorization:
        named, password = _basic(authorization[0])
        if secret is not None:
            raise InvalidRequest("The client authenticates in two ways.")
        if client_id is not None and client_id != named:
            raise InvalidRequest("client_id is not the client of the Authorization header.")
        return Presented(_BASIC, named, password)
    if client_id is None:
        raise InvalidClient("no client is named")
    if secret is not None:
        return Presented(_POST, client_id, secret)
    return Presented(_NAME, client_id)


def _by_assertion(form: Parameters, assertion: str | None, client_id: str | None) -> Presented:
    """RFC 7521 §4.2: client_id may be left out, and has to agree when it is there."""
    if form.get("client_assertion_type") != ASSERTION_TYPE or assertion is None:
        raise InvalidRequest("client_assertion and client_assertion_type do not fit together.")
    subject = unverified_subject(assertion)
    if client_id is not None and client_id != subject:
        raise InvalidClient("client_id is not the assertion's client")
    return Presented(_ASSERTION, subject, unverified_assertion=assertion)


def _basic(header: str) -> tuple[str, str]:
    """Id and secret of a Basic header. Both are form-encoded before they are joined (§2.3.1)."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient("the Authorization header is not Basic")
    try:
        decoded = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise InvalidClient("the Basic header is malformed") from None
    client_id, colon, secret = decoded.partition(":")
    if not colon or not client_id:
        raise InvalidClient("the Basic header is malformed")
    return unquote_plus(client_id), unquote_plus(secret)

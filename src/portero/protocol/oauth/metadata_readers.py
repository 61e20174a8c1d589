"""One member of a registration document at a time: is it of the JSON type and form it must have?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.metadata_policy import AuthMethod, MetadataPolicy
from portero.protocol.oauth.uris import parse_uri

Reader = Callable[[object, MetadataPolicy], object]

MAX_TEXT_LENGTH: Final = 1024  # characters
MAX_NAME_LENGTH: Final = 200  # characters; it has to fit on a consent page
MAX_ITEMS: Final = 100  # of a list
MAX_AGE_SECONDS: Final = 10 * 365 * 86_400

# RFC 6749 §3.3 scope-token
_SCOPE_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
# Overrides and isolates turn a text around on the consent page: "moc.elgoog" must not read so.
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def text(value: object, policy: MetadataPolicy) -> str:
    return _text(value, MAX_TEXT_LENGTH)


def auth_method(value: object, policy: MetadataPolicy) -> AuthMethod:
    read = _text(value, MAX_TEXT_LENGTH)
    if read not in policy.auth_methods:
        raise Unacceptable("unsupported", "This authentication method is not offered here.")
    return AuthMethod(read)


def name(value: object, policy: MetadataPolicy) -> str:
    """A name that people read."""
    read = _text(value, MAX_NAME_LENGTH)
    if _BIDI_CONTROLS & set(read):
        raise Unacceptable("text_malformed", "The name has characters that change its direction.")
    return read.strip()


def texts(value: object, policy: MetadataPolicy) -> tuple[str, ...]:
    """A list of non-empty texts, each once, in the order given."""
    if not isinstance(value, list | tuple):
        raise Unacceptable("not_an_array", "This must be an array of strings.")
    if len(value) > MAX_ITEMS:
        raise Unacceptable("too_many", "There are too many values.")
    read = [_text(item, 2 * MAX_TEXT_LENGTH) for item in value]
    if not all(read):
        raise Unacceptable("empty", "A value in the array is empty.")
    return tuple(dict.fromkeys(read))


def flag(value: object, policy: MetadataPolicy) -> bool:
    if not isinstance(value, bool):
        raise Unacceptable("not_a_boolean", "This must be true or false.")
    return value


def seconds(value: object, policy: MetadataPolicy) -> int:
    # A JSON true is an int to Python.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_AGE_SECONDS:
        raise Unacceptable("not_a_number", "This must be a whole number of seconds.")
    return value


def scope(value: object, policy: MetadataPolicy) -> str:
    tokens = _text(value, 4 * MAX_TEXT_LENGTH).split(" ")
    if not all(_SCOPE_TOKEN.fullmatch(token) for token in tokens if token):
        raise Unacceptable("scope_malformed", "This must be scope names, separated by spaces.")
    return " ".join(dict.fromkeys(token for token in tokens if token))


def response_types(value: object, policy: MetadataPolicy) -> tuple[str, ...]:
    """Each in its alphabetical spelling: `id_token code` is the same as `code id_token`
    (OAuth 2.0 Multiple Response Types §3)."""
    read = texts(value, policy)
    return tuple(dict.fromkeys(" ".join(sorted(set(each.split()))) for each in read))


def shown_uri(value: object, policy: MetadataPolicy) -> str:
    """A page or picture that people are pointed at. Nothing but http(s), or it is script in an
    `href` (CVE-2026-67333)."""
    read = _text(value, 2 * MAX_TEXT_LENGTH)
    if read and parse_uri(read).scheme not in {"https", "http"}:
        raise Unacceptable("uri_scheme", "This must be an https or http URL.")
    return read


def secure_uri(value: object, policy: MetadataPolicy) -> str:
    """Where Portero, or a browser on its behalf, goes: https; http on loopback only where Portero
    itself is there."""
    read = _text(value, 2 * MAX_TEXT_LENGTH)
    if read:
        _check_secure(read, policy, fragment=False)
    return read


def request_uris(value: object, policy: MetadataPolicy) -> tuple[str, ...]:
    """A fragment may carry the hash of the content (OpenID Connect Registration §2)."""
    read = texts(value, policy)
    for each in read:
        _check_secure(each, policy, fragment=True)
    return read


def resource(value: object, policy: MetadataPolicy) -> str:
    """RFC 8707 §2: an absolute URI without a fragment; it is a name and is never fetched."""
    read = _text(value, 2 * MAX_TEXT_LENGTH)
    if read and parse_uri(read).fragment is not None:
        raise Unacceptable("uri_fragment", "The URI must not have a fragment.")
    return read


def _check_secure(read: str, policy: MetadataPolicy, *, fragment: bool) -> None:
    uri = parse_uri(read)
    if uri.scheme != "https" and not (policy.local and uri.is_loopback_http):
        raise Unacceptable("uri_insecure", "This must be an https URL.")
    if uri.fragment is not None and not fragment:
        raise Unacceptable("uri_fragment", "The URI must not have a fragment.")


def _text(value: object, limit: int) -> str:
    if not isinstance(value, str):
        raise Unacceptable("not_a_string", "This must be a string.")
    if len(value) > limit:
        raise Unacceptable("too_long", "The text is too long.")
    # Cc: no line breaks into logs and mails, no NUL into PostgreSQL. Cs: half a character.
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in value):
        raise Unacceptable("text_malformed", "The text has control characters.")
    return value

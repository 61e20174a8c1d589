"""Rich authorization requests (RFC 9396): what a client asks for, finer than a scope.

Pure. The types are the operator's; each says which fields it has, and anything else is refused: a
person consents to what was understood, or to nothing (§5).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from portero.protocol.oauth.detail_types import AuthorizationDetailType, DetailField, FieldKind
from portero.protocol.oauth.errors import InvalidAuthorizationDetails
from portero_guard.jws import json_value

Detail = Mapping[str, Any]

# What a person can still read on a page of consent.
MAX_DETAILS: Final = 20
_MAX_TEXT_LENGTH: Final = 1024
_MAX_TEXTS: Final = 50
# characters; the whole parameter, which is kept with the request and put into tokens
_MAX_LENGTH: Final = 8192
# Beyond it two readers of JSON see two numbers (RFC 8259 §6).
_MAX_NUMBER: Final = 2**53 - 1


def read_authorization_details(
    text: str | None, *, types: Mapping[str, AuthorizationDetailType], allowed: Collection[str]
) -> tuple[Detail, ...]:
    """The details that are asked for, each once; raises `InvalidAuthorizationDetails`.

    `types` are the operator's, `allowed` the names that the client registered
    (`authorization_details_types`).
    """
    if text is None:
        return ()
    details = _json_list(text)
    if len(details) > MAX_DETAILS:
        raise InvalidAuthorizationDetails("There are too many authorization_details.")
    read: list[Detail] = []
    for detail in details:
        checked = _checked(detail, types, allowed)
        if not any(_is_same(checked, other) for other in read):
            read.append(checked)
    return tuple(read)


def narrowed(text: str | None, *, within: Sequence[Detail]) -> tuple[Detail, ...]:
    """What a token request asks for of the granted details (§6): all of them when it says nothing,
    a part, or `InvalidAuthorizationDetails`; nothing is ever added.

    A detail is a part of a granted one when it has the same fields with the same values, but for
    lists, which may be shorter. A field that is left out is no part: without it, it says more.
    """
    if text is None:
        return tuple(within)
    asked = _json_list(text)
    for detail in asked:
        if not isinstance(detail, dict) or not any(_is_part(detail, each) for each in within):
            raise InvalidAuthorizationDetails("More is asked for than was granted.")
    return tuple(asked)


def _json_list(text: str) -> list[Any]:
    if len(text) > _MAX_LENGTH:
        raise InvalidAuthorizationDetails("authorization_details is too long.")
    try:
        value = json_value(text)
    except (ValueError, RecursionError):
        raise InvalidAuthorizationDetails("authorization_details is not JSON.") from None
    if not isinstance(value, list):
        raise InvalidAuthorizationDetails("authorization_details is not a JSON array.")
    return value


def _checked(
    detail: object, types: Mapping[str, AuthorizationDetailType], allowed: Collection[str]
) -> Detail:
    if not isinstance(detail, dict) or not isinstance(detail.get("type"), str):
        raise InvalidAuthorizationDetails("Each of authorization_details is an object with a type.")
    known = types.get(detail["type"])
    if known is None or known.name not in allowed:
        # One text for both: which types there are is told in the metadata alone.
        raise InvalidAuthorizationDetails("A type of authorization_details is not this client's.")
    if not detail.keys() <= {"type", *known.fields}:
        raise InvalidAuthorizationDetails(f"{_place(known)} has an unknown field.")
    for name, rule in known.fields.items():
        if name not in detail:
            if rule.required:
                raise InvalidAuthorizationDetails(f"{_place(known)} lacks {name}.")
        elif not _fits(detail[name], rule):
            raise InvalidAuthorizationDetails(f"{name} of {_place(known)} is malformed.")
    return detail


def _place(known: AuthorizationDetailType) -> str:
    return f"The authorization detail {known.name}"


def _fits(value: object, rule: DetailField) -> bool:
    match rule.kind:
        case FieldKind.STRING:
            return _is_text(value, rule.values)
        case FieldKind.STRINGS:
            # An empty list may mean "none" to one reader and "all" to another.
            return (
                isinstance(value, list)
                and 0 < len(value) <= _MAX_TEXTS
                and all(_is_text(one, rule.values) for one in value)
            )
        case FieldKind.BOOLEAN:
            return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _MAX_NUMBER and math.isfinite(value)


def _is_text(value: object, values: tuple[str, ...]) -> bool:
    """Printable: a line break or an override of direction would let a client write on the page of
    consent what isn't asked for."""
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT_LENGTH:
        return False
    return value in values if values else value.isprintable()


def _is_same(one: Detail, other: Detail) -> bool:
    return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)


def _is_part(asked: Detail, granted: Detail) -> bool:
    return asked.keys() == granted.keys() and all(
        set(value) <= set(granted[name])
        if isinstance(value, list) and isinstance(granted[name], list)
        else _equal(value, granted[name])
        for name, value in asked.items()
    )


def _equal(one: object, other: object) -> bool:
    # In Python 1 == True, which are two values in JSON.
    return isinstance(one, bool) is isinstance(other, bool) and one == other

"""Rich authorization requests (RFC 9396): only what is understood is asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portero.protocol.oauth.authorization_details import (
    Detail,
    narrowed,
    read_authorization_details,
)
from portero.protocol.oauth.detail_types import AuthorizationDetailType, DetailField, FieldKind
from portero.protocol.oauth.errors import InvalidAuthorizationDetails

PAYMENT = AuthorizationDetailType(
    "payment",
    "Pay from your account",
    {
        "currency": DetailField(FieldKind.STRING, ("EUR", "USD"), required=True),
        "amount": DetailField(FieldKind.NUMBER, required=True),
        "creditor": DetailField(FieldKind.STRING),
        "instant": DetailField(FieldKind.BOOLEAN),
        "actions": DetailField(FieldKind.STRINGS, ("initiate", "status", "cancel")),
    },
)
SECRET = AuthorizationDetailType("internal", "Look inside")
TYPES = {one.name: one for one in (PAYMENT, SECRET)}
GOOD: dict[str, Any] = {"type": "payment", "currency": "EUR", "amount": 12.5}


def read(details: object, allowed: tuple[str, ...] = ("payment",)) -> tuple[Detail, ...]:
    text = details if isinstance(details, str) else json.dumps(details)
    return read_authorization_details(text, types=TYPES, allowed=allowed)


def refused(details: object, **how: Any) -> str:
    with pytest.raises(InvalidAuthorizationDetails) as refusal:
        read(details, **how)
    description = refusal.value.description
    # RFC 6749 §5.2: neither quotes nor backslashes nor what is not ASCII
    assert description.isascii()
    assert not set('"\\') & set(description)
    return description


def test_what_was_declared_is_read() -> None:
    """Every kind of field, and nothing changed about it."""
    whole = {**GOOD, "creditor": "Ana", "instant": True, "actions": ["initiate", "status"]}
    assert read([whole]) == (whole,)
    assert read_authorization_details(None, types=TYPES, allowed=()) == ()


def test_one_asked_twice_is_asked_once() -> None:
    """A page of consent that repeats itself is not read."""
    assert read([GOOD, dict(reversed(GOOD.items()))]) == (GOOD,)


BAD: dict[str, object] = {
    "no JSON": "[",
    "no list": GOOD,
    "a text in the list": ["payment"],
    "no type": [{"currency": "EUR"}],
    "a type that is no text": [{**GOOD, "type": ["payment"]}],
    "an unknown type": [{"type": "nuclear"}],
    "a type that the client did not register": [{"type": "internal"}],
    "an unknown field": [{**GOOD, "overdraft": True}],
    "a missing field": [{"type": "payment", "currency": "EUR"}],
    "a value that is not offered": [{**GOOD, "currency": "XAU"}],
    "a number as text": [{**GOOD, "amount": "12.5"}],
    "a boolean as number": [{**GOOD, "amount": True}],
    "a number as boolean": [{**GOOD, "instant": 1}],
    "null": [{**GOOD, "creditor": None}],
    "an empty text": [{**GOOD, "creditor": ""}],
    "an object as text": [{**GOOD, "creditor": {"name": "Ana"}}],
    "a text as list": [{**GOOD, "actions": "initiate"}],
    "an empty list": [{**GOOD, "actions": []}],
    "a list with an unknown value": [{**GOOD, "actions": ["initiate", "all"]}],
    "a list in a list": [{**GOOD, "actions": [["initiate"]]}],
    "infinity by name": '[{"type":"payment","currency":"EUR","amount":Infinity}]',
    "infinity by size": '[{"type":"payment","currency":"EUR","amount":1e999}]',
    "not a number": '[{"type":"payment","currency":"EUR","amount":NaN}]',
    "a number that parsers round": [{**GOOD, "amount": 2**60}],
    "an amount twice": '[{"type":"payment","currency":"EUR","amount":1,"amount":9999}]',
    "a type twice": '[{"type":"payment","type":"internal","currency":"EUR","amount":1}]',
    "a line break for the page of consent": [{**GOOD, "creditor": "Ana\n\nAmount: 0"}],
    "text that runs backwards": [{**GOOD, "creditor": "\u202e.rM"}],
    "a NUL": [{**GOOD, "creditor": "a\x00"}],
    "half a surrogate pair": [{**GOOD, "creditor": "\ud800"}],
    "a long text": [{**GOOD, "creditor": "a" * 1025}],
    "many": [{**GOOD, "amount": n} for n in range(21)],
    "very long": "[" + " " * 9000 + "]",
    "very deep": "[" * 8000,
}


@pytest.mark.parametrize("what", BAD)
def test_anything_else_is_refused_whole(what: str) -> None:
    """RFC 9396 §5: unknown, missing, or of the wrong kind: nothing of it is granted."""
    assert refused(BAD[what])


def test_a_good_detail_does_not_carry_a_bad_one_through() -> None:
    """All or nothing."""
    assert refused([GOOD, {**GOOD, "overdraft": True}])


def test_whether_a_type_exists_is_not_told_to_clients_without_it() -> None:
    """The same text for an unknown type and another's."""
    assert refused([{"type": "internal"}]) == refused([{"type": "nothing"}])


def test_a_part_may_be_asked_for() -> None:
    """RFC 9396 §6: one detail of two, or fewer actions."""
    granted = read([{**GOOD, "actions": ["initiate", "status"]}, {**GOOD, "amount": 3}])
    for part in ({**GOOD, "actions": ["status"]}, {**GOOD, "amount": 3}):
        assert narrowed(json.dumps([part]), within=granted) == (part,)
    assert narrowed("[]", within=granted) == ()
    assert narrowed(None, within=granted) == tuple(granted)


@pytest.mark.parametrize(
    "more",
    [
        {**GOOD, "amount": 9999, "actions": ["initiate"]},
        {**GOOD, "actions": ["initiate", "cancel"]},
        # without its actions it would be good for all of them
        GOOD,
        {**GOOD, "actions": ["initiate"], "creditor": "Eve"},
        {**GOOD, "actions": ["initiate"], "instant": True},
    ],
)
def test_more_than_was_granted_is_refused(more: Detail) -> None:
    """Each way of widening: another value, another action, a field less, a field more."""
    granted = read([{**GOOD, "actions": ["initiate"]}])
    with pytest.raises(InvalidAuthorizationDetails):
        narrowed(json.dumps([more]), within=granted)


def test_true_is_not_one() -> None:
    """Python says 1 == True; JSON does not."""
    with pytest.raises(InvalidAuthorizationDetails):
        narrowed('[{"type": "x", "a": true}]', within=({"type": "x", "a": 1},))
    assert narrowed('[{"type": "x", "a": 1.0}]', within=({"type": "x", "a": 1},))

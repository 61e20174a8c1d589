"""What a profile may say, field by field."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from portero.core.accounts.model import Account, AccountState
from portero.core.accounts.profile import (
    AttributeKind,
    AttributeRule,
    InvalidProfile,
    accepted_profile,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANA = Account(
    id="1", username="Ana", username_key="ana", state=AccountState.ACTIVE, created_at=NOW,
    updated_at=NOW, phone="+34911234567", phone_verified=True,
    attributes={"note": "old", "level": 3, "gone": "declared no more"},
)  # fmt: skip
SCHEMA = {
    "note": AttributeRule(kind=AttributeKind.STRING, max_length=10),
    "team": AttributeRule(kind=AttributeKind.ENUM, values=("red", "blue"), required=True),
    "level": AttributeRule(kind=AttributeKind.INTEGER, owner_editable=False, required=True),
    "news": AttributeRule(kind=AttributeKind.BOOLEAN),
}


def accepted(patch: dict[str, object], *, by_owner: bool = True) -> dict[str, object]:
    return accepted_profile(patch, account=ANA, schema=SCHEMA, by_owner=by_owner)


def faults(patch: dict[str, object], *, by_owner: bool = True) -> list[tuple[str, str]]:
    with pytest.raises(InvalidProfile) as refused:
        accepted(patch, by_owner=by_owner)
    return [(fault.name, fault.code) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("field", "written", "kept"),
    [
        ("display_name", "  Ana Mari\u0301a ", "Ana María"),
        ("display_name", "می\u200cخواهم", "می\u200cخواهم"),  # Persian needs its ZWNJ
        ("display_name", None, ""),
        ("locale", "pt-br", "pt-BR"),
        ("locale", "zh-hant-tw", "zh-Hant-TW"),
        ("locale", "es-419", "es-419"),
        ("zoneinfo", "Europe/Madrid", "Europe/Madrid"),
        ("zoneinfo", "UTC", "UTC"),
        ("picture", "https://img.example.org/a.png?x=1", "https://img.example.org/a.png?x=1"),
        ("picture", "", ""),
    ],
)
def test_a_good_value_is_kept_in_its_usual_spelling(field: str, written: object, kept: str) -> None:
    """And nothing else is set."""
    assert accepted({field: written}) == {field: kept}


def test_a_new_phone_number_is_unverified_again() -> None:
    """Otherwise a proven number could be exchanged for one that nobody proved."""
    changed = accepted({"phone": "+34 91 765 43 21"})
    assert changed == {"phone": "+34917654321", "phone_verified": False}
    assert accepted({"phone": "+34 911 23 45 67"}) == {"phone": "+34911234567"}
    assert accepted({"phone": None}) == {"phone": "", "phone_verified": False}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("display_name", "x" * 201, "too_long"),
        ("display_name", "Ana\r\nBcc: x", "has_hidden_characters"),
        ("display_name", "Ana\u202etxt", "has_hidden_characters"),
        ("display_name", ["Ana"], "not_text"),
        ("locale", "xx-YY", "not_a_locale"),
        ("locale", "../../etc/passwd", "not_a_locale"),
        ("locale", "en_US", "not_a_locale"),
        ("locale", "en-" * 20 + "US", "not_a_locale"),
        ("zoneinfo", "Mars/Olympus", "not_a_time_zone"),
        ("zoneinfo", "../../etc/passwd", "not_a_time_zone"),
        ("phone", "911234567", "not_a_phone_number"),
        ("phone", "+1", "not_a_phone_number"),
        ("phone", "+34911234567;ext=9", "not_a_phone_number"),
        ("phone", "+1800FLOWERS", "not_a_phone_number"),
        ("phone", "+" + "1" * 40, "not_a_phone_number"),
        ("picture", "http://img.example.org/a.png", "not_a_picture_url"),
        ("picture", "javascript:alert(1)", "not_a_picture_url"),
        ("picture", "data:image/png;base64,AA", "not_a_picture_url"),
        ("picture", "https://u:p@img.example.org/", "not_a_picture_url"),
        ("picture", "https:///a.png", "not_a_picture_url"),
        ("picture", "https://a.org\\@b.org/", "not_a_picture_url"),
        ("picture", "https://a.org/\na", "not_a_picture_url"),
        ("picture", "https://[::1/a", "not_a_picture_url"),
        ("picture", "https://0x7f.1/a", "not_a_picture_url"),
        ("picture", "https://a.org/%00", "not_a_picture_url"),
        ("picture", "https://a.org/../a", "not_a_picture_url"),
        ("picture", "https://a.org/" + "x" * 2048, "not_a_picture_url"),
    ],
)
def test_a_bad_value_is_a_fault_of_its_field(field: str, value: object, code: str) -> None:
    """With a code that says why."""
    assert faults({field: value}) == [(field, code)]


@pytest.mark.parametrize(
    "key",
    ["id", "state", "username", "username_key", "email", "email_key", "email_verified",
     "phone_verified", "created_at", "is_admin", "__class__"],
)  # fmt: skip
def test_nothing_is_assigned_in_passing(key: str) -> None:
    """Mass assignment (CWE-915): a key that is no field of a profile refuses the whole patch."""
    assert faults({"display_name": "Ana", key: True}) == [(key, "unknown")]


def test_every_bad_field_is_named_at_once() -> None:
    """A form shows all that is wrong, not one thing after the other."""
    patch: dict[str, object] = {
        "display_name": 3,
        "phone": "1",
        "attributes": {"team": "green", "colour": "red"},
    }
    assert faults(patch) == [
        ("display_name", "not_text"),
        ("phone", "not_a_phone_number"),
        ("attributes.team", "not_a_choice"),
        ("attributes.colour", "unknown"),
    ]


def test_attributes_are_merged_into_those_of_the_account() -> None:
    """Named ones change, null takes away, the others stay (RFC 7396 §2)."""
    patch: dict[str, object] = {"attributes": {"note": None, "team": "red", "news": False}}
    merged = {"level": 3, "gone": "declared no more", "team": "red", "news": False}
    assert accepted(patch) == {"attributes": merged}
    assert ANA.attributes["note"] == "old"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("note", "x" * 11, "too_long"),
        ("note", "a\x00", "has_hidden_characters"),
        ("note", 5, "not_text"),
        ("team", None, "required"),
        ("team", "green", "not_a_choice"),
        ("team", 1, "not_a_choice"),
        ("news", 1, "not_a_boolean"),
        ("news", "true", "not_a_boolean"),
        ("level", True, "not_an_integer"),
        ("level", 2**53, "not_an_integer"),
        ("level", 1.0, "not_an_integer"),
        ("colour", "red", "unknown"),
    ],
)
def test_an_attribute_is_held_to_its_declaration(name: str, value: object, code: str) -> None:
    """Kind, length, choice and presence."""
    assert faults({"attributes": {name: value}}, by_owner=False) == [(f"attributes.{name}", code)]


def test_attributes_are_an_object() -> None:
    """A list is none."""
    assert faults({"attributes": [1]}) == [("attributes", "not_an_object")]


def test_an_owner_changes_only_what_is_the_owners() -> None:
    """An operator may; the owner may not, not even by clearing all."""
    assert faults({"attributes": {"level": 9}}) == [("attributes.level", "not_editable")]
    changed = accepted({"attributes": {"level": 9}}, by_owner=False)
    assert changed["attributes"] == {**ANA.attributes, "level": 9}
    cleared = accepted({"attributes": None})
    assert cleared["attributes"] == {"level": 3, "gone": "declared no more"}


def test_a_new_account_has_its_required_attributes() -> None:
    """Those that its owner may set; the others are for an operator to fill in."""
    with pytest.raises(InvalidProfile) as refused:
        accepted_profile({}, account=None, schema=SCHEMA, by_owner=True)
    assert [(f.name, f.code) for f in refused.value.faults] == [("attributes.team", "required")]
    with pytest.raises(InvalidProfile) as refused:
        accepted_profile({}, account=None, schema=SCHEMA, by_owner=False)
    assert len(refused.value.faults) == 2
    patch = {"attributes": {"team": "red"}}
    created = accepted_profile(patch, account=None, schema=SCHEMA, by_owner=True)
    assert created == {"attributes": {"team": "red"}}


def test_an_old_account_without_a_required_attribute_can_still_change() -> None:
    """Declaring one later must not lock everybody's profile."""
    assert accepted({"display_name": "Ana"}) == {"display_name": "Ana"}


def test_the_heavy_libraries_wait_until_they_are_needed() -> None:
    """Settings import these rules at every start."""
    program = (
        "import sys, portero.core.accounts.profile, portero.core.accounts.names\n"
        "print(sorted({'babel', 'phonenumbers', 'email_validator'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"

"""The `[authorization_details]` table: read into types, or the start is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero.protocol.oauth.detail_types import FieldKind
from portero.settings import SettingsError, load

GOOD = """
[authorization_details.payment]
label = "Pay from your account"
[authorization_details.payment.fields.currency]
values = ["EUR", "USD"]
required = true
[authorization_details.payment.fields.actions]
type = "strings"
[authorization_details."https://bank.example/accounts"]
label = "See your accounts"
"""
HEAD = '[authorization_details.a]\nlabel = "A"\n'


def test_declared_types_are_read(tmp_path: Path) -> None:
    """Names, the sentence for people, and every field's rule."""
    (tmp_path / "portero.toml").write_text(GOOD)
    types = load({}, cwd=tmp_path).authorization_details
    assert list(types) == ["payment", "https://bank.example/accounts"]
    payment = types["payment"]
    assert (payment.name, payment.label) == ("payment", "Pay from your account")
    currency = payment.fields["currency"]
    assert (currency.kind, currency.values, currency.required) == (
        FieldKind.STRING,
        ("EUR", "USD"),
        True,
    )
    assert payment.fields["actions"].kind is FieldKind.STRINGS


def test_without_the_table_there_are_no_types(tmp_path: Path) -> None:
    """Nothing is offered that nobody declared."""
    assert load({}, cwd=tmp_path).authorization_details == {}


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("authorization_details = 3", "must be a table"),
        ('[authorization_details."a b"]\nlabel = "A"', "must be named"),
        ("[authorization_details.a]", "label must be"),
        ('[authorization_details.a]\nlabel = ""', "label must be"),
        (HEAD + "colour = 1", "must be a table of fields, label"),
        (HEAD + "fields = 1", "fields must be a table"),
        (HEAD + "[authorization_details.a.fields.type]", "not type"),
        (HEAD + '[authorization_details.a.fields."x\\""]', "must be named"),
        (HEAD + "[authorization_details.a.fields.x]\nmax = 1", "must be a table of"),
        (HEAD + '[authorization_details.a.fields.x]\ntype = "object"', "type must be one of"),
        (HEAD + '[authorization_details.a.fields.x]\ntype = ["a"]', "type must be one of"),
        (HEAD + "[authorization_details.a.fields.x]\nvalues = [1]", "must be a list of texts"),
        (
            HEAD + '[authorization_details.a.fields.x]\ntype = "number"\nvalues = ["a"]',
            "belongs to the types string and strings",
        ),
        (HEAD + "[authorization_details.a.fields.x]\nrequired = 1", "must be true or false"),
    ],
)
def test_a_senseless_type_stops(tmp_path: Path, table: str, sentence: str) -> None:
    """Each mistake has its own sentence."""
    (tmp_path / "portero.toml").write_text(table + "\n")
    with pytest.raises(SettingsError, match=sentence):
        load({}, cwd=tmp_path)

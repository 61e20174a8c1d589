"""The `[scopes]` table: read into scopes, or the start is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero.settings import SettingsError, load

GOOD = """
[attributes.department]
type = "string"
[scopes."reports:read"]
sentence = "Read your reports"
sentences = { de = "Ihre Berichte lesen", pt-BR = "Ler os seus relatórios" }
claims = ["department", "email"]
[scopes.profile]
sentence = "See who you are at work"
"""
HEAD = '[scopes.a]\nsentence = "A"\n'


def test_declared_scopes_are_read(tmp_path: Path) -> None:
    """Name, sentences, claims; nobody may ask for it who is not registered for it."""
    (tmp_path / "portero.toml").write_text(GOOD, "utf-8")
    scope = load({}, cwd=tmp_path).scopes["reports:read"]
    assert (scope.name, scope.public) == ("reports:read", "Read your reports")
    assert scope.sentences["de"] == "Ihre Berichte lesen"
    assert (scope.claims, scope.for_all) == (("department", "email"), False)


def test_a_standard_scope_with_a_new_sentence_stays_open_to_all(tmp_path: Path) -> None:
    """Other words are no other rule."""
    (tmp_path / "portero.toml").write_text(GOOD, "utf-8")
    assert load({}, cwd=tmp_path).scopes["profile"].for_all is True


def test_without_the_table_there_are_no_scopes_of_ones_own(tmp_path: Path) -> None:
    """The standard ones are built in."""
    assert load({}, cwd=tmp_path).scopes == {}


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("scopes = 3", "must be a table"),
        ('[scopes."a b"]\nsentence = "A"', "must be named"),
        ('[scopes."a\\"b"]\nsentence = \'A\'', "must be named"),
        ("[scopes.a]", "sentence must be"),
        ('[scopes.a]\nsentence = ""', "sentence must be"),
        (HEAD + "colour = 1", "must be a table of"),
        (HEAD + "sentences = 1", "must be a table of sentences"),
        (HEAD + 'sentences = { German = "A" }', "must be a language tag"),
        (HEAD + 'sentences = { de = "" }', "must be the sentence"),
        (HEAD + "claims = 1", "must be a list of texts"),
        (HEAD + 'claims = ["nothing"]', "no declared attribute"),
        (HEAD + "for_all = 1", "must be true or false"),
    ],
)
def test_a_senseless_scope_stops(tmp_path: Path, table: str, sentence: str) -> None:
    """Each mistake has its own sentence."""
    (tmp_path / "portero.toml").write_text(table + "\n")
    with pytest.raises(SettingsError, match=sentence):
        load({}, cwd=tmp_path)


@pytest.mark.parametrize(
    "name", ["sub", "iss", "aud", "exp", "acr", "amr", "auth_time", "sid", "cnf", "nonce", "scope",
             "email", "email_verified", "phone_number_verified", "preferred_username"]
)  # fmt: skip
def test_cve_2024_29892_no_attribute_takes_the_place_of_a_claim(tmp_path: Path, name: str) -> None:
    """Zitadel. Attack: an attribute that people edit themselves, told to applications as whom they
    are, how they signed in, or that an address is proven."""
    (tmp_path / "portero.toml").write_text(
        f'[attributes.{name}]\ntype = "string"\n' + HEAD + f'claims = ["{name}"]\n'
    )
    with pytest.raises(SettingsError, match="is the name of a claim"):
        load({}, cwd=tmp_path)

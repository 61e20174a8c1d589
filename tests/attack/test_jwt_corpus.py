"""The corpus of odd JWTs at every input of the server that takes one (tests/attack/jwt/places.py).

Each group has a test with the number of the advisory that it guards against; each test tries all
its cases at one input and asks for the exact refusal of each.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guard.tests.jwt_corpus.corpus import CORPUS, HARMLESS
from guard.tests.jwt_corpus.table import Place, surprises
from tests.attack.jwt.places import KINDS, PLACES
from tests.attack.jwt.stage import Stage, settings
from tests.support.database import new_sqlite
from tests.support.house import homes


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with homes(new_sqlite(folder), folder) as make:
        yield Stage(make(**settings(folder)))


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest, stage: Stage) -> Place:
    name: str = request.param
    return PLACES[name](stage)


def refused(place: Place, *groups: str) -> None:
    for name in groups:
        assert surprises(place, name, CORPUS[name]) == []


def test_what_is_only_odd_is_taken(place: Place) -> None:
    """So what the other tests see refused is refused for its oddity, not for how it was made."""
    assert surprises(place, "harmless", HARMLESS, harmless=True) == []


def test_cve_2015_9235_a_jwt_that_nobody_signed(place: Place) -> None:
    """`alg` none in each spelling, with whatever stands in the place of the signature."""
    refused(place, "unsigned")


def test_an_algorithm_that_is_none_of_ours(place: Place) -> None:
    """RFC 8725 §3.1: missing, of another type, unknown, or not the one that was used."""
    refused(place, "alg")


def test_cve_2022_29217_a_public_key_is_no_secret(place: Place) -> None:
    """CVE-2024-37568, CVE-2024-33663, CVE-2021-46743: HS256 with the key that everybody can read,
    in each spelling and under its own name; with nothing, and with a word."""
    refused(place, "public key as a secret")


def test_another_key_does_not_sign_for_this_one(place: Place) -> None:
    """Of a stranger, of another kind, too short; or the right one by another algorithm."""
    refused(place, "another key", "spare key")


def test_cve_2018_0114_a_jwt_brings_no_key(place: Place) -> None:
    """jwk, jku, x5u and x5c of whoever signed it."""
    refused(place, "key in the header")


def test_cve_2022_21449_a_signature_of_zeros(place: Place) -> None:
    """Psychic signatures: r and s of 0, 1 or n, and zeros of any length."""
    refused(place, "psychic signature")


def test_a_signature_that_was_changed(place: Place) -> None:
    """Empty, cut, longer, doubled, of another token, in DER."""
    refused(place, "signature")


def test_a_kid_is_a_name_and_no_path_or_statement(place: Place) -> None:
    """Paths, SQL, commands, templates, NUL; missing, unknown, twice."""
    refused(place, "kid")


def test_cve_2026_32597_critical_extensions(place: Place) -> None:
    """CVE-2025-59420: we have none, so none may be critical; b64 least of all (RFC 7797)."""
    refused(place, "crit")


def test_a_jwt_of_another_type(place: Place) -> None:
    """RFC 8725 §3.11."""
    refused(place, "typ")


def test_one_jwt_has_one_spelling(place: Place) -> None:
    """Padding, white space, stray bits, other alphabets, more parts and fewer."""
    refused(place, "spelling")


def test_json_that_parsers_read_differently(place: Place) -> None:
    """Members twice, NaN, other encodings, text behind it, brackets without end."""
    refused(place, "json", "twice")


def test_cve_2023_51774_an_encrypted_jwt_is_no_signed_one(place: Place) -> None:
    """Nor is a JWT within a JWT, or a JWS in one of its JSON forms."""
    refused(place, "no signed JWT")


def test_cve_2025_30204_a_large_one_costs_nothing(place: Place) -> None:
    """Nine thousand dots, letters or parts."""
    refused(place, "large")


def test_cve_2026_45069_a_claim_that_is_missing(place: Place) -> None:
    """Left out, null or empty."""
    refused(place, "missing")


def test_cve_2026_75509_a_list_that_holds_the_right_name(place: Place) -> None:
    """As iss, sub, jti or client_id; and values of other types."""
    refused(place, "list", "iss", "sub", "client_id", "jti")


def test_a_name_that_is_nearly_the_right_one(place: Place) -> None:
    """Longer, shorter, in other letters, in look-alikes, with what no database takes."""
    refused(place, "another iss", "another sub", "another client_id")


def test_a_jwt_for_somebody_else(place: Place) -> None:
    """Another audience, several, parts of one, and what is none."""
    refused(place, "aud")


def test_dates_that_compare_oddly(place: Place) -> None:
    """Texts, booleans, NaN, infinity, negative ones, and ends that never come."""
    refused(place, "time", "other time")


def test_each_exception_is_of_a_case(place: Place) -> None:
    """An exception for a case that was renamed would hide nothing and say something."""
    assert place.idle_exceptions(CORPUS) == []


@pytest.mark.parametrize("shown", KINDS)
def test_a_good_jwt_of_one_kind_is_no_good_where_another_is_taken(stage: Stage, shown: str) -> None:
    """RFC 8725 §3.12: the same server, client and key, and made for something else."""
    token_of = PLACES[KINDS[shown]](stage).good
    for kind in KINDS.keys() - {shown}:
        place = PLACES[KINDS[kind]](stage)
        told = place.show(token_of.token())
        assert told in {place.refused, place.otherwise.get("iss")}, (kind, told)

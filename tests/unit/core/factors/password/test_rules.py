"""What a new password must be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portero.core.factors.password import rules, tracks
from portero.core.factors.password.model import CharacterClass, PasswordPolicy, StoredPassword

POLICY = PasswordPolicy()
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def codes(text: str, *, second_factor: bool = False, policy: PasswordPolicy = POLICY) -> list[str]:
    found = rules.length_faults(text, policy, second_factor=second_factor, field="password")
    return [fault.code for fault in found]


def strength(text: str, *words: str) -> list[str]:
    return [f.code for f in rules.strength_faults(text, words, POLICY, field="password")]


def context(text: str, *about: str) -> list[str]:
    words = rules.context_words(about, POLICY)
    return [f.code for f in rules.context_faults(text, words, field="password")]


@pytest.mark.parametrize(
    ("length", "expected"), [(14, ["too_short"]), (15, []), (256, []), (257, ["too_long"])]
)
def test_length_is_15_to_256(length: int, expected: list[str]) -> None:
    """The bounds themselves are allowed, their neighbours outside are not."""
    assert codes("x" * length) == expected


@pytest.mark.parametrize(("length", "expected"), [(7, ["too_short"]), (8, [])])
def test_eight_are_enough_beside_a_second_factor(length: int, expected: list[str]) -> None:
    """NIST SP 800-63B-4 §3.1.1.2: 8 where the password is one of two factors."""
    assert codes("x" * length, second_factor=True) == expected


def test_a_second_factor_never_asks_for_more() -> None:
    """An operator who lowers the minimum lowers it for everybody."""
    assert codes("x" * 6, second_factor=True, policy=PasswordPolicy(min_length=6)) == []


def test_length_counts_code_points_not_bytes() -> None:
    """15 letters of any script are 15."""
    assert codes("ж" * 15) == []
    assert codes("🦊" * 15) == []


def test_normalisation_is_nfc_and_keeps_case_and_spaces() -> None:
    """Two spellings of one letter are one password; case and spaces belong to the person."""
    assert rules.normalised("e\u0301 A ") == "\u00e9 A "


@pytest.mark.parametrize("text", ["password", "PASSWORD", "iloveyou", "qwertyuiop"])
def test_a_password_that_a_dictionary_holds_whole_is_common(text: str) -> None:
    """In any case of its letters."""
    assert strength(text) == ["common"]


@pytest.mark.parametrize(
    "text",
    [
        "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb", "zaq12wsxcde34rfv", "1a2b3c4d5e6f7g8h",
        "qwertyuiopasdfghjklzxcvbnm", "poiuytrewqlkjhgfdsa", "112233445566778899",
        "1029384756102938", "qwertzuiopasdfghjkl", "azertyuiopqsdfghjklm",
        "youaremysunshine", "thequickbrownfox", "The quick brown fox jumps over the lazy dog",
        "Correct-Horse-Battery-Staple!", "ILoveYouForever2026", "mypasswordispassword1",
    ],
)  # fmt: skip
def test_long_ones_that_many_have_are_common(text: str) -> None:
    """ASVS 6.2.4: of 15 characters and more, which no dictionary of zxcvbn holds whole."""
    assert strength(text) == ["common"]


def test_there_are_more_than_three_thousand_long_ones() -> None:
    """ASVS 6.2.4 wants the 3000 most used ones that the policy would let through: of 15 to 17
    characters, the pieces of ways over a keyboard alone are more."""
    ways = tracks._tracks()
    pieces = {
        way[at : at + length]
        for way in ways
        for length in (15, 16, 17)
        for at in range(len(way) - length + 1)
    }
    assert len(pieces) > 3000
    assert {piece for piece in pieces if strength(piece) != ["common"]} == set()


@pytest.mark.parametrize(
    "text", ["six quiet otters at noon", "the quick grey otter", "1q2w purple teapots 9o0p"]
)
def test_what_only_begins_alike_is_ones_own(text: str) -> None:
    """A sentence of one's own may begin as a known one does."""
    assert strength(text) == []


@pytest.mark.parametrize("text", ["aaaaaaaaaaaaaaaa", "passwordpassword", "p4ssw0rd"])
def test_what_is_only_easy_to_guess_is_not_called_common(text: str) -> None:
    """The code says which of the two it is."""
    assert strength(text) == ["guessable"]


def test_a_sentence_is_strong_enough() -> None:
    """What the hint recommends is accepted."""
    assert strength("seven green teapots sang") == []


def test_a_very_long_password_is_judged_by_its_first_hundred() -> None:
    """And quickly: zxcvbn's time grows faster than its input."""
    assert strength("a" * 100 + "seven green teapots sang") == ["guessable"]


@pytest.mark.parametrize(
    "text", ["alice-portero-2026", "AliceAliceAlice1", "alice@example.org", "example.org.....!"]
)
def test_names_alone_make_no_password(text: str) -> None:
    """Name, address, domain and product, repeated or decorated, leave too little."""
    assert context(text, "alice", "alice@example.org") == ["contains_context"]


def test_a_name_inside_a_sentence_is_fine() -> None:
    """NIST compares the entire password, not its parts."""
    assert context("alice met two walruses", "alice") == []


def test_a_short_password_without_names_is_not_a_context_fault() -> None:
    """What is wrong with it is said by other rules."""
    assert context("x1", "alice") == []


def test_composition_is_off_unless_set() -> None:
    """NIST SP 800-63B-4 §3.1.1.2 forbids imposing it."""
    assert rules.composition_faults("x", POLICY, field="password") == []


def test_composition_names_what_is_missing() -> None:
    """For operators who must have the rule."""
    policy = PasswordPolicy(composition=frozenset(CharacterClass))
    (fault,) = rules.composition_faults("abc1", policy, field="new_password")
    assert (fault.name, fault.code) == ("new_password", "composition")
    assert fault.values == {"missing": "symbol,upper"}


@pytest.mark.parametrize(("days", "expected"), [(0, False), (31, False), (30, True), (29, True)])
def test_rotation_begins_at_its_age(days: int, expected: bool) -> None:
    """A password of 30 days is old at 30 and not at 31; 0 is never."""
    stored = StoredPassword("a", "x", "x", NOW - timedelta(days=30), NOW)
    assert rules.is_expired(stored, PasswordPolicy(max_age_days=days), NOW) is expected


def test_lone_surrogates_are_no_text() -> None:
    """JSON lets them through, and no hash can take them."""
    assert not rules.is_provable("abc\ud800")
    assert rules.is_provable("abc🦊")

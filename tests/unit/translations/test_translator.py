"""Finding a reader's language, and one's sentence in it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portero.translations import Translator, translator_for

WRONG = "The username or the password is wrong."
VALID_FOR = "The link works once and is valid for %(lifetime)s."


@pytest.mark.parametrize(
    ("preferences", "found"),
    [
        (["de"], "de"),
        (["de-AT"], "de"),
        (["pt_BR"], "pt"),
        (["DE-de-1996"], "de"),
        (["zh-Hant-x-private", "fr"], "fr"),
        (["de-a-ext", "fr"], "de"),
        (["*", "ja"], "ja"),
        (["tlh", "en", "de"], "en"),
        (["", "not a tag", "../de"], "en"),
        ([], "en"),
    ],
)
def test_lookup(preferences: list[str], found: str) -> None:
    """RFC 4647 §3.4: each preference is shortened before the next one counts; else English."""
    assert translator_for(preferences).locale == found


def test_endless_preferences_are_cut() -> None:
    """Nobody makes the server look through thousands of tags: the first twenty count."""
    assert translator_for([*["xx"] * 20, "de"]).locale == "en"


def test_translated() -> None:
    """A sentence comes in the reader's language."""
    german = translator_for(["de"]).text(WRONG)
    assert german == "Der Benutzername oder das Passwort stimmt nicht."


def test_untranslated_stays_english() -> None:
    """A sentence that the language lacks is shown in English, not refused."""
    assert translator_for(["de"]).text("Nobody translated this.") == "Nobody translated this."


def test_values_are_filled_in() -> None:
    """Placeholders take the values by name."""
    assert "24 Stunden" in translator_for(["de"]).text(VALID_FOR, lifetime="24 Stunden")


def test_missing_value_is_an_error() -> None:
    """A value that was forgotten is a programming error, and not an empty place in a sentence."""
    with pytest.raises(KeyError, match="lifetime"):
        translator_for(["de"]).text(VALID_FOR)


def test_a_value_is_never_taken_for_a_placeholder() -> None:
    """What a reader typed may hold `%(secret)s`: it is shown as it is."""
    shown = Translator("en").text("Hello %(name)s.", name="%(secret)s %", secret="x")
    assert shown == "Hello %(secret)s %."


def test_english_plural() -> None:
    """One, and all others; the number is a value too."""
    english = Translator("en")
    counted = [english.plural("%(count)s try", "%(count)s tries", n) for n in (0, 1, 2)]
    assert counted == ["0 tries", "1 try", "2 tries"]


def test_arabic_plural() -> None:
    """Arabic has six forms; the rule is the one in its own file."""
    names = ("zero", "one", "two", "few", "many", "other")
    rule = translator_for(["ar"]).form_of
    arabic = Translator("ar", {}, {"try": names}, rule)
    counted = {n: arabic.plural("try", "tries", n) for n in (0, 1, 2, 3, 10, 11, 99, 100, 103)}
    assert counted == {
        0: "zero",
        1: "one",
        2: "two",
        3: "few",
        10: "few",
        11: "many",
        99: "many",
        100: "other",
        103: "few",
    }


def test_japanese_plural() -> None:
    """Japanese has one form for every number."""
    japanese = Translator("ja", {}, {"try": ("回",)}, translator_for(["ja"]).form_of)
    assert [japanese.plural("try", "tries", n) for n in (1, 5)] == ["回", "回"]


@pytest.mark.parametrize(
    ("length", "words"),
    [
        ({"minutes": 30}, "30 minutes"),
        ({"hours": 1}, "1 hour"),
        ({"hours": 24}, "24 hours"),
        ({"days": 2}, "48 hours"),
        ({"days": 7}, "7 days"),
        ({"minutes": 90}, "90 minutes"),
        ({"seconds": 90}, "1 minute"),
        ({"seconds": 45}, "45 seconds"),
    ],
)
def test_span(length: dict[str, int], words: str) -> None:
    """A length in the unit that a person would say, and never longer than it is."""
    assert Translator("en").span(timedelta(**length)) == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ["1 Stunde", "30 Minuten", "7 Tage"]),
        ("fr", ["1 heure", "30 minutes", "7 jours"]),
        ("es", ["1 hora", "30 minutos", "7 días"]),
        ("pt", ["1 hora", "30 minutos", "7 dias"]),
        ("ja", ["1 時間", "30 分", "7 日"]),
        ("ar", ["ساعة", "30 دقيقة", "7 أيام"]),
    ],
)
def test_span_in_another_language(language: str, words: list[str]) -> None:
    """The words and the plurals are the language's own."""
    lengths = (timedelta(hours=1), timedelta(minutes=30), timedelta(days=7))
    spoken = [translator_for([language]).span(length) for length in lengths]
    assert [each.replace("\u00a0", " ") for each in spoken] == words  # CLDR glues some in French


def test_direction() -> None:
    """Arabic is written from right to left, the others from left to right."""
    assert [translator_for([tag]).direction for tag in ("ar", "de")] == ["rtl", "ltr"]

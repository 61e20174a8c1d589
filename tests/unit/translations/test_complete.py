"""Every sentence that a reader meets is there in every language."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
from pathlib import Path

import pytest

import portero
from portero.kit.refusals import Refusal
from portero.protocol.oauth.scope_meanings import STANDARD
from portero.translations import SOURCE, available
from portero_guard.errors import Refused
from tools import translations

LANGUAGES = [tag for tag in available() if tag != SOURCE]
HEAD = (
    'msgid ""\nmsgstr ""\n"Language: de\\n"\n'
    '"Content-Type: text/plain; charset=utf-8\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
)
SOURCE_FILE = "src/portero/core/login/errors.py"
SPOKEN_FILE = "src/portero/web/login/links.py"
FIELD_FAULT_FILE = "src/portero/kit/refusals.py"
OTHER_PLACEHOLDERS = "has other placeholders: 'For %(a)s.'"


def po_text(language: str) -> str:
    return (translations.FOLDER / f"{language}.po").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def extracted() -> translations.Extracted:
    return translations.extract()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of three source files, to plant something in."""
    for place in (SOURCE_FILE, SPOKEN_FILE, FIELD_FAULT_FILE):
        (tmp_path / place).parent.mkdir(parents=True)
        shutil.copyfile(translations.ROOT / place, tmp_path / place)
    return tmp_path


def planted(checkout: Path, place: str, code: str) -> translations.Extracted:
    with (checkout / place).open("a", encoding="utf-8") as file:
        file.write(f"\n\n{code}\n")
    return translations.extract(checkout)


def catalog_faults(entry: str, wanted: str) -> list[str]:
    catalog = translations.catalog_of("de", HEAD + entry)
    return translations.faults_of(frozenset({wanted}), catalog)


def test_the_languages_are_the_promised_ones() -> None:
    """German, French, Spanish, Portuguese, Japanese and Arabic, beside English."""
    assert set(LANGUAGES) == {"ar", "de", "es", "fr", "ja", "pt"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_complete(language: str, extracted: translations.Extracted) -> None:
    """No sentence is missing, fuzzy, left over or with other placeholders than its source."""
    catalog = translations.catalog_of(language, po_text(language))
    assert translations.faults_of(extracted.messages, catalog) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_up_to_date(language: str, extracted: translations.Extracted) -> None:
    """`python -m tools.translations` would change nothing."""
    text = po_text(language)
    assert translations.updated(language, text, extracted.messages) == text


def test_no_sentence_is_put_together(extracted: translations.Extracted) -> None:
    """Every sentence of the tree can be looked up: none is an f-string."""
    assert extracted.unextractable == ()


def test_every_refusal_is_extracted(extracted: translations.Extracted) -> None:
    """The sentence of each refusal that a running server can raise is among the messages."""
    for module in pkgutil.walk_packages(portero.__path__, "portero."):
        if not module.name.startswith(("portero.migrations", "portero.wsgi", "portero.__main__")):
            importlib.import_module(module.name)
    kinds: list[type[Refusal] | type[Refused]] = [Refusal, Refused]
    for kind in kinds:
        kinds += kind.__subclasses__()
    served = [k for k in kinds if k.__module__.startswith(("portero.", "portero_guard"))]
    unspoken = ("portero.cli", "portero.settings")
    publics = {k.public for k in served if not k.__module__.startswith(unspoken)}
    assert len(publics) > 40
    assert publics - extracted.messages == set()


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (SOURCE_FILE, 'class New:\n    public = "A planted sentence."'),
        (SOURCE_FILE, 'FieldFault("email", "new", "A planted sentence.")'),
        (
            SOURCE_FILE,
            'def refuse(code: str, public: str): ...\nrefuse("x", "A planted sentence.")',
        ),
        (SOURCE_FILE, 'raise Refused(public="A planted sentence.")'),
        (SOURCE_FILE, 'REASONS = {1: ("new", "A planted sentence.")}'),
        (SOURCE_FILE, 'SENTENCES = {1: "A planted sentence."}'),
        (SPOKEN_FILE, 'translator().text("A planted sentence.")'),
    ],
)
def test_planted_sentence_is_found(checkout: Path, place: str, code: str) -> None:
    """Wherever a room puts a sentence for a reader, it is extracted."""
    assert "A planted sentence." in planted(checkout, place, code).messages


def test_planted_template_is_found(checkout: Path) -> None:
    """A sentence in a page is extracted, and both forms of a plural."""
    page = checkout / "src/portero/web/templates/new.html"
    page.parent.mkdir(parents=True)
    page.write_text('{{ _("Planted") }}{{ ngettext("One.", "%(num)s of them.", count) }}')
    assert {"Planted", ("One.", "%(num)s of them.")} <= translations.extract(checkout).messages


def test_planted_f_string_is_named(checkout: Path) -> None:
    """A sentence put together at run time could never be looked up: the tool says where it is."""
    lost = planted(checkout, SOURCE_FILE, 'public = f"At least {least} of them."').unextractable
    assert [place.partition(":")[0] for place in lost] == [SOURCE_FILE]


def test_new_sentence_is_asked_for() -> None:
    """A new sentence comes into the file empty, which counts as not translated."""
    text = translations.updated("de", HEAD, frozenset({"A new sentence."}))
    assert 'msgid "A new sentence."\nmsgstr ""\n' in text
    catalog = translations.catalog_of("de", text)
    assert translations.faults_of(frozenset({"A new sentence."}), catalog) == [
        "is not translated: 'A new sentence.'"
    ]


def test_gone_sentence_is_dropped() -> None:
    """What no source says any more leaves the file; the rest keeps its translation."""
    old = HEAD + 'msgid "Kept."\nmsgstr "Behalten."\n\nmsgid "Gone."\nmsgstr "Fort."\n'
    text = translations.updated("de", old, frozenset({"Kept."}))
    assert 'msgstr "Behalten."' in text
    assert "Gone." not in text


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('#, fuzzy\nmsgid "For %(a)s."\nmsgstr "Für %(a)s."\n', "is fuzzy: 'For %(a)s.'"),
        ('msgid "For %(a)s."\nmsgstr "Für %(b)s."\n', OTHER_PLACEHOLDERS),
        ('msgid "For %(a)s."\nmsgstr "Für %(a)s, 5 % mehr."\n', OTHER_PLACEHOLDERS),
        ('msgid "For %(a)s."\nmsgstr "Für Sie."\n', OTHER_PLACEHOLDERS),
    ],
    ids=["fuzzy", "another", "bare per cent sign", "lost"],
)
def test_bad_translation_is_caught(entry: str, fault: str) -> None:
    """A translation that would not be shown, or would break when it is filled in, is a fault."""
    assert catalog_faults(entry, "For %(a)s.") == [fault]


def test_what_scopes_mean_is_extracted(extracted: translations.Extracted) -> None:
    """The sentences of the consent page are handed on as values; they are texts all the same."""
    assert {scope.public for scope in STANDARD.values()} <= set(extracted.messages)

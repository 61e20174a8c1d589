"""When two spellings are one username or one mail address, and which are neither."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portero.core.accounts import names
from portero.core.accounts.names import (
    Email,
    InvalidEmail,
    InvalidUsername,
    Username,
    email_key,
    normalised_username,
)


def username_fault(text: str) -> str:
    with pytest.raises(InvalidUsername) as refused:
        normalised_username(text)
    (fault,) = refused.value.faults
    assert fault.name == "username"
    return fault.code


@pytest.mark.parametrize(
    ("written", "display", "key"),
    [
        ("Ana", "Ana", "ana"),
        ("Ａna", "Ana", "ana"),  # full width
        ("A\u0301na", "Ána", "ána"),  # two code points, one letter
        ("𝒜na", "Ana", "ana"),  # mathematical script
        ("\u212aim", "Kim", "kim"),  # Kelvin sign
        ("ＤŽ", "DŽ", "dž"),
        ("ΝΙΚΟΣ", "ΝΙΚΟΣ", "νικος"),  # final sigma, as it is typed in lower case
        ("Ｊohn.O'Neil-3_x", "John.O'Neil-3_x", "john.o'neil-3_x"),
        ("ᏣᎳᎩ", "ᏣᎳᎩ", "ꮳꮃꭹ"),  # Cherokee has lower case too
        ("straße", "straße", "straße"),  # not strasse: RFC 8264 keeps ß (§9.6)
    ],
)
def test_spellings_become_one_name(written: str, display: str, key: str) -> None:
    """Width, compatibility forms, composition and case are mapped; the display keeps its case."""
    assert normalised_username(written) == Username(display, key)


@pytest.mark.parametrize(
    "name",
    ["שלום", "שלום1", "محمد", "محمد٣", "राम", "अ१", "สมชาย", "한글abc", "山田ひらカナー",
     "山田Taro", "王ㄅㄆ", "col·legi", "カ・ナ", "д'артаньян", "Gîrlǎ", "々", "1234", "x" * 64],
)  # fmt: skip
def test_names_of_the_world_are_accepted(name: str) -> None:
    """Right-to-left, Indic, Thai and the East Asian mixtures are names."""
    assert normalised_username(name).display == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "required"),
        ("x" * 65, "too_long"),
        ("x" * 10_000, "too_long"),
        ("İ" * 40, "too_long"),  # 40 code points; 80 in lower case
        ("ana@example.org", "has_at_sign"),
        ("ana＠example", "has_at_sign"),  # becomes @ under NFKC
        ("an a", "has_space"),
        ("ana ", "has_space"),
        ("ana\u00a0", "has_space"),
        ("ana\u3000b", "has_space"),
        ("ana\n", "has_space"),
        ("ana\x00", "character_not_allowed"),
        ("ana\x7f", "character_not_allowed"),
        ("ana\ud800", "character_not_allowed"),
        ("ana\u0378", "character_not_allowed"),  # unassigned
        ("ana\ue000", "character_not_allowed"),  # private use
        ("ana😀", "character_not_allowed"),
        ("ana€", "character_not_allowed"),
        ("ana“", "character_not_allowed"),
        ("\u0301ana", "character_not_allowed"),  # would hang on the text before it
        ("ᄀ", "character_not_allowed"),  # a lone jamo
        ("مـحمد", "character_not_allowed"),  # tatweel only stretches
        ("a·b", "character_not_allowed"),
        ("a・b", "character_not_allowed"),
        ("a\u200bna", "has_hidden_characters"),  # zero width space
        ("a\u200dna", "has_hidden_characters"),  # joiner
        ("a\u00adna", "has_hidden_characters"),  # soft hyphen
        ("ana\ufe0f", "has_hidden_characters"),  # variation selector
        ("\ufeffana", "has_hidden_characters"),
        ("ana\u202e", "has_hidden_characters"),  # right-to-left override
        ("ana\u3164", "has_hidden_characters"),  # Hangul filler
        ("ana\U000e0041", "has_hidden_characters"),  # tag
        ("aשלום", "mixed_directions"),
        ("שלוםa", "mixed_directions"),
        ("٣محمد", "mixed_directions"),
        ("م3٣", "mixed_directions"),
        ("аna", "mixed_scripts"),  # Cyrillic а
        ("gооgle", "mixed_scripts"),
        ("ana\u03bf", "mixed_scripts"),  # Greek omicron
        ("ana\u0585", "mixed_scripts"),  # Armenian oh
        ("ana\uab75", "mixed_scripts"),  # Cherokee
        ("ana\u0966", "mixed_scripts"),  # a Devanagari zero among Latin letters
        ("12\u0967", "mixed_scripts"),  # two kinds of digits
        ("한글ひら", "mixed_scripts"),
    ],
)
def test_what_is_no_username(name: str, code: str) -> None:
    """Each reason has a code of its own."""
    assert username_fault(name) == code


@given(st.text(min_size=1, max_size=70))
@example("ΝΙΚΟΣ")
@example("İx")
@example("ŉx")
@example("\u1e9e")
@example("a\u0345")
def test_normalising_twice_changes_nothing(text: str) -> None:
    """A name that is read back from the database is the same name (RFC 8264 §7)."""
    try:
        once = normalised_username(text)
    except InvalidUsername:
        return
    assert normalised_username(once.display) == once
    assert normalised_username(once.key) == Username(once.key, once.key)


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Lt"]), min_size=1, max_size=8))
def test_case_never_makes_two_names(text: str) -> None:
    """Whoever types the name in lower case means the same account."""
    try:
        once = normalised_username(text)
    except InvalidUsername:
        return
    assert normalised_username(once.display.lower()).key == once.key


@given(st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True))
def test_the_short_way_of_plain_names_is_the_long_one(text: str) -> None:
    assert normalised_username(text) == names._by_rules(text, "username")


def test_the_fault_names_the_field_of_the_caller() -> None:
    """A form that calls it otherwise gets its own name back."""
    with pytest.raises(InvalidUsername) as refused:
        normalised_username("", field="userName")
    assert refused.value.faults[0].name == "userName"


@pytest.mark.parametrize(
    ("written", "display", "key"),
    [
        ("Ana@Example.COM", "Ana@example.com", "ana@example.com"),
        (" ana@example.org ", "ana@example.org", "ana@example.org"),
        ("ana+x@example.org", "ana+x@example.org", "ana+x@example.org"),
        ("Ü@Bücher.example.org", "Ü@bücher.example.org", "ü@xn--bcher-kva.example.org"),
        ("u\u0308@xn--bcher-kva.example.org", "ü@bücher.example.org",
         "ü@xn--bcher-kva.example.org"),
        ("a@portero.test", "a@portero.test", "a@portero.test"),
    ],
)  # fmt: skip
def test_addresses_have_one_key(written: str, display: str, key: str) -> None:
    """Case and the two spellings of a domain are one key; mail goes to the display."""
    assert email_key(written) == Email(display, key)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "required"),
        ("   ", "required"),
        ("ana", "not_an_address"),
        ("@example.org", "not_an_address"),
        ("ana@", "not_an_address"),
        ("ana@localhost", "not_an_address"),
        ("ana@[127.0.0.1]", "not_an_address"),
        ("a@b.org,c@d.org", "not_an_address"),
        ("ana@-x.org", "not_an_address"),
        ("x" * 65 + "@example.org", "too_long"),
        ("x" * 255 + "@example.org", "too_long"),
        ("ü" * 125 + "@a.org", "too_long"),  # 256 octets
        ("ana@example.org\r\nBcc: eve@example.org", "has_hidden_characters"),
        ("ana@example.org\n", "has_hidden_characters"),
        ("ana\x00@example.org", "has_hidden_characters"),
        ("ana\u2028@example.org", "has_hidden_characters"),
        ("an\u200ba@example.org", "has_hidden_characters"),
        ("Ana <ana@example.org>", "has_hidden_characters"),
        ("ana\ud800@example.org", "has_hidden_characters"),
    ],
)
def test_what_is_no_address(text: str, code: str) -> None:
    """Header injection, invisible characters, lists and literals are refused."""
    with pytest.raises(InvalidEmail) as refused:
        email_key(text)
    assert [(fault.name, fault.code) for fault in refused.value.faults] == [("email", code)]


@given(st.emails())
def test_an_address_read_back_is_the_same(address: str) -> None:
    """The display has the same key as what was typed."""
    try:
        once = email_key(address)
    except InvalidEmail:
        return
    assert email_key(once.display) == once
    assert email_key(once.key).key == once.key

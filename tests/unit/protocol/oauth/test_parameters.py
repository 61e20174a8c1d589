"""Forms and queries are read in one way only, or refused."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.protocol.oauth.errors import InvalidClient, InvalidRequest
from portero.protocol.oauth.metadata_policy import AuthMethod
from portero.protocol.oauth.parameters import MAX_PARAMETERS, read_parameters
from portero.protocol.oauth.presented import presented

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), min_size=1)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,20}", fullmatch=True), TEXT, max_size=20))
def test_what_was_encoded_is_what_is_read(form: dict[str, str]) -> None:
    """Any text survives the way through a form."""
    parameters = read_parameters(urlencode(form))
    assert {name: parameters.get(name) for name in form} == form


def test_an_empty_value_counts_as_not_sent() -> None:
    """RFC 6749 §3.1."""
    parameters = read_parameters("state=&scope=a&=b&nonce")
    assert (parameters.get("state"), parameters.get("nonce")) == (None, None)
    assert parameters.get("scope") == "a"
    with pytest.raises(InvalidRequest, match="state is missing"):
        parameters.require("state")


@pytest.mark.parametrize(
    "encoded",
    ["a=1&a=1", "a=%zz", "a=%f", "a=%ff", "a=%00", "&".join(f"a{n}=1" for n in range(101))],
)
def test_what_two_parsers_could_read_in_two_ways_is_refused(encoded: str) -> None:
    """Repeated, broken, not UTF-8, NUL, too many (HTTP parameter pollution)."""
    assert MAX_PARAMETERS == 100
    with pytest.raises(InvalidRequest):
        read_parameters(encoded)


def test_resource_may_repeat_and_is_no_single_value() -> None:
    """RFC 8707 §2."""
    parameters = read_parameters("resource=https://a.example&resource=https://b.example")
    assert parameters.each("resource") == ("https://a.example", "https://b.example")
    with pytest.raises(InvalidRequest):
        parameters.get("resource")


def basic(text: str) -> tuple[str, ...]:
    return ("Basic " + base64.b64encode(text.encode()).decode(),)


def test_id_and_secret_of_a_basic_header_are_form_encoded() -> None:
    """RFC 6749 §2.3.1: decoded after base64, so that both may hold any character."""
    shown = presented(read_parameters(""), basic("a%3Ab:c+d%25"))
    assert (shown.unverified_client_id, shown.unverified_secret) == ("a:b", "c d%")
    assert shown.methods == {AuthMethod.SECRET_BASIC}


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Bearer abc", "Basic " + base64.b64encode(b"\xff:x").decode()]
)
def test_another_header_is_no_client(header: str) -> None:
    """Malformed, or of another scheme: an authentication that failed."""
    with pytest.raises(InvalidClient):
        presented(read_parameters(""), (header,))


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ("client_id=a&client_secret=b", basic("a:b")),
        ("client_id=other", basic("a:b")),
        ("", (*basic("a:b"), *basic("a:b"))),
    ],
)
def test_two_proofs_are_one_too_many(form: str, headers: tuple[str, ...]) -> None:
    """RFC 6749 §2.3; which one is meant is not guessed."""
    with pytest.raises(InvalidRequest):
        presented(read_parameters(form), headers)


def test_nobody_is_no_client() -> None:
    """Neither a header nor client_id."""
    with pytest.raises(InvalidClient):
        presented(read_parameters("grant_type=x"), ())

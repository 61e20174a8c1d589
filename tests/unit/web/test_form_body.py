"""One way to read a form, for every endpoint that takes one."""

from __future__ import annotations

import pytest

from portero.protocol.oauth.errors import InvalidRequest
from portero.web.exchange import Request
from portero.web.oidc.form_body import form_alone, read_form

FORM = "application/x-www-form-urlencoded"


def post(content_type: str | None, body: bytes, query_string: str = "") -> Request:
    headers = {} if content_type is None else {"content-type": [content_type]}
    return Request("POST", "/", query_string, headers, body, "127.0.0.1", "https", "r")


@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=utf-8", FORM.upper() + " "])
def test_a_form_is_one_however_it_is_announced(content_type: str) -> None:
    """RFC 9110 §8.3.1: parameters and case mean nothing."""
    assert form_alone(post(content_type, b"a=1&b=%C3%A4")).get("b") == "ä"


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/json", f"x{FORM}"])
def test_another_body_is_none(content_type: str | None) -> None:
    """Attack: other sites can send text/plain, and two parsers would read it in two ways."""
    with pytest.raises(InvalidRequest):
        read_form(content_type, b"a=1")


def test_raw_bytes_are_no_form() -> None:
    """What is not ASCII has to be escaped."""
    with pytest.raises(InvalidRequest):
        read_form(FORM, "a=ä".encode())


def test_parameters_in_the_url_are_refused() -> None:
    """RFC 6749 §3.2: they end up in logs; even one that the body does not have."""
    with pytest.raises(InvalidRequest, match="not in the URL"):
        form_alone(post(FORM, b"a=1", "b=2"))

"""Input as long as anybody may send it, made to be read again and again: nothing that reads it
takes much longer than its length asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from portero.core.accounts.names import email_key, normalised_username
from portero.core.accounts.phones import e164
from portero.kit.devices import device_of
from portero.kit.refusals import Refusal
from portero.protocol.oauth.redirect_uris import check_redirect_uri
from portero.protocol.oauth.scopes import read_scope
from portero.protocol.oauth.uris import parse_uri
from portero.protocol.otp import base32_key
from portero.translations import translator_for
from portero.web.own_cookie import OwnCookie

LONG = 50_000  # characters; a body has at most 128 kB, a head 16
SECONDS = 0.1
COOKIE = OwnCookie("portero", issuer="https://id.example.org")
READERS: dict[str, Callable[[str], object]] = {
    "an email": email_key,
    "a username": normalised_username,
    "a phone number": e164,
    "a language": lambda text: translator_for([text]),
    "languages": lambda text: translator_for(text.split(",")),
    "a user agent": device_of,
    "a redirect URI": lambda text: check_redirect_uri(text, native=True),
    "a URI": parse_uri,
    "a scope": read_scope,
    "a secret in base32": base32_key,
    "cookies": lambda text: COOKIE.read(text[:16_000]),
}
PIECES = ("a", "a-", "-", "a_", ".", "a.", "@", "a@", "a,", " ", "\\", '"', "a\\", "(", "[", ":",
          "%2e", "+", "1", "1 ", "/", "https://", "Mozilla/5.0 (", ";", "; ", "__Host-portero=",
          "\u0301", "\ufdfa", "\uff21", "\u200d", "=", "a=")  # fmt: skip
AROUND = (("", ""), ("a@", ".org"), ("https://", "/"), ("http://[", "]/"), ("+49", "\n"))


@pytest.mark.parametrize("reader", READERS)
def test_cve_2023_36053_what_is_long_is_read_once(reader: str) -> None:
    """Django's patterns for addresses went back and forth, and so did oauthlib's (CVE-2022-36087).
    By the work of this process alone, so that it does not matter what else the machine does."""
    read = READERS[reader]
    with suppress(Refusal, ValueError):
        read("a")  # what is imported or compiled once
    slow = []
    for piece in PIECES:
        for before, after in AROUND:
            text = before + piece * (LONG // len(piece)) + after
            began = time.process_time()
            with suppress(Refusal, ValueError):
                read(text)
            taken = time.process_time() - began
            if taken > SECONDS:
                slow.append((before, piece, after, round(taken, 3)))
    assert slow == []

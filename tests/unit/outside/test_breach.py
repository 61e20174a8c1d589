"""Asking a range service whether a password is known from a breach, over real HTTP."""

from __future__ import annotations

import hashlib
from http.server import BaseHTTPRequestHandler

import pytest

from portero.outside.breach import BreachRange
from portero.outside.http_fetch import HttpFetch
from tests.unit.outside.conftest import OtherServer, send

WORD = "correct horse battery staple"
DIGEST = hashlib.sha1(WORD.encode()).hexdigest().upper()
PREFIX, SUFFIX = DIGEST[:5], DIGEST[5:]


class Failures:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def failures() -> Failures:
    return Failures()


@pytest.fixture
def breach(other: OtherServer, failures: Failures) -> BreachRange:
    fetch = HttpFetch(allow_loopback=True)
    return BreachRange(fetch, f"{other.url}/range/", on_failure=failures)


def answering(other: OtherServer, body: str, status: int = 200) -> None:
    other.answer = lambda handler: send(handler, status, body.encode())


@pytest.mark.parametrize("spelling", [SUFFIX, SUFFIX.lower()])
def test_a_listed_password_is_known(other: OtherServer, breach: BreachRange, spelling: str) -> None:
    """Among others, with a count."""
    answering(other, f"{'0' * 35}:3\r\n{spelling}:12\r\n{'F' * 35}:1")
    assert breach.contains(WORD)


def test_a_password_that_is_not_listed_is_unknown(
    other: OtherServer, breach: BreachRange, failures: Failures
) -> None:
    """And nothing failed."""
    answering(other, f"{'0' * 35}:3\r\n{'F' * 35}:1")
    assert not breach.contains(WORD)
    assert failures.count == 0


def test_padding_is_not_a_breach(other: OtherServer, breach: BreachRange) -> None:
    """Padding lines have a count of 0, and may hit by chance."""
    answering(other, f"{SUFFIX}:0")
    assert not breach.contains(WORD)


def test_only_five_digits_leave(other: OtherServer, breach: BreachRange) -> None:
    """Neither the password nor its hash, in the path or in a header; padding is asked for."""
    breach.contains(WORD)
    ((path, headers),) = other.requests
    assert path == f"/range/{PREFIX}"
    assert headers["add-padding"] == "true"
    assert SUFFIX not in str(headers)


@pytest.mark.parametrize("status", [302, 429, 500])
def test_an_error_is_counted_and_lets_the_password_pass(
    other: OtherServer, breach: BreachRange, failures: Failures, status: int
) -> None:
    """Fail open: registration must not hang on somebody else's server."""
    answering(other, f"{SUFFIX}:12", status)
    assert not breach.contains(WORD)
    assert failures.count == 1


def test_an_oversized_answer_is_a_failure(
    other: OtherServer, breach: BreachRange, failures: Failures
) -> None:
    """Of half a megabyte and more."""
    answering(other, "x" * 600_000)
    assert not breach.contains(WORD)
    assert failures.count == 1


def test_a_dead_service_is_a_failure(
    other: OtherServer, breach: BreachRange, failures: Failures
) -> None:
    """Counted, and not raised."""

    def hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True

    other.answer = hang_up
    assert not breach.contains(WORD)
    assert failures.count == 1


def test_a_url_inside_is_a_failure_and_not_a_way_in(failures: Failures) -> None:
    """The range service is fetched under the same guard as everything else."""
    breach = BreachRange(HttpFetch(), "https://10.0.0.1/range", on_failure=failures)
    assert not breach.contains(WORD)
    assert failures.count == 1

"""Headers that many answers have in common, on their way out."""

from __future__ import annotations

import pytest
from gunicorn.asgi import protocol  # type: ignore[import-untyped]  # it has no types
from gunicorn.http.errors import (  # type: ignore[import-untyped]  # it has no types
    InvalidResponseHeader,
)

from portero.cli import asgi_server
from portero.web.exchange import FixedHeaders
from portero.web.outlet import Lines

CLOSING = FixedHeaders(("Referrer-Policy", "strict-origin"), ("Server", "portero"))


def test_what_an_answer_says_itself_is_not_said_again() -> None:
    told = FixedHeaders(("referrer-policy", "no-referrer"), ("Vary", "Accept")).closed_by(CLOSING)
    assert told.wire == (
        (b"referrer-policy", b"no-referrer"), (b"vary", b"Accept"), (b"server", b"portero"),
    )  # fmt: skip
    assert told.block == b"referrer-policy: no-referrer\r\nvary: Accept\r\nserver: portero\r\n"


def test_it_is_put_together_once_for_each_closing() -> None:
    own, others = FixedHeaders(("Vary", "Accept")), FixedHeaders(("Server", "other"))
    made = own.closed_by(CLOSING)
    assert own.closed_by(CLOSING) is made
    assert own.closed_by(others).wire == ((b"vary", b"Accept"), (b"server", b"other"))


def test_any_other_server_is_given_all_lines() -> None:
    length = (b"content-length", b"2")
    assert Lines(CLOSING, [length]) == [*CLOSING.wire, length]


@pytest.mark.parametrize("fixed", [True, False])
def test_a_line_that_would_split_the_answer_is_not_sent(fixed: bool) -> None:
    """A fixed one is looked at once, and one that is not, each time."""
    assert protocol._scan_response_headers is asgi_server._scanned
    bad = FixedHeaders(("X-Note", "a\r\nSet-Cookie: b=c"))
    lines = Lines(bad, []) if fixed else Lines(CLOSING, [*bad.wire])
    for _ in range(2):
        with pytest.raises(InvalidResponseHeader):
            protocol._scan_response_headers(lines)

"""From a checked request to a WSGI application and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.validate import validator

import pytest

from portero.web.bridge import STREAM_ABOVE_BYTES, build_environ, call_wsgi
from portero.web.exchange import Response
from portero.web.strict import Head

Start = Callable[..., Any]


def environ(*headers: tuple[bytes, bytes], path: str = "/", body: bytes = b"") -> dict[str, Any]:
    scope = {
        "method": "POST", "query_string": b"a=b", "scheme": "http", "http_version": "1.1",
        "server": ("127.0.0.1", 8000), "headers": list(headers),
    }  # fmt: skip
    head = Head(path, len(body), False)
    return build_environ(scope, head, body, peer="10.0.0.1", request_id="id")


def refuse_push(piece: Response | bytes) -> None:
    raise AssertionError("a short answer was pushed")


def test_the_environ_is_what_pep_3333_asks() -> None:
    """The standard library's own checker finds nothing wrong with the environ."""

    def app(given: dict[str, Any], start: Start) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/plain")])
        return [given["wsgi.input"].read(4)]

    answer = call_wsgi(validator(app), environ(body=b"four"), refuse_push)
    assert answer == Response(200, b"four", (("Content-Type", "text/plain"),))


def test_paths_are_bytes_written_as_characters() -> None:
    """PEP 3333: PATH_INFO holds the UTF-8 bytes, one character each."""
    assert environ(path="/é")["PATH_INFO"] == "/Ã©"


def test_repeated_headers_are_joined_and_cookies_with_a_semicolon() -> None:
    """RFC 9110 §5.3 and RFC 6265 §5.4."""
    made = environ((b"accept", b"a"), (b"cookie", b"x=1"), (b"accept", b"b"), (b"cookie", b"y=2"))
    assert made["HTTP_ACCEPT"] == "a, b"
    assert made["HTTP_COOKIE"] == "x=1; y=2"


def test_the_length_is_that_of_the_body_in_hand() -> None:
    """Framing headers of the wire are gone: the body is whole and unchunked."""
    made = environ((b"transfer-encoding", b"chunked"), (b"content-type", b"a/b"), body=b"abc")
    assert made["CONTENT_LENGTH"] == "3"
    assert made["CONTENT_TYPE"] == "a/b"
    assert not {"HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"} & set(made)


def test_the_address_is_the_peers_whatever_headers_say() -> None:
    """X-Forwarded-For is passed on as it came and changes nothing here."""
    made = environ((b"x-forwarded-for", b"1.2.3.4"))
    assert made["REMOTE_ADDR"] == "10.0.0.1"
    assert made["HTTP_X_FORWARDED_FOR"] == "1.2.3.4"


class Answer:
    """An iterable answer of `count` pieces that notes whether it was closed."""

    def __init__(self, count: int, size: int) -> None:
        self.closed = False
        self._pieces = [bytes([n]) * size for n in range(count)]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    def close(self) -> None:
        self.closed = True

    def __call__(self, given: dict[str, Any], start: Start) -> Answer:
        start("200 OK", [("X-A", "b")])
        return self

    @property
    def whole(self) -> bytes:
        return b"".join(self._pieces)


def test_a_short_answer_is_joined_and_its_source_closed() -> None:
    """Pieces up to the limit come back as one response."""
    app = Answer(3, 10)
    answer = call_wsgi(app, environ(), refuse_push)
    assert answer is not None
    assert answer.body == app.whole
    assert app.closed


def test_a_long_answer_is_pushed_in_order_beginning_with_its_head() -> None:
    """Beyond the limit the pieces leave one by one; None says that all are gone."""
    app = Answer(5, STREAM_ABOVE_BYTES // 2)
    pushed: list[Response | bytes] = []
    assert call_wsgi(app, environ(), pushed.append) is None
    first, *rest = pushed
    assert isinstance(first, Response)
    assert first.headers == (("X-A", "b"),)
    assert first.body + b"".join(p for p in rest if isinstance(p, bytes)) == app.whole
    assert app.closed


def test_a_client_that_leaves_in_the_middle_still_closes_the_source() -> None:
    """close() runs when pushing fails, so that nothing the answer holds is leaked."""
    app = Answer(5, STREAM_ABOVE_BYTES)

    def gone(piece: Response | bytes) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        call_wsgi(app, environ(), gone)
    assert app.closed

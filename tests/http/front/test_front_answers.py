"""What the front answers, over a real socket: endpoints, pages, ids, and faults."""

from __future__ import annotations

import json
import re

from portero.web.headers import page_headers
from tests.http.front.conftest import RunningFront, body_of, statuses


def test_head_gets_the_headers_of_get_and_no_body(front: RunningFront) -> None:
    """HEAD is answered from GET: its length, and not one byte of it."""
    got, asked = front.ask("/cheap"), front.ask("/cheap", method="HEAD")
    length = re.search(rb"content-length: \d+", got)
    assert length is not None
    assert length.group() in asked
    assert body_of(asked) == b""


def test_an_unclaimed_method_gets_405_with_the_tables_allow(front: RunningFront) -> None:
    """RFC 9110 §15.5.6: the answer names the methods that the table has."""
    answer = front.ask("/cheap", method="DELETE")
    assert statuses(answer) == [405]
    assert b"allow: GET, HEAD\r\n" in answer


def test_a_fault_tells_the_client_nothing_and_the_log_its_request(front: RunningFront) -> None:
    """An exception becomes a 500 without its text; the log has both text and request id."""
    answer = front.ask("/broken")
    assert statuses(answer) == [500]
    assert b"secret reason" not in answer
    request_id = _request_id(answer)
    log = (front.folder / "errors").read_text()
    assert request_id in log
    assert "secret reason" in log


def test_the_request_id_is_ours_and_the_pages_see_the_same(front: RunningFront) -> None:
    """A client can't choose the id under which its request is logged."""
    answer = front.ask("/seen", "X-Request-Id: forged")
    seen = json.loads(body_of(answer))
    assert _request_id(answer) == seen["portero.request_id"] != "forged"


def test_a_proxys_headers_are_passed_on_and_not_believed(front: RunningFront) -> None:
    """Address and scheme are the socket's, even for a loopback peer that claims otherwise."""
    claimed = ("X-Forwarded-For: 10.9.8.7", "X-Forwarded-Proto: https", "X-Forwarded-Ssl: on")
    seen = json.loads(body_of(front.ask("/seen", *claimed)))
    assert seen["REMOTE_ADDR"] == "127.0.0.1"
    assert seen["wsgi.url_scheme"] == "http"
    assert seen["HTTP_X_FORWARDED_FOR"] == "10.9.8.7"


def test_a_long_answer_arrives_whole(front: RunningFront) -> None:
    """A generator of several megabytes is streamed, chunk by chunk, in order."""
    answer = front.say(b"GET /big HTTP/1.0\r\nHost: {host}\r\n\r\n")
    assert body_of(answer) == b"0123456789abcdef" * 4096 * 40


def test_the_server_names_no_version(front: RunningFront) -> None:
    """The Server header is a name alone, and gunicorn's is not there."""
    answer = front.ask("/cheap").lower()
    assert b"server: portero\r\n" in answer
    assert b"gunicorn" not in answer


def test_what_the_server_refuses_by_itself_is_no_page(front: RunningFront) -> None:
    """Its text can quote the request; a browser shows it as text, and reads no version in it."""
    answer = front.say(b"GET / HTTP/1.1\r\nHost: {host}\r\n<script>: \x01\r\n\r\n")
    assert statuses(answer) == [400]
    for name, value in page_headers(hsts=True).items():
        assert f"{name}: {value}\r\n".encode() in answer
    assert b"gunicorn" not in answer


def test_a_websocket_is_refused(front: RunningFront) -> None:
    """The front speaks HTTP only; an upgrade ends in 403."""
    upgrade = ("Upgrade: websocket", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
    head = "\r\n".join(["GET /cheap HTTP/1.1", "Host: {host}", "Connection: Upgrade", *upgrade])
    assert statuses(front.say(f"{head}\r\n{key}\r\n\r\n".encode())) == [403]


def _request_id(answer: bytes) -> str:
    found = re.search(rb"x-request-id: (\S+)", answer)
    assert found is not None
    return found.group(1).decode()

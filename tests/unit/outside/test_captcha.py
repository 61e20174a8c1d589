"""Services that judge whether somebody is a robot, against a local one that answers as they do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from portero.kit.secrets import Secret
from portero.outside.captcha import SERVICES, Captcha
from portero.outside.http_fetch import HttpFetch

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
GOOD = {"success": True, "hostname": "id.example", "challenge_ts": "2026-05-04T11:59:58Z"}


@dataclass
class SiteVerify:
    """A local service: what it answers next, and what it was asked."""

    url: str = ""
    answer: bytes = json.dumps(GOOD).encode()
    status: int = 200
    asked: list[dict[str, list[str]]] = field(default_factory=list)


@pytest.fixture
def service() -> Iterator[SiteVerify]:
    state = SiteVerify()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            state.asked.append(parse_qs(body))
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.answer)))
            self.end_headers()
            self.wfile.write(state.answer)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    state.url = f"http://127.0.0.1:{server.server_address[1]}/siteverify"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


def captcha(url: str, kind: str = "turnstile") -> Captcha:
    return Captcha(
        HttpFetch(allow_loopback=True),
        SERVICES[kind],
        site_key="site",
        secret=Secret("hush"),
        host="id.example",
        verify_url=url,
    )


@pytest.mark.parametrize("kind", SERVICES)
def test_an_answer_is_taken_to_the_service(service: SiteVerify, kind: str) -> None:
    held = captcha(service.url, kind).judge("shown", now=NOW, address="192.0.2.7")
    assert held is not None
    assert (held.id, held.about) == ("shown", None)
    assert service.asked == [
        {"secret": ["hush"], "response": ["shown"], "remoteip": ["192.0.2.7"], "sitekey": ["site"]}
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {**GOOD, "success": False},
        {**GOOD, "success": "true"},
        {**GOOD, "success": 1},
        {**GOOD, "hostname": "evil.example"},
        {"success": True},
        {},
        [],
        None,
        "yes",
    ],
)
def test_only_a_plain_yes_for_this_host_counts(service: SiteVerify, answer: Any) -> None:
    """A page elsewhere that shows our widget collects answers for robots."""
    service.answer = json.dumps(answer).encode()
    assert captcha(service.url).judge("shown", now=NOW, address="192.0.2.7") is None


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[" * 5000, b"\xff", b"{" + b" " * 20_000])
def test_what_can_not_be_read_opens_nothing(service: SiteVerify, answer: bytes) -> None:
    service.answer = answer
    assert captcha(service.url).judge("shown", now=NOW, address="192.0.2.7") is None


def test_a_service_that_is_gone_opens_nothing(service: SiteVerify) -> None:
    service.status = 500
    assert captcha(service.url).judge("shown", now=NOW, address="192.0.2.7") is None
    gone = "http://127.0.0.1:9/siteverify"
    assert captcha(gone).judge("shown", now=NOW, address="192.0.2.7") is None


def test_the_secret_is_not_in_its_printed_form() -> None:
    assert "hush" not in repr(vars(captcha("http://127.0.0.1:9/")))


def test_a_very_long_answer_is_not_taken_there(service: SiteVerify) -> None:
    assert captcha(service.url).judge("x" * 10_000, now=NOW, address="192.0.2.7") is None
    assert service.asked == []

"""Logs: one line per event that a program can read, and no secret in it."""

from __future__ import annotations

import contextvars
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from portero.kit.request_id import request_id
from portero.kit.secrets import Secret
from portero.outside import logs

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
IS_LIGHT = """
import sys
import portero.outside.logs
assert not {"structlog", "rich", "asyncio", "sqlalchemy", "flask"} & set(sys.modules)
"""


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the root logger writes during the test, outside of any request."""
    outside = request_id.set("")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    made = io.StringIO()
    logs.configure("info", "json", stream=made)
    yield made
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    request_id.reset(outside)


def last(stream: io.StringIO) -> Any:
    return json.loads(stream.getvalue().splitlines()[-1])


def test_a_line_says_when_how_grave_what_and_where_from(stream: io.StringIO) -> None:
    """The time in UTC, as ISO 8601."""
    logging.getLogger("portero.test").warning("%s is late", "the post", extra={"job_id": "7"})
    told = last(stream)
    assert told.pop("ts").endswith("+00:00")
    assert told == {
        "level": "warning", "event": "the post is late", "logger": "portero.test", "job_id": "7",
    }  # fmt: skip


def test_below_the_level_nothing_is_written(stream: io.StringIO) -> None:
    """PORTERO_LOG_LEVEL=info."""
    logging.getLogger("portero.test").debug("chatter")
    assert stream.getvalue() == ""


def test_statements_and_their_values_are_not_logged(stream: io.StringIO) -> None:
    """Whoever sets debug wants to see Portero at work, not every password hash in a statement."""
    logs.configure("debug", "json", stream=stream)
    logging.getLogger("sqlalchemy.engine.Engine").info("INSERT ... ['$argon2id$...']")
    assert stream.getvalue() == ""


def test_the_request_id_is_on_every_line_of_its_request(stream: io.StringIO) -> None:
    """And on no other's."""

    def request() -> None:
        request_id.set("r1")
        logging.getLogger("x").info("inside")

    contextvars.copy_context().run(request)
    assert last(stream)["request_id"] == "r1"
    logging.getLogger("x").info("outside")
    assert "request_id" not in last(stream)


def test_the_servers_own_log_goes_the_same_way(stream: io.StringIO) -> None:
    """gunicorn's errors are lines like all others."""
    logging.getLogger("gunicorn.error").error("worker died")
    assert last(stream)["logger"] == "gunicorn.error"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password=hunter2secret", "hunter2secret"),
        ("{'new_password': 'hunter2 with spaces'}", "hunter2"),
        ('{"refresh_token": "abcdefghij"}', "abcdefghij"),
        ("client_secret: abcdefghij", "abcdefghij"),
        ("GET /reset-password?token=abcdefghij&x=1", "abcdefghij"),
        ("GET /callback?code=abcdefghij&state=klmnopq", "abcdefghij"),
        ("Authorization: Basic abcdefghijkl", "abcdefghijkl"),
        ("sent Bearer abcdefghijkl", "abcdefghijkl"),
        ("Cookie: __Host-portero=abcdefghij; other=klm", "abcdefghij"),
        (f"claims of {JWT} were wrong", JWT),
        (f"session-{JWT}", JWT),
        (f"{'f' * 64}-{JWT}", JWT),
        (f"api.example.{JWT}.", JWT),
        ("postgresql://portero:hunter2@db/portero", "hunter2"),
        ("postgresql+psycopg://portero:hunter2@db/portero", "hunter2"),
        ("SECRET_KEY=abcdefghij", "abcdefghij"),
    ],
)
def test_a_secret_in_a_text_is_masked(stream: io.StringIO, text: str, secret: str) -> None:
    """In the event, in a member, and in the text of an exception."""
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("x").exception(text, extra={"told": [text, {"deep": text}]})
    assert "***" in stream.getvalue()
    assert secret not in stream.getvalue()


def test_a_member_that_holds_a_secret_is_masked_whatever_is_in_it(stream: io.StringIO) -> None:
    """By its name, at any depth; ids, times and kinds of tokens are told."""
    logging.getLogger("x").info(
        "told",
        extra={
            "access_token": "abc", "outer": {"Set-Cookie": ["abc"], "user_password": "abc"},
            "token_type": "Bearer", "token_id": "t1", "key": Secret("abc"),
        },
    )  # fmt: skip
    told = last(stream)
    assert "abc" not in stream.getvalue()
    assert (told["token_type"], told["token_id"]) == ("Bearer", "t1")


@pytest.mark.parametrize(
    "text",
    ["a sign-in failed for account 7", "status code: 500", "the token expired", "listening on 80"],
)
def test_what_is_no_secret_stays_readable(stream: io.StringIO, text: str) -> None:
    """A net that catches everything would make logs useless."""
    logging.getLogger("x").info(text)
    assert last(stream)["event"] == text


def test_lines_for_people_can_not_be_forged() -> None:
    """CWE-117: a line end in a name makes no second line, in either form.
    (CVE-2021-42250, CVE-2023-6484.)"""
    forged = "ana\n2026-01-01 info: eve is an operator\x1b[2J"
    for format_ in ("json", "console"):
        out = io.StringIO()
        handler = logging.StreamHandler(out)
        handler.setFormatter(logs.JsonLines() if format_ == "json" else logs.ConsoleLines())
        handler.handle(logging.makeLogRecord({"msg": forged, "levelname": "INFO", "name": "x"}))
        assert len(out.getvalue().splitlines()) == 1
        assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize("sign", ["\x1b", "\x9b", "\x85", "\u2028", "\u202e", "\r"], ids=ascii)
@pytest.mark.parametrize("form", [logs.JsonLines(), logs.ConsoleLines()])
def test_nobodys_name_can_draw_on_a_terminal(form: logging.Formatter, sign: str) -> None:
    """ASVS 16.4.1: neither the signs that terminals obey nor those at which other readers break a
    line or turn it round; in what was said, in a member, and in the text of an error."""
    try:
        raise ValueError(f"no such name: ana{sign}2J")
    except ValueError as error:
        exc_info = (type(error), error, error.__traceback__)
    record = logging.makeLogRecord(
        {"msg": f"ana{sign}2J", "levelname": "INFO", "name": "x", "exc_info": exc_info}
    )
    record.about = f"ana{sign}2J"
    assert sign not in form.format(record)


def test_an_error_forges_no_line_for_people() -> None:
    """Its text is somebody else's: each line of it stands below the one that it belongs to."""
    try:
        raise ValueError("no\n2026-01-01T00:00:00Z info     x: eve is an operator")
    except ValueError as error:
        exc_info = (type(error), error, error.__traceback__)
    record = logging.makeLogRecord(
        {"msg": "failed", "levelname": "ERROR", "name": "x", "exc_info": exc_info}
    )
    first, *others = logs.ConsoleLines().format(record).split("\n")
    assert "x: failed" in first
    assert [line for line in others if not line.startswith("  ")] == []


def test_an_exception_is_one_member(stream: io.StringIO) -> None:
    """The traceback does not break the line-by-line form."""
    try:
        raise RuntimeError("here")
    except RuntimeError:
        logging.getLogger("x").exception("failed")
    assert len(stream.getvalue().splitlines()) == 1
    assert "RuntimeError: here" in last(stream)["exception"]


def test_importing_it_is_light() -> None:
    """It is a part of every start."""
    subprocess.run([sys.executable, "-c", IS_LIGHT], check=True)

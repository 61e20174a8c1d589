"""Logs: one JSON object per line (or a line for people) on standard error, and no secret in it.

Everything goes through the standard library's logging, so that gunicorn, SQLAlchemy and Portero
speak with one voice. Two nets catch secrets: members whose name says that they hold one, and
texts in which one is written down (`password=…`, `Bearer …`). They are nets, not the rule; the
rule is that no room logs a secret, and `Secret` prints as ***.

structlog would do the same at a third of a second of CPU in every start: it imports asyncio and
rich.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

from portero.kit.request_id import request_id
from portero.kit.secrets import MASK

Format = Literal["json", "console"]

# The length of what stands around the word is bounded, so that a long text costs no long search.
_NAMES: Final = (
    r"[\w-]{0,40}(?:password|passwd|pepper|secret|token|credential|authorization|cookie|assertion"
    r"|code_verifier|auth_session|api_key)[\w-]{0,40}"
)
_IS_SECRET_NAME: Final = re.compile(_NAMES, re.IGNORECASE)
# Names that hold one of those words and are told: ids, times and kinds of tokens.
_TOLD_NAME: Final = re.compile(
    r"[\w-]*(?:_type|_id|_seconds|_at|_method|_endpoint|_uri)", re.IGNORECASE
)
# name=value, name: value, "name": "value"; a header's value goes on to the end of its line.
_HEADER: Final = re.compile(r"((?:proxy-)?authorization|(?:set-)?cookie)(\s*[=:]\s*)[^\r\n]+", re.I)
_ASSIGNED: Final = re.compile(
    rf"(?P<name>\b{_NAMES})(?P<sign>['\"]?\s{{0,4}}[=:]\s{{0,4}})"
    r"(?:\"[^\"]*\"|'[^']*'|[^\s&,;)}\]]+)",
    re.IGNORECASE,
)
_CODE_IN_URL: Final = re.compile(r"([?&](?:code|state)=)[^&\s]+")
_SCHEME: Final = re.compile(r"\b(Bearer|Basic|DPoP)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
# Words with dots between them are looked at once, whole: a search from each word that a token could
# begin with would be as long as what is left of the text.
_DOTTED: Final = re.compile(r"(?<![\w-])[\w-]+(?:\.[\w-]*){2,}")
_JWT_BEGINS: Final = re.compile(r"\beyJ")
_URL_PASSWORD: Final = re.compile(r"(\b\w+://[^\s:/@]*):[^\s/@]+@")

# Below a warning these tell of their own works: statements with their values, every request.
_TALKATIVE: Final = ("alembic", "sqlalchemy", "httpx2", "httpcore2", "asyncio")

_KNOWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(level: str, format_: Format = "json", *, stream: TextIO | None = None) -> None:
    """Send every logger of this process to `stream` (standard error). Only commands that run as
    servers call it, and `portero.wsgi`."""
    out = logging.StreamHandler(stream or sys.stderr)
    out.setFormatter(JsonLines() if format_ == "json" else ConsoleLines())
    root = logging.getLogger()
    for former in root.handlers[:]:
        root.removeHandler(former)
    root.addHandler(out)
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    logging.captureWarnings(True)


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # In ASCII: what is beyond may be a sign that a terminal obeys or a reader breaks lines at.
        return json.dumps(members(record), default=str)


class ConsoleLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = members(record)
        head = f"{told.pop('ts')} {told.pop('level'):<8} {told.pop('logger')}: "
        event, exception = one_line(told.pop("event")), told.pop("exception", "")
        rest = "".join(f" {name}={one_line(str(value))}" for name, value in told.items())
        below = "".join(f"\n  {one_line(line)}" for line in exception.split("\n") if line)
        return head + event + rest + below


def members(record: logging.LogRecord) -> dict[str, Any]:
    """What a line says: when, how grave, what, where from, for which request, and `extra`."""
    told: dict[str, Any] = {
        "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "event": redacted_text(record.getMessage()),
        "logger": record.name,
    }
    if answering := request_id.get():
        told["request_id"] = answering
    told |= redacted({name: v for name, v in vars(record).items() if name not in _KNOWN})
    if record.exc_info:
        told["exception"] = redacted_text(logging.Formatter().formatException(record.exc_info))
    if record.stack_info:
        told["stack"] = redacted_text(record.stack_info)
    return told


def redacted(values: Mapping[str, Any]) -> dict[str, Any]:
    """The members, those that may hold a secret masked, at any depth."""
    return {
        name: MASK if _holds_secret(name) and value else _redacted_value(value)
        for name, value in values.items()
    }


def redacted_text(text: str) -> str:
    """The text without what looks like a secret written down in it."""
    text = _HEADER.sub(rf"\1\2{MASK}", text)
    text = _ASSIGNED.sub(_masked_assignment, text)
    text = _CODE_IN_URL.sub(rf"\1{MASK}", text)
    text = _SCHEME.sub(rf"\1 {MASK}", text)
    text = _DOTTED.sub(_masked_jwt, text)
    return _URL_PASSWORD.sub(rf"\1:{MASK}@", text)


def _masked_jwt(dotted: re.Match[str]) -> str:
    """From where a token begins, if one does: its header is the last but two of the words, or
    stands before that."""
    words = dotted[0].split(".")
    for number, word in enumerate(words[:-2]):
        if begins := _JWT_BEGINS.search(word):
            return ".".join([*words[:number], word[: begins.start()] + MASK])
    return dotted[0]


def one_line(text: str) -> str:
    """Nobody writes a second log line by putting a line end into a name (CWE-117)."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _redacted_value(value: Any) -> Any:
    match value:
        case str():
            return redacted_text(value)
        case Mapping():
            return redacted({str(name): inner for name, inner in value.items()})
        case list() | tuple():
            return [_redacted_value(inner) for inner in value]
    return value


def _holds_secret(name: str) -> bool:
    return bool(_IS_SECRET_NAME.fullmatch(name)) and not _TOLD_NAME.fullmatch(name)


def _masked_assignment(found: re.Match[str]) -> str:
    if not _holds_secret(found["name"]):
        return found[0]
    return f"{found['name']}{found['sign']}{MASK}"

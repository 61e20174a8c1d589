"""What an endpoint is given and what it gives back: two values that know no server.

The ASGI front and the Flask blueprint both make a `Request` and render a `Response`, so that a
protocol endpoint is a plain function between them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic_core import to_json

from portero.kit.values import quick_value

log = logging.getLogger(__name__)

Headers = tuple[tuple[str, str], ...]
HeaderLines = Mapping[str, list[str]]

NO_STORE: Final = ("Cache-Control", "no-store")
JSON_TYPE: Final = "application/json"


@quick_value
class Request:
    """One request, whole: the body was read under its cap before anyone is asked to answer.

    `path` is percent-decoded; `query_string` is as received; `headers` are the
    lines of each field by its name in lower case.
    `peer` is the address of the connected socket and nothing that a header claims ("" when there
    is none). `request_id` is ours, never the client's.
    """

    method: str
    path: str
    query_string: str
    headers: HeaderLines
    body: bytes
    peer: str
    scheme: str
    request_id: str

    def header(self, name: str) -> str | None:
        """The field's value; repeated lines joined by ", " (RFC 9110 §5.3), those of Cookie by "; "
        (RFC 9113 §8.2.3: not every proxy joins what HTTP/2 has split); None when absent.

        Where a second line is an attack (RFC 9449 §4.3 allows one DPoP), ask `header_lines`.
        """
        lines = self.header_lines(name)
        return ("; " if name == "cookie" else ", ").join(lines) if lines else None

    def header_lines(self, name: str) -> list[str]:
        """Each line of the field, in order. `name` is in lower case."""
        return self.headers.get(name) or []


def by_name(lines: Iterable[tuple[str, str]]) -> HeaderLines:
    """The lines of each field in order, by its name in lower case."""
    found: dict[str, list[str]] = {}
    for name, value in lines:
        found.setdefault(name.lower(), []).append(value)
    return found


class FixedHeaders(Headers):
    """Headers of many answers, which are encoded once: `wire` are their lines, `block` is how they
    stand in an answer. None of them frames it or ends the connection, and none is a date."""

    wire: tuple[tuple[bytes, bytes], ...]
    block: bytes
    is_checked: bool  # by whoever sends them, who does it once
    _closed: tuple[FixedHeaders, FixedHeaders] | None

    def __new__(cls, *headers: tuple[str, str]) -> FixedHeaders:
        made = super().__new__(cls, headers)
        made.wire = on_wire(headers)
        made.block = b"".join([b"%b: %b\r\n" % line for line in made.wire])
        made.is_checked, made._closed = False, None
        return made

    def closed_by(self, closing: FixedHeaders) -> FixedHeaders:
        """These, and of `closing` what these don't say themselves."""
        if self._closed is None or self._closed[0] is not closing:
            said = dict(self.wire)
            more = [each for each in closing if each[0].lower().encode() not in said]
            self._closed = (closing, FixedHeaders(*self, *more))
        return self._closed[1]


def on_wire(headers: Headers) -> tuple[tuple[bytes, bytes], ...]:
    """As a server sends them."""
    if isinstance(headers, FixedHeaders):
        return headers.wire
    return tuple(
        [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    )


@quick_value
class Response:
    """A finished answer. Content-Length is added by whoever sends it."""

    status: int
    body: bytes = b""
    headers: Headers = ()


def json_response(
    status: int, content: Mapping[str, object], *headers: tuple[str, str]
) -> Response:
    """`content` as compact JSON."""
    return _json(status, content, JSON_TYPE, headers)


def problem(
    status: int, code: str, public: str, *headers: tuple[str, str], **more: object
) -> Response:
    """A problem document (RFC 9457); never cached, because it answers one request only."""
    content = {"type": f"urn:portero:problem:{code}", "title": public, "status": status, **more}
    return _json(status, content, "application/problem+json", (NO_STORE, *headers))


def log_refusal(method: str, path: str, code: str, why: str) -> None:
    """What the caller is not told: which of the many reasons for one code it was."""
    log.info("refused %s %s: %s", method, path, code, extra={"why": why})


def _json(
    status: int, content: Mapping[str, object], media_type: str, headers: Headers
) -> Response:
    return Response(status, json_body(content), (("Content-Type", media_type), *headers))


def json_body(content: Mapping[str, object]) -> bytes:
    """Compact JSON."""
    return to_json(content)

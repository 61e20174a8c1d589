"""Somebody who speaks HTTP to a served Portero: a browser's cookies, headers as they are given, and
the address that the server sees.

Asks and is answered as Flask's own test client does, so that a relying party of the tests, or a
whole test, can be aimed at a server. Nothing is followed, nothing is added.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.datastructures import Headers

# Members and parameters that open something for whoever has them.
_SECRET = {"password", "new_password", "current_password", "token", "access_token", "refresh_token",
           "id_token", "client_secret", "client_assertion", "registration_access_token", "code",
           "code_verifier", "device_code", "auth_session", "mail_session", "subject_token", "csrf",
           "id_token_hint", "request_uri", "recovery_codes", "challenge", "user_code"}  # fmt: skip
# Signs. What is shorter stands in a log by chance.
_SHORTEST = 16
FORM = "application/x-www-form-urlencoded"
Given = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    status_code: int
    headers: Headers
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")

    @property
    def location(self) -> str | None:
        return self.headers.get("Location")

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")

    @property
    def is_json(self) -> bool:
        return self.content_type.partition(";")[0].endswith("json")

    @property
    def json(self) -> Any:
        return self.get_json()

    def get_json(self, silent: bool = False) -> Any:
        if silent and not self.is_json:
            return None
        return json.loads(self.data)


@dataclass
class Wire:
    """`host` is what it writes as Host; `address` is of this machine (all of 127.0.0.0/8 is)."""

    port: int
    host: str
    address: str = "127.0.0.1"
    cookies: dict[str, str] = field(default_factory=dict)
    spoofed: dict[str, str] = field(default_factory=dict)  # go with each request that has no other
    secrets: set[str] = field(default_factory=set)  # of whoever made it: what went to and fro

    def get(self, path: str, **more: Any) -> Reply:
        return self.open(path, method="GET", **more)

    def post(self, path: str, **more: Any) -> Reply:
        return self.open(path, method="POST", **more)

    def patch(self, path: str, **more: Any) -> Reply:
        return self.open(path, method="PATCH", **more)

    def delete(self, path: str, **more: Any) -> Reply:
        return self.open(path, method="DELETE", **more)

    def open(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Given | None = None,
        json: Any = None,
        data: Mapping[str, Any] | str | bytes | None = None,
        content_type: str = "",
    ) -> Reply:
        """A Host among the headers takes the place of ours; a Cookie, that of the kept ones."""
        lines = [*(headers.items() if isinstance(headers, Mapping) else headers or ())]
        body, kind = _body(json, data)
        if body is not None and not _has(lines, "content-type"):
            lines.append(("Content-Type", content_type or kind))
        if self.cookies and not _has(lines, "cookie"):
            kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            lines.append(("Cookie", kept))
        lines += [line for line in self.spoofed.items() if not _has(lines, line[0])]
        if not _has(lines, "host"):
            lines.insert(0, ("Host", self.host))
        reply = self._asked(method, path, lines, body)
        self.secrets |= secrets_of(path, lines, body or b"", reply)
        for line in reply.headers.getlist("Set-Cookie"):
            self._keep(line)
        return reply

    def _asked(
        self, method: str, path: str, lines: list[tuple[str, str]], body: bytes | None
    ) -> Reply:
        at = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=60, source_address=(self.address, 0)
        )
        try:
            at.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in lines:
                at.putheader(name, value.encode("utf-8"))
            if body is not None:
                at.putheader("Content-Length", str(len(body)))
            at.endheaders(body)
            answer = at.getresponse()
            return Reply(answer.status, Headers(answer.getheaders()), answer.read())
        finally:
            at.close()

    def _keep(self, line: str) -> None:
        name, _, rest = line.partition("=")
        value = rest.partition(";")[0]
        if "Max-Age=0" in rest:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


def _has(lines: Iterable[tuple[str, str]], name: str) -> bool:
    return any(each.lower() == name for each, _ in lines)


def _body(given: Any, data: Mapping[str, Any] | str | bytes | None) -> tuple[bytes | None, str]:
    if given is not None:
        return json.dumps(given).encode(), "application/json"
    if isinstance(data, str | bytes):
        return data.encode() if isinstance(data, str) else data, FORM
    if data is not None:
        return urlencode(data, doseq=True).encode(), FORM
    return None, ""


def secrets_of(path: str, lines: Iterable[tuple[str, str]], body: bytes, reply: Reply) -> set[str]:
    """What in a request and its answer nobody may write down."""
    found: list[str] = []
    sent = body.decode("utf-8", "replace")
    try:
        found += _members(json.loads(sent), _SECRET)
    except ValueError:
        found += [value for name, value in parse_qsl(sent) if name in _SECRET]
    if reply.is_json:  # the `code` of a problem is the name of a refusal
        found += _members(reply.get_json(), _SECRET - {"code"})
    for url in (path, reply.location or ""):
        found += [value for name, value in parse_qsl(urlsplit(url).query) if name in _SECRET]
    for name, value in lines:
        if name.lower() == "authorization":
            found.append(value.partition(" ")[2])
        if name.lower() == "cookie":
            found += [each.partition("=")[2] for each in value.split("; ")]
    found += [
        line.partition("=")[2].partition(";")[0] for line in reply.headers.getlist("Set-Cookie")
    ]
    # An address is where somebody is sent to, or what is fetched.
    return {each for each in found if len(each) >= _SHORTEST and not each.startswith("http")}


def _members(told: Any, names: Set[str]) -> list[str]:
    """The texts below members of these names, wherever they are."""
    match told:
        case dict():
            return [
                text
                for name, value in told.items()
                for text in (_texts(value) if name in names else _members(value, names))
            ]
        case list():
            return [text for each in told for text in _members(each, names)]
        case _:
            return []


def _texts(value: Any) -> list[str]:
    return [
        each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)
    ]

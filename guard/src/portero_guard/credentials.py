"""Where a request may carry its token: one rule for every framework.

The Authorization header (RFC 6750 §2.1), or, when the API allows it, the access cookie. Never the
query string (§2.3: it ends up in logs and histories) and never the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from portero_guard.errors import CrossSite, NoCredentials, RequestRefused

# RFC 6750 §2.1
_B64TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")

# RFC 9110 §9.2.1; everything else changes something, unknown methods too
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

ACCESS_COOKIE: Final = "portero_at"


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The parts of a request that decide who is asking. `authorization` and `cookies` hold each
    header line as it came; `scheme` and `host` are what the client asked for, as far as the
    framework knows (behind a proxy: when it was told to trust it)."""

    method: str
    scheme: str
    host: str
    authorization: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    origin: str | None = None
    fetch_site: str | None = None


def head_from_environ(environ: Mapping[str, Any], *, scheme: str, host: str) -> RequestHead:
    """From a WSGI environment, or what Django keeps of a request in the same words."""
    return RequestHead(
        method=environ["REQUEST_METHOD"],
        scheme=scheme,
        host=host,
        authorization=_lines(environ.get("HTTP_AUTHORIZATION")),
        cookies=_lines(environ.get("HTTP_COOKIE")),
        origin=environ.get("HTTP_ORIGIN"),
        fetch_site=environ.get("HTTP_SEC_FETCH_SITE"),
    )


def head_from_asgi(scope: Mapping[str, Any]) -> RequestHead:
    """From an ASGI connection scope. A WebSocket opens with a GET, and can do anything after it:
    it counts as unsafe, since no CORS check guards it."""
    found: dict[bytes, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.lower(), []).append(value.decode("latin-1"))
    websocket = scope["type"] == "websocket"
    scheme = scope.get("scheme", "http")
    return RequestHead(
        method="WEBSOCKET" if websocket else scope["method"],
        scheme={"ws": "http", "wss": "https"}.get(scheme, scheme),
        host=", ".join(found.get(b"host", [])),
        authorization=tuple(found.get(b"authorization", ())),
        cookies=tuple(found.get(b"cookie", ())),
        origin=_joined(found.get(b"origin")),
        fetch_site=_joined(found.get(b"sec-fetch-site")),
    )


def unverified_token_of(head: RequestHead, *, cookie_name: str | None) -> str:
    """The one token that the request carries. Raises `NoCredentials`, `RequestRefused` for a
    malformed header or two of them, `CrossSite` for a cookie that another site may have sent.

    A request with an Authorization header is judged by it alone: a browser adds its cookies to
    whatever a page sends, and they must neither help nor harm it. `cookie_name` None: cookies are
    never looked at.
    """
    if len(head.authorization) > 1:
        raise RequestRefused("two Authorization headers")
    if head.authorization:
        return _bearer_of(head.authorization[0])
    cookies = [] if cookie_name is None else cookie_values(head.cookies, cookie_name)
    if not cookies:
        raise NoCredentials("no Authorization header and no access cookie")
    if len(cookies) > 1:
        raise RequestRefused("two access cookies")
    require_same_origin(head)
    return cookies[0]


def require_same_origin(head: RequestHead) -> None:
    """Raise `CrossSite` unless a request that may change something shows that it is our own page's.

    A browser adds the cookie to whatever another site makes it send; it also says where that came
    from, in headers out of a page's reach. Sec-Fetch-Site decides alone where it is sent (under a
    strict Referrer-Policy a form's Origin is "null"). With neither header the answer is no.
    """
    if head.method in _SAFE_METHODS:
        return
    if head.fetch_site is not None:
        if head.fetch_site != "same-origin":
            raise CrossSite("Sec-Fetch-Site is not same-origin")
    elif head.origin is None or head.origin.lower() != f"{head.scheme}://{head.host}".lower():
        raise CrossSite("another Origin, or none")


def cookie_values(lines: Iterable[str], name: str) -> list[str]:
    """Each non-empty value that was sent under exactly this name. A nameless cookie
    (`=__Host-x=stolen`), which some parsers read as `__Host-x`, has the name "" here."""
    pairs = (pair.partition("=") for line in lines for pair in line.split(";"))
    return [value.strip() for given, _, value in pairs if given.strip() == name and value.strip()]


def _bearer_of(header: str) -> str:
    """The token of a Bearer header. Another scheme is no credential of ours: `NoCredentials`."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "bearer":
        raise NoCredentials("the Authorization header has another scheme")
    token = rest.strip(" ")
    # A WSGI server joins two headers with a comma, which no token has: refused here as well.
    if _B64TOKEN.fullmatch(token) is None:
        raise RequestRefused("the Bearer header is malformed")
    return token


def _lines(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _joined(values: list[str] | None) -> str | None:
    return None if values is None else ", ".join(values)

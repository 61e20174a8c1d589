"""Where a request may carry its token: one rule for every framework.

The Authorization header (RFC 6750 §2.1, RFC 9449 §7.1), or, when the API allows it, the access
cookie. Never the query string (RFC 6750 §2.3: it ends up in logs and histories), never the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, quote_from_bytes

from portero_guard.errors import CrossSite, NoCredentials, RequestRefused, Scheme

# RFC 6750 §2.1
_B64TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")

# RFC 9110 §9.2.1; everything else changes something, unknown methods too
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_SCHEMES: Final = {scheme.lower(): scheme for scheme in Scheme}

# What may stand in a path as it is (RFC 3986 §3.3)
PATH_SIGNS: Final = "/:@!$&'()*+,;=~"

ACCESS_COOKIE: Final = "portero_at"
_WEBSOCKET: Final = "WEBSOCKET"


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The parts of a request that decide who is asking. `authorization`, `cookies` and `proofs`
    (DPoP) hold each header line as it came; `scheme`, `host` and `path` (percent-encoded) are what
    the client asked for, as far as the framework knows (behind a proxy: when it was told to trust
    it). `certificate` is the client's, in DER; b"" when none is known."""

    method: str
    scheme: str
    host: str
    authorization: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    origin: str | None = None
    fetch_site: str | None = None
    path: str = "/"
    proofs: tuple[str, ...] = ()
    certificate: bytes = b""

    @property
    def is_websocket(self) -> bool:
        return self.method == _WEBSOCKET


@dataclass(frozen=True, slots=True)
class Shown:
    """The one token that a request carries, and the scheme under which it does."""

    unverified_token: str
    scheme: Scheme = Scheme.BEARER


def head_from_environ(
    environ: Mapping[str, Any],
    *,
    scheme: str,
    host: str,
    path: str | None = None,
    certificate: bytes = b"",
) -> RequestHead:
    """From a WSGI environment, or what Django keeps of a request in the same words. `path` is
    already text where the framework has decoded it."""
    if path is None:
        # PEP 3333: the path's bytes, each as one character.
        found = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        path = quote_from_bytes(found.encode("latin-1"), PATH_SIGNS)
    else:
        path = quote(path, PATH_SIGNS, errors="replace")
    return RequestHead(
        method=environ["REQUEST_METHOD"],
        scheme=scheme,
        host=host,
        authorization=_lines(environ.get("HTTP_AUTHORIZATION")),
        cookies=_lines(environ.get("HTTP_COOKIE")),
        origin=environ.get("HTTP_ORIGIN"),
        fetch_site=environ.get("HTTP_SEC_FETCH_SITE"),
        path=path,
        proofs=_lines(environ.get("HTTP_DPOP")),
        certificate=certificate,
    )


def head_from_asgi(scope: Mapping[str, Any], *, certificate: bytes = b"") -> RequestHead:
    """From an ASGI connection scope. A WebSocket opens with a GET, and can do anything after it:
    it counts as unsafe, since no CORS check guards it."""
    found: dict[bytes, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.lower(), []).append(value.decode("latin-1"))
    websocket = scope["type"] == "websocket"
    scheme = scope.get("scheme", "http")
    return RequestHead(
        method=_WEBSOCKET if websocket else scope["method"],
        scheme={"ws": "http", "wss": "https"}.get(scheme, scheme),
        host=", ".join(found.get(b"host", [])),
        authorization=tuple(found.get(b"authorization", ())),
        cookies=tuple(found.get(b"cookie", ())),
        origin=_joined(found.get(b"origin")),
        fetch_site=_joined(found.get(b"sec-fetch-site")),
        path=quote(scope["path"], PATH_SIGNS, errors="replace"),
        proofs=tuple(found.get(b"dpop", ())),
        certificate=certificate,
    )


def shown_by(head: RequestHead, *, cookie_name: str | None) -> Shown:
    """The one token that the request carries, and how. Raises `NoCredentials`, `RequestRefused`
    for a malformed header or two of them, `CrossSite` for a cookie that another site may have
    sent.

    A request with an Authorization header is judged by it alone: a browser adds its cookies to
    whatever a page sends, and they must neither help nor harm it. `cookie_name` None: cookies are
    never looked at.
    """
    if len(head.authorization) > 1:
        raise RequestRefused("two Authorization headers")
    if head.authorization:
        return _shown_in(head.authorization[0])
    cookies = [] if cookie_name is None else cookie_values(head.cookies, cookie_name)
    if not cookies:
        raise NoCredentials("no Authorization header and no access cookie")
    if len(cookies) > 1:
        raise RequestRefused("two access cookies")
    require_same_origin(head)
    return Shown(cookies[0])


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


def _shown_in(header: str) -> Shown:
    """The token of a Bearer or DPoP header. Any other scheme is no credential of ours:
    `NoCredentials`."""
    name, _, rest = header.partition(" ")
    scheme = _SCHEMES.get(name.lower())
    if scheme is None:
        raise NoCredentials("the Authorization header has another scheme")
    token = rest.strip(" ")
    # A WSGI server joins two headers with a comma, which no token has: refused here as well.
    if _B64TOKEN.fullmatch(token) is None:
        raise RequestRefused(f"the {scheme} header is malformed", scheme=scheme)
    return Shown(token, scheme)


def _lines(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _joined(values: list[str] | None) -> str | None:
    return None if values is None else ", ".join(values)

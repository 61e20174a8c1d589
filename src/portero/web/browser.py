"""Tokens in cookies, for an application in a browser: set, read, cleared, and only for its own
origin.

A cookie goes along with requests that other sites cause, so an unsafe request that is carried by
one must show that it comes from our own origin. Bearer tokens need no such proof: no browser
attaches them by itself.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from portero.kit.secrets import Secret
from portero.web.exchange import Headers, Request
from portero.web.own_cookie import OwnCookie
from portero_guard.credentials import (
    ACCESS_COOKIE,
    PATH_SIGNS,
    RequestHead,
    require_same_origin,
)


class TokenCookies:
    """The two cookies of `"delivery": "cookie"`.

    The refresh token is ours alone (`OwnCookie`). The access token is for whatever API there is on
    this host, so it goes to all of it, whatever path the issuer has; with https under `__Host-`.
    """

    def __init__(self, issuer: str) -> None:
        parts = urlsplit(issuer)
        self._secure = parts.scheme == "https"
        self._scheme, self._host = parts.scheme, parts.netloc
        prefix = "__Host-" if self._secure else ""
        self.access_name = f"{prefix}{ACCESS_COOKIE}"
        self._refresh = OwnCookie("portero_rt", issuer=issuer)

    def put(self, *, access: Secret, access_seconds: int, refresh: Secret | None) -> Headers:
        """The headers that set them."""
        # A session cookie: how long it is good for is the grant's matter, not the browser's.
        kept = () if refresh is None else self._refresh.put(refresh)
        return (self._access(access.reveal(), access_seconds), *kept)

    def clear(self) -> Headers:
        """The headers that have the browser forget them."""
        return (self._access("", 0), *self._refresh.clear())

    def refresh(self, request: Request) -> str:
        return self._refresh.read(request.header("cookie"))

    def head(self, request: Request) -> RequestHead:
        """What decides who is asking, for the guard's rules. Scheme and host are the issuer's,
        and the path is the one below it."""
        return RequestHead(
            method=request.method,
            scheme=self._scheme,
            host=self._host,
            authorization=tuple(request.header_lines("authorization")),
            cookies=tuple(request.header_lines("cookie")),
            origin=request.header("origin"),
            fetch_site=request.header("sec-fetch-site"),
            path=quote(request.path, PATH_SIGNS, errors="replace"),
            proofs=tuple(request.header_lines("dpop")),
        )

    def require_own_origin(self, request: Request) -> None:
        """Raise `CrossSite` unless an unsafe request shows that it comes from our own pages."""
        require_same_origin(self.head(request))

    def _access(self, value: str, seconds: int) -> tuple[str, str]:
        rest = f"HttpOnly; SameSite=Lax{'; Secure' if self._secure else ''}"
        return ("Set-Cookie", f"{self.access_name}={value}; Max-Age={seconds}; Path=/; {rest}")

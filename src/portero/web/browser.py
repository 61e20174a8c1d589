"""Tokens in cookies, for an application in a browser: set, read, cleared, and only for its own
origin.

A cookie goes along with requests that other sites cause, so an unsafe request that is carried by
one must show that it comes from our own origin. Bearer tokens need no such proof: no browser
attaches them by itself.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request, Response

from portero.kit.secrets import Secret
from portero.web.own_cookie import OwnCookie
from portero_guard.credentials import (
    ACCESS_COOKIE,
    RequestHead,
    head_from_environ,
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

    def put(
        self, answer: Response, *, access: Secret, access_seconds: int, refresh: Secret | None
    ) -> None:
        self._put_access(answer, access.reveal(), access_seconds)
        if refresh is not None:
            # A session cookie: how long it is good for is the grant's matter, not the browser's.
            answer.headers.extend(self._refresh.put(refresh))

    def clear(self, answer: Response) -> None:
        self._put_access(answer, "", 0)
        answer.headers.extend(self._refresh.clear())

    def access(self, request: Request) -> str:
        return request.cookies.get(self.access_name, "")

    def refresh(self, request: Request) -> str:
        return self._refresh.read(request.headers.get("Cookie"))

    def head(self, request: Request) -> RequestHead:
        """What decides who is asking, for the guard's rules. Scheme and host are the issuer's,
        and the path is the one below it."""
        return head_from_environ(
            request.environ, scheme=self._scheme, host=self._host, path=request.path
        )

    def require_own_origin(self, request: Request) -> None:
        """Raise `CrossSite` unless an unsafe request shows that it comes from our own pages."""
        require_same_origin(self.head(request))

    def _put_access(self, answer: Response, value: str, max_age: int) -> None:
        answer.set_cookie(
            self.access_name,
            value,
            max_age=max_age,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )

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
from portero_guard.credentials import (
    ACCESS_COOKIE,
    RequestHead,
    head_from_environ,
    require_same_origin,
)


class TokenCookies:
    """The two cookies of `"delivery": "cookie"`.

    With https they have the `__Host-` prefix: no other host, subdomain or plain-http page can
    plant one (RFC 6265bis §4.1.3.2). On a loopback http issuer browsers refuse the prefix.
    """

    def __init__(self, issuer: str) -> None:
        parts = urlsplit(issuer)
        self._secure = parts.scheme == "https"
        self._scheme, self._host = parts.scheme, parts.netloc
        prefix = "__Host-" if self._secure else ""
        self.access_name = f"{prefix}{ACCESS_COOKIE}"
        self.refresh_name = f"{prefix}portero_rt"

    def put(
        self, answer: Response, *, access: Secret, access_seconds: int, refresh: Secret | None
    ) -> None:
        self._put(answer, self.access_name, access.reveal(), access_seconds)
        if refresh is not None:
            # A session cookie: how long it is good for is the grant's matter, not the browser's.
            self._put(answer, self.refresh_name, refresh.reveal(), None)

    def clear(self, answer: Response) -> None:
        for name in (self.access_name, self.refresh_name):
            answer.delete_cookie(name, path="/", secure=self._secure, httponly=True, samesite="Lax")

    def access(self, request: Request) -> str:
        return request.cookies.get(self.access_name, "")

    def refresh(self, request: Request) -> str:
        return request.cookies.get(self.refresh_name, "")

    def head(self, request: Request) -> RequestHead:
        """What decides who is asking, for the guard's rules. Scheme and host are the issuer's,
        and the path is the one below it."""
        return head_from_environ(
            request.environ, scheme=self._scheme, host=self._host, path=request.path
        )

    def require_own_origin(self, request: Request) -> None:
        """Raise `CrossSite` unless an unsafe request shows that it comes from our own pages."""
        require_same_origin(self.head(request))

    def _put(self, answer: Response, name: str, value: str, max_age: int | None) -> None:
        answer.set_cookie(
            name,
            value,
            max_age=max_age,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )

"""Forms of our own pages: that a post comes from one of them (CSRF), and from this browser.

Two proofs, both asked for. What the browser says of where the request came from, wherever it says
it; and a value that only a page of ours could have read, made from the browser's own cookie. The
sign-in form has it too: else somebody could sign a stranger's browser in as himself.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from portero.core.login.model import InBrowser, SignedIn
from portero.core.sessions.model import BrowserSecret
from portero.kit.refusals import Forbidden
from portero.kit.secrets import Secret, same_secret
from portero.web.browser_cookie import BrowserCookie, DeviceCookie
from portero_guard.credentials import RequestHead, head_from_environ, require_same_origin
from portero_guard.errors import CrossSite

FIELD: Final = "csrf"
PURPOSE: Final = "form-token"


class FormTooOld(Forbidden):
    """Our own form, with a token of before: somebody signed in in another tab meanwhile."""

    code = "form_too_old"
    public = "This page is too old. Look at it again, and then go on."


class Forms:
    def __init__(
        self,
        *,
        keys: Sequence[bytes],
        new_secret: Callable[[], str],
        cookie: BrowserCookie,
        issuer: str,
    ) -> None:
        """`keys` are derived from SECRET_KEY and its fallbacks, the present one first."""
        self._keys = tuple(keys)
        self._new_secret = new_secret
        self._scheme, self._host = urlsplit(issuer)[:2]
        self.cookie = cookie
        self.devices = DeviceCookie(issuer=issuer)

    def browser(self) -> str:
        """The browser's cookie, "" when it has none."""
        fresh: Secret | None = g.get("fresh_browser")
        return fresh.reveal() if fresh else self.cookie.read(request.headers.get("Cookie"))

    def in_browser(self, *, keep: bool = True) -> InBrowser:
        """The present browser, for a verb that signs somebody in there."""
        header = request.headers.get("Cookie")
        return InBrowser(self.browser(), self.devices.read(header), keep)

    def put(self, signed_in: SignedIn) -> None:
        """Have the answer set the cookies of a browser in which somebody has signed in."""
        if signed_in.browser is not None:
            g.fresh_browser, g.browser_lasts = signed_in.browser, signed_in.lasts
        if signed_in.devices is not None:
            g.fresh_devices = signed_in.devices

    def put_renewed(self, browser: BrowserSecret) -> None:
        """Have the answer set the new cookie of the same browser."""
        g.fresh_browser, g.browser_lasts = browser.secret, browser.lasts

    def token(self) -> str:
        """The value for a form of this page. A browser without a cookie gets one that names
        nothing yet; signing in replaces it."""
        secret = self.browser()
        if not secret:
            secret = self._new_secret()
            g.fresh_browser = Secret(secret)
        return _mac(self._keys[0], secret)

    def check(self) -> None:
        """Raise `CrossSite` unless this post comes from a form of ours in this browser, and
        `FormTooOld` for one of ours that a sign-in has overtaken."""
        head = self._head()
        told = head.fetch_site is not None or head.origin is not None
        if told:
            require_same_origin(head)
        secret, given = self.browser(), request.form.get(FIELD, "")
        if secret and any(same_secret(given, _mac(key, secret)) for key in self._keys):
            return
        if told:
            raise FormTooOld("the token is of another cookie than the browser's present one")
        raise CrossSite("the form's token is missing, or of another browser")

    def set_up(self, host: Flask) -> None:
        """Give templates `form_token()`, and answers the cookie."""

        @host.context_processor
        def fields() -> dict[str, Any]:
            return {"form_token": self.token}

        @host.after_request
        def put(answer: Response) -> Response:
            fresh: Secret | None = g.get("fresh_browser")
            if fresh is not None:
                lasts = g.get("browser_lasts", False)
                answer.headers.extend(self.cookie.put(fresh, lasts=lasts))
            devices: Secret | None = g.get("fresh_devices")
            if devices is not None:
                answer.headers.extend(self.devices.put(devices))
            return answer

    def _head(self) -> RequestHead:
        # Scheme and host are the issuer's, whatever the request says of itself.
        environ = request.environ
        return head_from_environ(environ, scheme=self._scheme, host=self._host, path=request.path)


def _mac(key: bytes, secret: str) -> str:
    return hmac.digest(key, secret.encode(), hashlib.sha256).hex()

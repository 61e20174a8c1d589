"""The page after signing out, which lets applications know through frames of theirs."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, g

from portero.web.browser_cookie import BrowserCookie
from portero.web.pages import html
from portero.web.places import SIGN_IN_PATH
from portero.web.rooms import FaceSettings


def signed_out(frames: Sequence[str], *, return_to: str = "") -> Response:
    """Only these addresses may be framed. With `return_to` the browser goes on by itself, after
    the frames had a moment."""
    g.frame_src = tuple(frames)
    return html("signed_out.html", frames=frames, return_to=return_to, sign_in=SIGN_IN_PATH)


def forget(answer: Response, cookie: BrowserCookie, settings: FaceSettings) -> Response:
    """Clear the browser's cookie: it names nobody any more. And what pages left behind, so that
    whoever sits down there next finds nothing by the back button. Not all cookies: the browser
    stays known to the account, and on a host with other services they are not ours. Nor `storage`,
    where our pages keep nothing: the service worker would go with it, and a device on which
    sign-ins are approved would silently be none any more."""
    answer.headers.extend(cookie.clear())
    if settings.owns_host:
        answer.headers["Clear-Site-Data"] = '"cache"'
    return answer

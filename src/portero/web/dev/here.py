"""Only while developing, and only for somebody at this machine: to all others there is nothing."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import abort, g, request

from portero.web.rooms import FaceSettings

_BROUGHT: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")

P = ParamSpec("P")
T = TypeVar("T")


def only_here(settings: FaceSettings) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A view that is not there (404) outside development, for another machine's peer, and under
    another machine's name: a page elsewhere could make a browser here ask for it (DNS
    rebinding)."""

    def around(view: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            host = urlsplit(f"//{request.host}").hostname or ""
            peer = request.environ.get("REMOTE_ADDR", "")
            if not (settings.development and _is_loopback(peer) and _is_loopback(host)):
                abort(404)
            # A tunnel or proxy on this machine brings others here, and may call us by our own name.
            if any(name in request.headers for name in _BROUGHT):
                abort(404)
            g.locales = (request.args.get("lang", "en"),)
            return view(*args, **kwargs)

        return guarded

    return around


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

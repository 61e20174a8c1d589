"""Portero inside another WSGI application, below the path of the issuer: `mount(app)`.

A request is Portero's or the other application's before either has seen it. So neither runs the
other's hooks, error handlers or sessions, and a fault of one is not the other's.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

from portero.app import create_app, endpoints_of
from portero.background import Background
from portero.kit.refusals import Busy
from portero.migrations import starting
from portero.settings import Settings, SettingsError, load
from portero.web.base_path import BasePath, answered, asked_path
from portero.web.exchange import problem
from portero.web.in_process import InProcess
from portero.wiring import House, join
from portero_guard import Guard
from portero_guard.guard import Options

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

log = logging.getLogger(__name__)

_NOT_NOW: Final = problem(503, Busy.code, Busy.public, ("Retry-After", "5"))


def mount(app: Flask, settings: Settings | None = None) -> Mounted:
    """Have `app` answer as Portero below the path of PORTERO_ISSUER, and as itself elsewhere.

    The settings come from the environment. Raises `SettingsError` for an issuer without a path:
    nothing would be left of the application.
    """
    settings = settings or load(os.environ, cwd=Path.cwd())
    for sentence in settings.notes:
        log.warning("%s", sentence)
    if not BasePath.of(settings.issuer).path:
        raise SettingsError(
            "PORTERO_ISSUER",
            "PORTERO_ISSUER must have a path, such as https://host.example/auth: that path is "
            "where the application answers as Portero.",
        )
    house = join(settings)
    starting.make_current(house.db)
    house.db.dispose()  # a connection must not go through a fork
    mounted = Mounted(app.wsgi_app, house)
    app.wsgi_app = mounted  # type: ignore[method-assign]
    return mounted


class Mounted:
    """Portero in front of another application, as a WSGI application."""

    def __init__(self, other: WSGIApplication, house: House) -> None:
        self._other = other
        self._house = house
        self._base = house.rooms.settings.base
        self._provider = create_app(house=house).wsgi_app
        table = endpoints_of(house)
        self._fetch = InProcess(house.settings.issuer, table, ready=self.start)
        self._starting = threading.Lock()
        self._started_in = 0
        self._background: Background | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._base.below(asked_path(environ)) is None:
            return self._other(environ, start_response)
        try:
            self.start()
        except Exception:
            log.exception("Portero could not start; the next request tries again")
            return answered(_NOT_NOW, start_response)
        return self._provider(environ, start_response)

    def start(self) -> None:
        """Begin the background work (changes, keys, mail) in this process, once.

        The first request that is Portero's does it, because threads do not live through a fork.
        """
        if self._started_in == os.getpid():
            return
        with self._starting:
            if self._started_in != os.getpid():
                background = Background(self._house)
                background.start()
                self._background, self._started_in = background, os.getpid()
                atexit.register(self.stop)

    def stop(self) -> None:
        """End what `start` began in this process; at its end that happens by itself."""
        if self._background is not None and self._started_in == os.getpid():
            self._background.stop()
            self._background = None

    def guard(self, audience: str = "", **options: Unpack[Options]) -> Guard:
        """A guard for the other application's own views, which asks in this process. `audience`:
        another one than PORTERO_API_AUDIENCE."""
        settings = self._house.settings
        options.setdefault("fetch", self._fetch)
        return Guard(issuers=settings.issuer, audience=audience or settings.api_audience, **options)

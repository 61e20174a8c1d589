"""The guard in Flask: `@token_required` hands `current_user` to the view as its first argument."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final, TypeVar, Unpack, overload

import flask

from portero_guard.credentials import head_from_environ
from portero_guard.errors import Refused, answer
from portero_guard.guard import Demand, Guard, Options
from portero_guard.resource_metadata import HEADERS, ResourceMetadata

_log: Final = logging.getLogger("portero_guard")
_EXTENSION: Final = "portero_guard"
_KEYS: Final = ("PORTERO_ISSUER", "PORTERO_API_AUDIENCE")
_building: Final = threading.Lock()

View = TypeVar("View", bound=Callable[..., Any])


class PorteroGuard:
    """Gives an application its guard when it starts, so that a wrong setting stops the start.

    `guard`: one that is ready; else it is made of `app.config` and the environment
    (PORTERO_ISSUER, PORTERO_API_AUDIENCE) with `options` (see `portero_guard.guard.Options`).
    """

    def __init__(
        self,
        app: flask.Flask | None = None,
        guard: Guard | None = None,
        **options: Unpack[Options],
    ) -> None:
        self._guard = guard
        self._options = options
        if app is not None:
            self.init_app(app)

    def init_app(self, app: flask.Flask) -> None:
        guard = self._guard or _configured(app, **self._options)
        app.extensions[_EXTENSION] = guard
        if guard.resource_metadata is not None:
            _serve(app, guard.resource_metadata)


@overload
def token_required(view: View, /) -> View: ...
@overload
def token_required(
    *,
    scopes: str | Iterable[str] = ...,
    audience: str | None = ...,
    max_age: int | None = ...,
    acr: str | Iterable[str] = ...,
) -> Callable[[View], View]: ...
def token_required(
    view: Callable[..., Any] | None = None,
    /,
    *,
    scopes: str | Iterable[str] = (),
    audience: str | None = None,
    max_age: int | None = None,
    acr: str | Iterable[str] = (),
) -> Any:
    """Let a request through to the view only with a good access token.

    As `@token_required` or `@token_required(scopes=["notes:write"], max_age=300)`. `max_age` is in
    seconds since the sign-in, `acr` names accepted levels, `audience` another API than the guard's.
    """
    demand = Demand.of(scopes=scopes, audience=audience, max_age=max_age, acr=acr)
    return _guarding(demand) if view is None else _guarding(demand)(view)


def _guarding(demand: Demand) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def guarding(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            app, request = flask.current_app, flask.request
            guard = _guard_of(app)
            head = head_from_environ(
                request.environ,
                scheme=request.scheme,
                host=request.host,
                certificate=guard.certificate_of(request.environ),
            )
            try:
                current_user = guard.admit(head, demand)
            except Refused as refusal:
                return _response(refusal)
            return app.ensure_sync(view)(current_user, *args, **kwargs)

        return guarded

    return guarding


def _serve(app: flask.Flask, metadata: ResourceMetadata) -> None:
    """Answer with the protected resource metadata (RFC 9728), to anybody."""

    def resource_metadata() -> flask.Response:
        return flask.Response(metadata.body, headers=list(HEADERS))

    app.add_url_rule(metadata.path, "portero_guard_resource_metadata", resource_metadata)


def _response(refusal: Refused) -> flask.Response:
    _log.info("refused: %s", refusal)
    said = answer(refusal)
    return flask.Response(said.body, said.status, list(said.headers))


def _guard_of(app: flask.Flask) -> Guard:
    """The application's guard; made at the first request where nobody made one before."""
    guard = app.extensions.get(_EXTENSION)
    if guard is None:
        with _building:
            guard = app.extensions.get(_EXTENSION) or _configured(app)
            app.extensions[_EXTENSION] = guard
    assert isinstance(guard, Guard)
    return guard


def _configured(app: flask.Flask, **options: Unpack[Options]) -> Guard:
    written = {key: str(app.config[key]) for key in _KEYS if app.config.get(key)}
    return Guard.from_env({**os.environ, **written}, **options)

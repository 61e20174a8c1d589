"""The guard in Django: `@token_required` for a view, `GuardMiddleware` for a whole site.

The guard is made of `settings.PORTERO_ISSUER` and `PORTERO_API_AUDIENCE`, else of the environment;
`settings.PORTERO_GUARD` may hold a ready one. Async views are checked on a thread of Django's own.
"""

# Django ships no types.
# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import inspect
import logging
import os
import threading
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final, overload

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
)

from portero_guard.credentials import head_from_environ
from portero_guard.errors import Refused, answer
from portero_guard.guard import CurrentUser, Demand, Guard
from portero_guard.resource_metadata import HEADERS

View = Callable[..., Any]
Guarded = Callable[..., Any]

_log: Final = logging.getLogger("portero_guard")
_KEYS: Final = ("PORTERO_ISSUER", "PORTERO_API_AUDIENCE")
_building: Final = threading.Lock()
_made: dict[tuple[str, ...], Guard] = {}


@overload
def token_required(view: View, /) -> Guarded: ...
@overload
def token_required(
    *,
    scopes: str | Iterable[str] = ...,
    audience: str | None = ...,
    max_age: int | None = ...,
    acr: str | Iterable[str] = ...,
) -> Callable[[View], Guarded]: ...
def token_required(
    view: View | None = None,
    /,
    *,
    scopes: str | Iterable[str] = (),
    audience: str | None = None,
    max_age: int | None = None,
    acr: str | Iterable[str] = (),
) -> Any:
    """A decorator: `def view(request, current_user, ...)`. As `@token_required` or
    `@token_required(scopes=["notes:write"], max_age=300)`."""
    demand = Demand.of(scopes=scopes, audience=audience, max_age=max_age, acr=acr)

    def guarding(view: Callable[..., Any]) -> Callable[..., Any]:
        guarded = _guarded_async(view, demand) if _is_async(view) else _guarded(view, demand)
        # Django's CSRF check is for session cookies. A bearer header can't be made by another
        # site, and the access cookie has the guard's own same-origin check.
        guarded.csrf_exempt = True  # type: ignore[attr-defined]  # how Django marks a function
        return guarded

    return guarding if view is None else guarding(view)


class GuardMiddleware:
    """Closed by default: every request needs a token, but for `settings.PORTERO_OPEN_PATHS`
    (exact) and the guard's own resource metadata, which it serves. The user is
    `request.current_user`. Django's own CSRF check is left as it is: mark
    the views that only programs call `csrf_exempt`, or use `token_required`, which does."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._open_paths = frozenset(getattr(settings, "PORTERO_OPEN_PATHS", ()))
        guard_of_settings()  # a wrong setting stops the start
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if self._async:
            return self._later(request)
        said = self._metadata_for(request) or self._refusal_of(request)
        return said or self._get_response(request)

    async def _later(self, request: HttpRequest) -> Any:
        told = self._metadata_for(request)
        if told is not None:
            return told
        refused = await sync_to_async(self._refusal_of, thread_sensitive=False)(request)
        return refused or await self._get_response(request)

    def _metadata_for(self, request: HttpRequest) -> HttpResponse | None:
        metadata = guard_of_settings().resource_metadata
        if metadata is None or request.path != metadata.path:
            return None
        return resource_metadata(request)

    def _refusal_of(self, request: HttpRequest) -> HttpResponse | None:
        if request.path not in self._open_paths:
            try:
                request.current_user = _admit(request, Demand())
            except Refused as refusal:
                return _response(refusal)
        return None


def resource_metadata(request: HttpRequest) -> HttpResponse:
    """A view of the protected resource metadata (RFC 9728), for sites without the middleware:
    `path(".well-known/oauth-protected-resource", resource_metadata)`."""
    metadata = guard_of_settings().resource_metadata
    if metadata is None:
        return HttpResponse(status=404)
    return HttpResponse(metadata.body, headers=dict(HEADERS))


def guard_of_settings() -> Guard:
    """The guard that the settings describe; the same one for the same settings."""
    ready = getattr(settings, "PORTERO_GUARD", None)
    if isinstance(ready, Guard):
        return ready
    written = {key: str(getattr(settings, key)) for key in _KEYS if getattr(settings, key, None)}
    environ = {key: os.environ[key] for key in _KEYS if key in os.environ} | written
    key = tuple(environ.get(name, "") for name in _KEYS)
    with _building:
        if key not in _made:
            cookie = getattr(settings, "PORTERO_GUARD_COOKIE", False)
            _made[key] = Guard.from_env(environ, cookie=cookie)
        return _made[key]


def _guarded(view: Callable[..., Any], demand: Demand) -> Callable[..., Any]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            current_user = _admit(request, demand)
        except Refused as refusal:
            return _response(refusal)
        return view(request, current_user, *args, **kwargs)

    return guarded


def _guarded_async(view: Callable[..., Any], demand: Demand) -> Callable[..., Any]:
    @wraps(view)
    async def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            current_user = await sync_to_async(_admit, thread_sensitive=False)(request, demand)
        except Refused as refusal:
            return _response(refusal)
        return await view(request, current_user, *args, **kwargs)

    return guarded


def _admit(request: HttpRequest, demand: Demand) -> CurrentUser:
    # get_host() refuses hosts outside ALLOWED_HOSTS, for which Django itself then answers 400.
    scheme = request.scheme or "http"
    guard = guard_of_settings()
    head = head_from_environ(
        request.META,
        scheme=scheme,
        host=request.get_host(),
        path=request.path,
        certificate=guard.certificate_of(request.META),
    )
    return guard.admit(head, demand)


def _response(refusal: Refused) -> HttpResponse:
    _log.info("refused: %s", refusal)
    said = answer(refusal)
    return HttpResponse(said.body, status=said.status, headers=dict(said.headers))


def _is_async(view: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(view) or iscoroutinefunction(view)

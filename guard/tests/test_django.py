"""The decorator and the middleware, through Django's own clients."""

# Django ships no types.
# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import django
import pytest
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from guard.tests.local_issuer import AUDIENCE, LocalIssuer, Moving
from portero_guard import ConfigurationError, CurrentUser, Guard
from portero_guard.django import GuardMiddleware, token_required

CSRF = "django.middleware.csrf.CsrfViewMiddleware"
CLOSED = "portero_guard.django.GuardMiddleware"

if not settings.configured:
    settings.configure(SECRET_KEY="for these tests alone")
    django.setup()


@token_required
def protected(request: HttpRequest, current_user: CurrentUser) -> HttpResponse:
    return JsonResponse({"username": current_user.username})


@token_required(scopes=["notes:read"])
def note(request: HttpRequest, current_user: CurrentUser, number: int) -> HttpResponse:
    return JsonResponse({"number": number})


@token_required(scopes=["admin"])
def admin(request: HttpRequest, current_user: CurrentUser) -> HttpResponse:
    return HttpResponse("never")


@token_required
async def later(request: HttpRequest, current_user: CurrentUser) -> HttpResponse:
    return HttpResponse(current_user.id)


def state(request: HttpRequest) -> HttpResponse:
    user = getattr(request, "current_user", None)
    return HttpResponse(user.id if user else "nobody")


urlpatterns = [
    path("protected", protected),
    path("notes/<int:number>", note),
    path("admin", admin),
    path("later", later),
    path("state", state),
    path("healthz", state),
]


@pytest.fixture(autouse=True)
def site(guard: Guard) -> Iterator[None]:
    with override_settings(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["testserver"],
        MIDDLEWARE=[CSRF],
        PORTERO_GUARD=guard,
        DEBUG=False,
    ):
        yield


def client() -> Client:
    return Client(enforce_csrf_checks=True)


def bearer(made: str) -> dict[str, Any]:
    return {"HTTP_AUTHORIZATION": f"Bearer {made}"}


def test_the_view_gets_the_user_behind_the_request(issuer: LocalIssuer) -> None:
    """Request first, as everywhere in Django; arguments of the URL behind it."""
    said = client().get("/protected", **bearer(issuer.token()))
    assert said.json() == {"username": "alice"}
    assert client().get("/notes/7", **bearer(issuer.token())).json() == {"number": 7}


def test_a_bearer_post_needs_no_csrf_token(issuer: LocalIssuer) -> None:
    """Django's check is for session cookies."""
    assert client().post("/protected", **bearer(issuer.token())).status_code == 200


def test_refusals_are_answered(issuer: LocalIssuer) -> None:
    """The same answers as in every framework."""
    bare = client().get("/protected")
    assert (bare.status_code, bare["WWW-Authenticate"]) == (401, "Bearer")
    expired = client().get("/protected", **bearer(issuer.token(exp=1)))
    assert expired["Content-Type"] == "application/problem+json"
    assert expired.json()["detail"] == "The token has expired."
    assert client().get("/admin", **bearer(issuer.token())).status_code == 403


def test_async_views_are_guarded(issuer: LocalIssuer) -> None:
    """Wrapped as async, so that Django awaits them."""
    assert iscoroutinefunction(later)

    async def both() -> tuple[Any, Any]:
        made = AsyncClient()
        headers = {"Authorization": f"Bearer {issuer.token()}"}
        return await made.get("/later"), await made.get("/later", headers=headers)

    bare, good = asyncio.run(both())
    assert bare.status_code == 401
    assert good.content == b"0193-alice"


def test_a_cookie_post_needs_the_same_origin(issuer: LocalIssuer, moving: Moving) -> None:
    """The decorator lifts Django's CSRF check and puts its own in place."""
    guard = Guard(issuers=issuer.url, audience=AUDIENCE, clock=moving.now, cookie=True)
    with override_settings(PORTERO_GUARD=guard):
        browser = client()
        browser.cookies["portero_at"] = issuer.token()
        assert browser.get("/protected").status_code == 200
        assert browser.post("/protected").status_code == 403
        own = {"HTTP_SEC_FETCH_SITE": "same-origin"}
        assert browser.post("/protected", **own).status_code == 200
        evil = {"HTTP_ORIGIN": "https://evil.example"}
        assert browser.post("/protected", **evil).status_code == 403


def test_the_middleware_closes_everything_but_open_paths(issuer: LocalIssuer) -> None:
    """Views without a decorator, and addresses without a view."""
    with override_settings(MIDDLEWARE=[CLOSED], PORTERO_OPEN_PATHS=["/healthz"]):
        assert client().get("/healthz").content == b"nobody"
        assert client().get("/state").status_code == 401
        assert client().get("/not-there").status_code == 401
        assert client().get("/state", **bearer(issuer.token())).content == b"0193-alice"


def test_the_middleware_works_under_asgi(issuer: LocalIssuer) -> None:
    """Without blocking the event loop."""

    async def asked() -> tuple[Any, Any]:
        made = AsyncClient()
        headers = {"Authorization": f"Bearer {issuer.token()}"}
        return await made.get("/state"), await made.get("/state", headers=headers)

    with override_settings(MIDDLEWARE=[CLOSED]):
        bare, good = asyncio.run(asked())
    assert bare.status_code == 401
    assert good.content == b"0193-alice"


def test_a_wrong_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The middleware is made when the site starts."""
    monkeypatch.delenv("PORTERO_ISSUER", raising=False)
    with override_settings(PORTERO_GUARD=None), pytest.raises(ConfigurationError):
        GuardMiddleware(state)

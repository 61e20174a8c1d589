"""Protected resource metadata (RFC 9728): an API tells a client that knows nothing where to go."""

# Django ships no types.
# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import re
from typing import Any

import django
import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from guard.tests.local_issuer import AUDIENCE, NOW, LocalIssuer
from portero_guard import ConfigurationError, CurrentUser, Guard, Resource, asgi
from portero_guard import django as in_django
from portero_guard import flask as in_flask

if not settings.configured:
    settings.configure(SECRET_KEY="for these tests alone")
    django.setup()

WELL_KNOWN = "/.well-known/oauth-protected-resource"
PATH = f"{WELL_KNOWN}/notes"
URL = f"https://api.example{PATH}"


def guard_of(issuer: LocalIssuer, resource: Resource | None, audience: str = AUDIENCE) -> Guard:
    if resource is None:
        return Guard(issuers=issuer.url, audience=audience, clock=lambda: NOW)
    return Guard(issuers=issuer.url, audience=audience, clock=lambda: NOW, resource=resource)


@pytest.fixture
def described(issuer: LocalIssuer) -> Guard:
    return guard_of(issuer, Resource(scopes=("notes:read", "notes:write"), name="Notes"))


@asgi.token_required(scopes=["notes:read"])
async def starlette_view(request: Request, user: CurrentUser) -> Response:
    return PlainTextResponse(user.id)


@in_django.token_required(scopes=["notes:read"])
def django_view(request: HttpRequest, current_user: CurrentUser) -> HttpResponse:
    return HttpResponse(current_user.id)


urlpatterns = [
    path("view", django_view),
    path(PATH.removeprefix("/"), in_django.resource_metadata),
]


class Face:
    """One application behind the guard, whatever its framework: status, headers, JSON."""

    def __init__(self, kind: str, guard: Guard) -> None:
        self.kind = kind
        if kind == "flask":
            app = Flask("notes")
            in_flask.PorteroGuard(app, guard)

            @app.get("/view")
            @in_flask.token_required(scopes=["notes:read"])
            def view(current_user: CurrentUser) -> Any:
                return current_user.id

            self.client: Any = app.test_client()
        elif kind == "starlette":
            inner = Starlette(routes=[Route("/view", starlette_view)])
            asgi.install(inner, guard)
            self.client = TestClient(inner)
        elif kind == "asgi":
            closed = asgi.GuardMiddleware(Starlette(), guard=guard, scopes=["notes:read"])
            self.client = TestClient(closed)
        else:
            self.client = Client()
            self.guard = guard

    def get(self, where: str, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if self.kind != "django":
            return self.client.get(where, headers=headers)
        with override_settings(
            ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], PORTERO_GUARD=self.guard
        ):
            return self.client.get(where, headers=headers)


@pytest.fixture(params=["flask", "starlette", "asgi", "django"])
def face(request: pytest.FixtureRequest, described: Guard) -> Face:
    return Face(request.param, described)


def json_of(answer: Any) -> Any:
    return answer.json() if callable(answer.json) else answer.json


def test_the_document_names_the_way_in(face: Face, issuer: LocalIssuer) -> None:
    """RFC 9728 §2: to anybody, from every origin."""
    answer = face.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert json_of(answer) == {
        "resource": AUDIENCE,
        "authorization_servers": [issuer.url],
        "scopes_supported": ["notes:read", "notes:write"],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA"],
        "resource_name": "Notes",
    }


def test_a_request_without_a_token_is_shown_the_document(face: Face) -> None:
    """RFC 9728 §5.1, with the scope that is needed, and no error (RFC 6750 §3.1)."""
    answer = face.get("/view")
    assert answer.status_code == 401
    said = answer.headers["WWW-Authenticate"]
    assert said == f'Bearer resource_metadata="{URL}", scope="notes:read"'


def test_so_is_one_with_a_bad_token(face: Face) -> None:
    """401 invalid_token."""
    answer = face.get("/view", "not-a-token")
    assert answer.status_code == 401
    said = answer.headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in said
    assert f'resource_metadata="{URL}"' in said


def test_a_token_without_the_scope_is_told_which(face: Face, issuer: LocalIssuer) -> None:
    """403 insufficient_scope: the client asks for more, once."""
    answer = face.get("/view", issuer.token(scope="notes:write"))
    assert answer.status_code == 403
    said = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in said
    assert re.findall('scope="([^"]*)"', said) == ["notes:read"]
    assert f'resource_metadata="{URL}"' in said


def test_a_good_token_passes(face: Face, issuer: LocalIssuer) -> None:
    """To the view; the closed application has none of that name."""
    status = face.get("/view", issuer.token(scope="notes:read")).status_code
    assert status == (404 if face.kind == "asgi" else 200)


def test_a_guard_that_says_nothing_of_its_api_is_as_before(issuer: LocalIssuer) -> None:
    """No document, and a plain challenge."""
    plain = Face("flask", guard_of(issuer, None))
    assert plain.get(PATH).status_code == 404
    assert plain.get("/view").headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("url", "well_known"),
    [
        ("https://api.example", f"https://api.example{WELL_KNOWN}"),
        ("https://api.example/", f"https://api.example{WELL_KNOWN}"),
        ("https://api.example:8443/a/b", f"https://api.example:8443{WELL_KNOWN}/a/b"),
        ("http://127.0.0.1:9000/mcp", f"http://127.0.0.1:9000{WELL_KNOWN}/mcp"),
    ],
)
def test_where_the_document_is(issuer: LocalIssuer, url: str, well_known: str) -> None:
    """RFC 9728 §3.1: between host and path."""
    made = guard_of(issuer, Resource(url=url)).resource_metadata
    assert made is not None
    assert made.url == well_known


@pytest.mark.parametrize(
    "url",
    [
        "notes",
        "http://api.example/notes",
        "https://api.example/notes?a=b",
        "https://api.example/notes#a",
        "https://a@api.example/notes",
    ],
)
def test_a_resource_that_is_no_safe_url_stops_the_start(issuer: LocalIssuer, url: str) -> None:
    """Clients compare it with where they went (RFC 9728 §3.3)."""
    with pytest.raises(ConfigurationError):
        guard_of(issuer, Resource(url=url))

"""Portero inside another Flask application: neither disturbs the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import httpx2
import pytest

from portero.mounting import Mounted, mount
from portero.settings import Settings, SettingsError, load
from portero_guard import CurrentUser, Resource
from portero_guard.fetch import FetchFailed, NotThere
from portero_guard.flask import PorteroGuard, token_required
from tests.support.house import CHEAP_HASH, PASSWORD, SECRET_KEY

ORIGIN = "https://host.example"
ISSUER = f"{ORIGIN}/auth"
OUR_PAGE = {"Sec-Fetch-Site": "same-origin"}
Load = Callable[..., Settings]


@pytest.fixture
def settings(tmp_path: Path) -> Load:
    def made(**more: str) -> Settings:
        environ = {
            "SECRET_KEY": SECRET_KEY,
            "PORTERO_ISSUER": ISSUER,
            "PORTERO_DATA_DIR": str(tmp_path / "var"),
            "PORTERO_SIGNING_ALGS": "ES256",
            **CHEAP_HASH,
            **more,
        }
        return load(environ, cwd=tmp_path)

    return made


def host_application() -> flask.Flask:
    """One that minds everything: hooks around each request, handlers for each error, a session."""
    app = flask.Flask("host")
    app.secret_key = "only-for-this-test"
    app.config["MAX_CONTENT_LENGTH"] = 10
    app.extensions["asked"] = []

    @app.before_request
    def note() -> Any:
        app.extensions["asked"].append(flask.request.path)
        flask.session["visits"] = flask.session.get("visits", 0) + 1
        return ("no posts here", 403) if flask.request.method == "POST" else None

    @app.after_request
    def mark(answer: flask.Response) -> flask.Response:
        answer.headers["X-Host"] = "yes"
        answer.headers["Content-Security-Policy"] = "default-src *"
        return answer

    @app.errorhandler(Exception)
    def fault(error: Exception) -> Any:
        return f"the host says {type(error).__name__}", 418

    @app.get("/cookies")
    def cookies() -> Any:
        return dict(flask.request.cookies)

    @app.get("/healthz")
    def healthz() -> str:
        return "the host is well"

    @app.get("/notes")
    @token_required
    def notes(current_user: CurrentUser) -> Any:
        return {"owner": current_user.username}

    return app


@pytest.fixture
def app() -> flask.Flask:
    return host_application()


@pytest.fixture
def portero(app: flask.Flask, settings: Load) -> Iterator[Mounted]:
    mounted = mount(app, settings())
    PorteroGuard(app, mounted.guard(cookie=True, resource=Resource(name="Notes")))
    yield mounted
    mounted.stop()


@pytest.fixture
def visitor(app: flask.Flask, portero: Mounted) -> Iterator[httpx2.Client]:
    """A browser: it keeps cookies by their paths."""
    with httpx2.Client(transport=httpx2.WSGITransport(app=app), base_url=ORIGIN) as client:
        yield client


def sign_in(visitor: httpx2.Client) -> None:
    """At the JSON API, for cookies."""
    account = {"username": "ana", "password": PASSWORD}
    assert visitor.post("/auth/register", json=account).status_code == 201
    body = {**account, "delivery": "cookie"}
    answer = visitor.post("/auth/login", json=body, headers=OUR_PAGE)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/auth/sign-in",
        "/auth/nothing-here",
        "/auth",
        "/auth/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server/auth",
        "/.well-known/openid-configuration/auth",
    ],
)
def test_the_hosts_hooks_do_not_run_for_portero(
    app: flask.Flask, visitor: httpx2.Client, path: str
) -> None:
    """Nor its error handlers, its headers, its cap on bodies or its session."""
    answer = visitor.get(path)
    assert answer.status_code in {200, 303, 404}  # the bare address leads to the account
    assert "x-host" not in answer.headers
    assert "the host says" not in answer.text
    assert "default-src *" not in answer.headers.get("content-security-policy", "")
    assert "session" not in answer.cookies
    assert app.extensions["asked"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/authority",
        "/auth.txt",
        "/auth//sign-in",
        "/sign-in",
        "/readyz",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/authority",
        "/static/portero.css",
    ],
)
def test_what_is_not_below_the_path_is_the_hosts(
    app: flask.Flask, visitor: httpx2.Client, path: str
) -> None:
    """With its own words about what it does not have."""
    answer = visitor.get(path)
    assert (answer.status_code, answer.headers["x-host"]) == (418, "yes")
    assert app.extensions["asked"] == [path]
    assert not {"portero", "__Secure-portero"} & set(answer.cookies)


def test_the_host_keeps_its_own_health(visitor: httpx2.Client) -> None:
    """/healthz is the host's, and Portero's is below its path."""
    assert visitor.get("/healthz").text == "the host is well"
    assert visitor.get("/auth/healthz").json() == {"status": "ok"}


def test_the_host_is_not_told_the_secrets_of_a_browser(visitor: httpx2.Client) -> None:
    """It is sent the access token, which is for it, and hashes; and neither loses a cookie of the
    other's."""
    visitor.get("/healthz")
    sign_in(visitor)
    visitor.get("/auth/sign-in")
    secrets = {
        cookie.value for cookie in visitor.cookies.jar if cookie.name.startswith("__Secure-")
    }
    assert len(secrets) == 2
    told = visitor.get("/cookies").json()
    assert set(told) == {
        "session",
        "__Host-portero_at",
        "__Host-portero+auth",
        "__Host-portero_rt+auth",
    }
    assert not secrets & set(told.values())
    assert visitor.post("/auth/refresh", headers=OUR_PAGE).status_code == 200
    assert visitor.get("/notes").status_code == 200


def test_a_view_of_the_host_opens_to_a_token_without_a_connection(visitor: httpx2.Client) -> None:
    """Nothing listens at the issuer's address here: the guard asks in this process, so that a
    server with one thread does not wait for itself."""
    refused = visitor.get("/notes")
    assert refused.status_code == 401
    sign_in(visitor)
    answer = visitor.get("/notes")
    assert (answer.status_code, answer.json()) == (200, {"owner": "ana"})


def test_a_session_that_ended_closes_the_view(visitor: httpx2.Client) -> None:
    """The guard's list of what was revoked comes from this process too."""
    sign_in(visitor)
    token = visitor.cookies["__Host-portero_at"]
    assert visitor.get("/notes").status_code == 200
    assert visitor.post("/auth/logout", headers=OUR_PAGE).status_code == 200
    assert visitor.get("/auth/protected", headers={"Authorization": f"Bearer {token}"}).is_error
    assert visitor.get("/notes").status_code == 401


def test_the_host_says_where_tokens_for_it_come_from(visitor: httpx2.Client) -> None:
    """RFC 9728 §3.1: its metadata lies between host and path, and names the issuer with its
    path."""
    url = f"{ORIGIN}/.well-known/oauth-protected-resource/auth/api"
    told = visitor.get(url).json()
    assert told["resource"] == f"{ISSUER}/api"
    assert told["authorization_servers"] == [ISSUER]
    assert f'resource_metadata="{url}"' in visitor.get("/notes").headers["www-authenticate"]


def test_the_guard_inside_asks_nobody_else(portero: Mounted) -> None:
    """Not another host, not another port, nothing that is not below the issuer."""
    fetch = portero.guard()._fetch
    for url in (f"{ORIGIN}:8443/auth/healthz", "http://host.example/auth/healthz"):
        with pytest.raises(FetchFailed):
            fetch.get(url)
    for url in (f"{ORIGIN}/healthz", f"{ORIGIN}/authority/healthz", f"{ORIGIN}/auth/sign-in"):
        with pytest.raises(NotThere):
            fetch.get(url)
    assert b"keys" in fetch.get(f"{ISSUER}/.well-known/jwks.json")


def test_a_database_that_is_away_takes_nothing_from_the_host(
    visitor: httpx2.Client, tmp_path: Path
) -> None:
    """Portero answers 503 until it is back, and the host answers all the while."""
    data = tmp_path / "var"
    data.rename(tmp_path / "away")
    for _ in range(2):
        answer = visitor.get("/auth/sign-in")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert visitor.get("/healthz").status_code == 200
        assert visitor.get("/notes").status_code == 401
    (tmp_path / "away").rename(data)
    assert visitor.get("/auth/sign-in").status_code == 200


def test_the_work_in_the_background_begins_once(portero: Mounted, visitor: httpx2.Client) -> None:
    """With the first request that is Portero's, and not with the import of the application."""

    def running() -> int:
        return [each.name for each in threading.enumerate()].count("portero-changes")

    before = running()
    visitor.get("/healthz")
    assert running() == before
    for _ in range(3):
        visitor.get("/auth/healthz")
    portero.start()
    assert running() == before + 1
    portero.stop()
    portero.stop()
    assert running() == before


def test_an_issuer_without_a_path_is_not_mounted(app: flask.Flask, settings: Load) -> None:
    """Nothing would be left of the application."""
    before = app.wsgi_app
    with pytest.raises(SettingsError, match="must have a path"):
        mount(app, settings(PORTERO_ISSUER=ORIGIN))
    assert app.wsgi_app == before

"""`@token_required` in Flask, through Flask's own client."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient

from guard.tests.local_issuer import AUDIENCE, NOW, LocalIssuer, Moving
from portero_guard import ConfigurationError, CurrentUser, Guard
from portero_guard.flask import PorteroGuard, token_required


def views(app: Flask) -> None:
    @app.route("/protected", methods=["GET", "POST"])
    @token_required
    def protected(current_user: CurrentUser) -> Any:
        return jsonify(user_id=current_user.user_id, username=current_user.username)

    @app.get("/notes/<int:number>")
    @token_required(scopes=["notes:read"])
    def note(current_user: CurrentUser, number: int) -> Any:
        return jsonify(number=number, scopes=sorted(current_user.scopes))

    @app.get("/admin")
    @token_required(scopes=["admin"])
    def admin(current_user: CurrentUser) -> Any:
        return "never"

    @app.get("/money")
    @token_required(max_age=10, acr="phr")
    def money(current_user: CurrentUser) -> Any:
        return "never"


@pytest.fixture
def client(guard: Guard) -> FlaskClient:
    app = Flask("notes")
    PorteroGuard(app, guard)
    views(app)
    return app.test_client()


def bearer(made: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {made}"}


def test_the_view_gets_current_user_first(client: FlaskClient, issuer: LocalIssuer) -> None:
    """The brief's `def protected(current_user)`, and a view with arguments of its own."""
    said = client.get("/protected", headers=bearer(issuer.token()))
    assert said.json == {"user_id": "0193-alice", "username": "alice"}
    said = client.get("/notes/7", headers=bearer(issuer.token()))
    assert said.json == {"number": 7, "scopes": ["notes:read", "notes:write"]}


def test_without_a_token_the_challenge_is_bare(client: FlaskClient) -> None:
    """RFC 6750 §3.1: no error code for who presented nothing."""
    said = client.get("/protected")
    assert said.status_code == 401
    assert said.headers["WWW-Authenticate"] == "Bearer"
    assert "error" not in said.get_json(force=True)


def test_an_expired_token_says_expired(client: FlaskClient, issuer: LocalIssuer) -> None:
    """Header and problem document tell the same."""
    said = client.get("/protected", headers=bearer(issuer.token(exp=int(NOW.timestamp()) - 60)))
    assert said.status_code == 401
    assert said.headers["WWW-Authenticate"] == (
        'Bearer error="invalid_token", error_description="The token has expired."'
    )
    assert said.mimetype == "application/problem+json"
    assert said.headers["Cache-Control"] == "no-store"
    assert said.get_json(force=True) == {
        "type": "urn:portero:problem:invalid_token",
        "title": "The access token was refused",
        "status": 401,
        "detail": "The token has expired.",
        "error": "invalid_token",
    }


def test_a_tampered_token_says_invalid(client: FlaskClient, issuer: LocalIssuer) -> None:
    """One changed claim under the old signature."""
    head, _, signature = issuer.token().split(".")
    payload = issuer.token(sub="root").split(".")[1]
    said = client.get("/protected", headers=bearer(f"{head}.{payload}.{signature}"))
    assert said.status_code == 401
    assert said.get_json(force=True)["detail"] == "The token is not valid."


def test_a_missing_scope_is_403(client: FlaskClient, issuer: LocalIssuer) -> None:
    """With the scope that is needed."""
    said = client.get("/admin", headers=bearer(issuer.token()))
    assert said.status_code == 403
    assert 'error="insufficient_scope"' in said.headers["WWW-Authenticate"]
    assert 'scope="admin"' in said.headers["WWW-Authenticate"]


def test_a_step_up_is_asked_for(client: FlaskClient, issuer: LocalIssuer) -> None:
    """RFC 9470: first how recent, then how strong."""
    said = client.get("/money", headers=bearer(issuer.token()))
    assert said.status_code == 401
    assert 'error="insufficient_user_authentication"' in said.headers["WWW-Authenticate"]
    assert 'max_age="10"' in said.headers["WWW-Authenticate"]
    said = client.get("/money", headers=bearer(issuer.token(auth_time=int(NOW.timestamp()))))
    assert 'acr_values="phr"' in said.headers["WWW-Authenticate"]


def test_a_token_in_the_address_or_body_is_not_read(
    client: FlaskClient, issuer: LocalIssuer
) -> None:
    """RFC 6750 §2.3: it would end up in logs."""
    made = issuer.token()
    assert client.get(f"/protected?access_token={made}").status_code == 401
    said = client.post("/protected", data={"access_token": made})
    assert said.headers["WWW-Authenticate"] == "Bearer"


def test_two_headers_are_malformed(client: FlaskClient, issuer: LocalIssuer) -> None:
    """Joined by a comma on their way through WSGI."""
    made = issuer.token()
    said = client.get("/protected", headers=[("Authorization", f"Bearer {made}, Bearer {made}")])
    assert said.status_code == 400
    assert 'error="invalid_request"' in said.headers["WWW-Authenticate"]


def test_a_cookie_works_where_it_is_on(issuer: LocalIssuer, moving: Moving) -> None:
    """Reads pass; changes need the same origin; a header decides alone."""
    app = Flask("notes")
    PorteroGuard(app, Guard(issuers=issuer.url, audience=AUDIENCE, clock=moving.now, cookie=True))
    views(app)
    client = app.test_client()
    made = issuer.token()
    client.set_cookie("portero_at", made)
    assert client.get("/protected").status_code == 200
    refused = client.post("/protected")
    assert refused.status_code == 403
    assert "WWW-Authenticate" not in refused.headers
    assert client.post("/protected", headers={"Origin": "http://localhost"}).status_code == 200
    assert client.post("/protected", headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert client.get("/protected", headers=bearer("nonsense")).status_code == 401


def test_a_cookie_is_nothing_where_it_is_off(client: FlaskClient, issuer: LocalIssuer) -> None:
    """The default."""
    client.set_cookie("portero_at", issuer.token())
    assert client.get("/protected").status_code == 401


def test_an_issuer_away_is_503(client: FlaskClient, issuer: LocalIssuer) -> None:
    """With Retry-After, and without a challenge: the client keeps its token."""
    issuer.down = True
    said = client.get("/protected", headers=bearer(issuer.token()))
    assert said.status_code == 503
    assert said.headers["Retry-After"] == "5"
    assert "WWW-Authenticate" not in said.headers


def test_a_wrong_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the first request."""
    monkeypatch.delenv("PORTERO_ISSUER", raising=False)
    with pytest.raises(ConfigurationError):
        PorteroGuard(Flask("notes"))


def test_the_config_is_enough(issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """app.config goes before the environment; without an extension it is read when needed."""
    monkeypatch.setenv("PORTERO_ISSUER", "https://id.example")
    app = Flask("notes")
    app.config.update(PORTERO_ISSUER=issuer.url, PORTERO_API_AUDIENCE="x")
    views(app)
    said = app.test_client().get("/protected", headers=bearer(issuer.token(aud="x")))
    assert said.get_json(force=True)["detail"] == "The token has expired."  # by the real clock

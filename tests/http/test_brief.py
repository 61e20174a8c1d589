"""The brief's application: register, log in, call a protected resource."""

from __future__ import annotations

import jwt
from werkzeug.test import TestResponse

from tests.support.house import ISSUER, PASSWORD, Home, MakeHome


def test_a_person_registers_logs_in_and_calls_the_protected_resource(home: Home) -> None:
    """The brief's three calls, in its names."""
    user = home.register("ana")
    assert user["username"] == "ana"

    answer = home.log_in("ana")
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 600
    assert answer["user"]["id"] == user["id"]

    protected = home.get("/protected", answer["access_token"])
    assert protected.status_code == 200
    assert protected.json is not None
    assert protected.json["username"] == "ana"
    assert protected.json["user_id"] == user["id"]


def test_the_access_token_has_the_claims_that_the_decisions_list(home: Home) -> None:
    """RFC 9068, with how the person signed in, and the brief's user_id and username."""
    user = home.register("ana")
    token = home.log_in("ana")["access_token"]

    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert header["typ"] == "at+jwt"
    assert header["alg"] == "ES256"
    assert claims["iss"] == ISSUER
    assert claims["aud"] == f"{ISSUER}/api"
    assert claims["sub"] == claims["user_id"] == user["id"]
    assert claims["client_id"] == "portero"
    assert claims["exp"] - claims["iat"] == 600
    assert (claims["acr"], claims["amr"]) == ("aal1", ["pwd"])
    assert set(claims) == {
        *("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"),
        *("sid", "auth_time", "acr", "amr", "user_id", "username"),
        "status",  # where an API finds out offline that it was revoked
    }


def test_the_published_keys_verify_the_token(home: Home) -> None:
    """Anybody can check a token with /.well-known/jwks.json alone. (CVE-2024-42490.)"""
    home.register("ana")
    token = home.log_in("ana")["access_token"]

    answer = home.get("/.well-known/jwks.json")
    assert answer.json is not None
    keys = jwt.PyJWKSet.from_dict(answer.json)
    kid = jwt.get_unverified_header(token)["kid"]
    claims = jwt.decode(token, keys[kid], algorithms=["ES256"], audience=f"{ISSUER}/api")
    assert claims["username"] == "ana"
    assert "max-age" in answer.headers["Cache-Control"]
    assert all("d" not in key for key in answer.json["keys"])


def test_a_taken_name_is_a_conflict_however_it_is_written(home: Home) -> None:
    """Upper case and full-width letters are the same name."""
    home.register("ana")
    for name in ("ana", "ANA", "\uff21na"):
        answer = home.post("/register", username=name, password=PASSWORD)
        assert answer.status_code == 409, name
        assert answer.json is not None
        assert answer.json["code"] == "username_taken"


def test_every_bad_field_of_a_registration_is_named(home: Home) -> None:
    """422 with a problem document (RFC 9457), one entry for each field."""
    answer = home.post("/register", username="a b@c", password="short", email="nonsense")
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert {error["name"] for error in answer.json["errors"]} == {"username", "password", "email"}
    assert all(error["detail"] for error in answer.json["errors"])


def test_a_problem_is_told_in_the_callers_language(home: Home) -> None:
    """Accept-Language chooses; the code stays."""
    body = {"username": "nobody", "password": PASSWORD}
    english = home.client().post("/login", json=body)
    german = home.client().post("/login", json=body, headers={"Accept-Language": "de-AT, en;q=0.5"})
    assert english.json is not None
    assert german.json is not None
    assert german.json["code"] == english.json["code"] == "wrong_credentials"
    assert german.json["title"] != english.json["title"]


def test_unknown_user_and_wrong_password_are_one_answer(home: Home) -> None:
    """Nobody learns who has an account."""
    home.register("ana")
    unknown = home.post("/login", username="nobody", password=PASSWORD)
    wrong = home.post("/login", username="ana", password="not the right one")
    assert unknown.status_code == wrong.status_code == 401
    assert _without_request_id(unknown) == _without_request_id(wrong)


def _without_request_id(answer: TestResponse) -> dict[str, object]:
    assert answer.json is not None
    return {name: value for name, value in answer.json.items() if name != "request_id"}


def test_no_token_expired_token_and_tampered_token_are_told_apart(home: Home) -> None:
    """RFC 6750 §3: a bare challenge, an expiry that says so, and everything else alike."""
    home.register("ana")
    token = home.log_in("ana")["access_token"]

    missing = home.get("/protected")
    assert missing.status_code == 401
    assert missing.headers["WWW-Authenticate"] == "Bearer"

    head, payload, signature = token.split(".")
    tampered = home.get("/protected", f"{head}.{payload[:-2]}AA.{signature}")
    assert tampered.status_code == 401
    assert 'error="invalid_token"' in tampered.headers["WWW-Authenticate"]
    assert "expired" not in tampered.headers["WWW-Authenticate"]

    home.clock.let_pass(seconds=603)
    expired = home.get("/protected", token)
    assert expired.status_code == 401
    assert "expired" in expired.headers["WWW-Authenticate"]


def test_a_token_in_the_query_string_is_not_a_credential(home: Home) -> None:
    """It would end in logs and histories (RFC 6750 §5.3)."""
    home.register("ana")
    token = home.log_in("ana")["access_token"]
    assert home.get(f"/protected?access_token={token}").status_code == 401


def test_a_request_with_a_header_is_judged_by_it_alone(home: Home) -> None:
    """Cookies that a browser adds neither help nor harm it."""
    home.register("ana")
    token = home.log_in("ana")["access_token"]
    client = home.client()
    client.set_cookie("portero_at", "nonsense", domain="127.0.0.1")
    good = client.get("/protected", headers={"Authorization": f"Bearer {token}"})
    assert good.status_code == 200
    client.set_cookie("portero_at", token, domain="127.0.0.1")
    bad = client.get("/protected", headers={"Authorization": "Bearer nonsense"})
    assert bad.status_code == 401


def test_a_body_with_a_member_that_is_not_asked_for_is_refused(home: Home) -> None:
    """Mass assignment: nobody makes themselves verified or an operator."""
    for member in ("email_verified", "state", "id", "role"):
        answer = home.post("/register", username="eve", password=PASSWORD, **{member: "active"})
        assert answer.status_code == 422, member
        assert answer.json is not None
        assert answer.json["errors"] == [
            {"name": member, "code": "unknown_field", "detail": "There is no such field."}
        ]


def test_a_body_that_is_not_json_is_refused_with_a_sentence(home: Home) -> None:
    """A form is 415 and broken JSON 422, never 500."""
    client = home.client()
    form = client.post("/login", data={"username": "ana", "password": "x"})
    assert form.status_code == 415
    assert form.json is not None
    assert form.json["code"] == "unsupported_media_type"
    for answer in (
        client.post("/login", data="{", content_type="application/json"),
        client.post("/login", data="[]", content_type="application/json"),
        client.post("/login", data=b"\xff\xfe", content_type="application/json"),
    ):
        assert answer.status_code == 422
        assert answer.json is not None
        assert answer.json["code"] == "not_json"


def test_registration_can_be_closed(make_home: MakeHome) -> None:
    """PORTERO_REGISTRATION=closed."""
    home = make_home(PORTERO_REGISTRATION="closed")
    answer = home.post("/register", username="ana", password=PASSWORD)
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["code"] == "registration_closed"


def test_the_password_api_can_be_turned_off(make_home: MakeHome) -> None:
    """PORTERO_PASSWORD_API=off removes the login by JSON."""
    home = make_home(PORTERO_PASSWORD_API="off")
    home.register("ana")
    answer = home.post("/login", username="ana", password=PASSWORD)
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["code"] == "password_api_off"

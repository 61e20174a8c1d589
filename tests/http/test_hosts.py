"""What every answer has in common, whoever asks and whatever was sent."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

import pytest
from pydantic import BaseModel

from portero.web.addresses import client_address
from portero.web.api.documents import ROUTES
from portero.web.api.registry import Access, Route
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome, bearer

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]

# What is decided before any statement runs is tried on one database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# --- who asks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        # Not a proxy of ours: whatever it writes there is its own invention.
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7"),
        ("10.1.1.1", ["198.51.100.1"], "198.51.100.1"),
        # The client wrote the left one; our proxy appended the right one.
        ("10.1.1.1", ["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
        ("10.1.1.1", ["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
        ("10.1.1.1", ["198.51.100.1, 10.2.2.2"], "198.51.100.1"),
        ("fd00::1", ["2001:db8::5"], "2001:db8::5"),
        # A socket that takes both kinds writes an IPv4 address so: it is the same proxy.
        ("::ffff:10.1.1.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.1.1.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:192.0.2.7", ["198.51.100.1"], "192.0.2.7"),
        ("10.1.1.1", ["not an address"], "10.1.1.1"),
        ("10.1.1.1", ["198.51.100.1, nonsense, 10.2.2.2"], "10.2.2.2"),
        ("10.1.1.1", [""], "10.1.1.1"),
        # A zone index can be any text of any length: it is no address of a client.
        ("10.1.1.1", ["fe80::1%" + "x" * 500], "10.1.1.1"),
        ("10.1.1.1", ["10.2.2.2, 10.3.3.3"], "10.2.2.2"),
    ],
)
def test_only_a_trusted_proxy_is_believed_about_the_client(
    peer: str, forwarded: list[str], expected: str
) -> None:
    """X-Forwarded-For is read from the right, as far as each hop is a proxy of ours."""
    assert client_address(peer, forwarded, PROXIES) == expected


@on_sqlite
def test_without_a_trusted_proxy_the_header_means_nothing(make_home: MakeHome) -> None:
    """The default: nobody escapes a limit by inventing addresses."""
    home = make_home(PORTERO_LIMITS="login_by_address=2/900")
    body = {"username": "nobody", "password": "wrong password"}
    statuses = [
        home.client()
        .post("/login", json=body, headers={"X-Forwarded-For": f"198.51.100.{number}"})
        .status_code
        for number in range(3)
    ]
    assert statuses == [401, 401, 429]


def test_behind_a_trusted_proxy_each_client_has_its_own_address(make_home: MakeHome) -> None:
    """In sessions, limits and the audit log."""
    home = make_home(
        PORTERO_ISSUER="https://id.example.org", PORTERO_TRUSTED_PROXIES="127.0.0.1/32"
    )
    home.register()
    answer = home.client().post(
        "/login",
        json={"username": "ana", "password": PASSWORD},
        headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.1"},
    )
    assert answer.json is not None
    listed = home.get("/me/sessions", answer.json["access_token"])
    assert listed.json is not None
    assert [session["address"] for session in listed.json["sessions"]] == ["198.51.100.1"]
    assert home.house.audit.list_entries(kind="session.started")[0].address == "198.51.100.1"


# --- every answer -------------------------------------------------------------------------------

EVERY_ANSWER = [
    ("GET", "/healthz", {}, 200),
    ("GET", "/.well-known/jwks.json", {}, 200),
    ("GET", "/api/openapi.json", {}, 200),
    ("GET", "/api/docs", {}, 200),
    ("GET", "/sign-in", {}, 200),
    ("GET", "/protected", {}, 401),
    ("POST", "/verify-email", {}, 403),
    ("GET", "/nothing-here", {}, 404),
    ("GET", "/login", {}, 405),
    ("POST", "/login", {"data": "x" * 1_000_000, "content_type": "application/json"}, 413),
    ("POST", "/login", {"data": "a=b", "content_type": "text/plain"}, 415),
    ("POST", "/login", {"json": {}}, 422),
]


@on_sqlite
@pytest.mark.parametrize(
    ("method", "path", "sent", "status"), EVERY_ANSWER, ids=lambda value: str(value)[:30]
)
def test_security_headers_are_on_every_answer(
    home: Home, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    """Errors too: a 404 can be framed as well as a page."""
    answer = home.client().open(path, method=method, **sent)
    assert answer.status_code == status
    headers = answer.headers
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"]
    assert "Strict-Transport-Security" not in headers
    if status >= 400:
        assert answer.content_type == "application/problem+json"
        assert answer.json is not None
        assert answer.json["status"] == status
        assert {"type", "title", "code", "request_id"} <= answer.json.keys()


@on_sqlite
def test_https_is_demanded_for_two_years(make_home: MakeHome) -> None:
    """HSTS, on an https issuer alone."""
    home = make_home(PORTERO_ISSUER="https://id.example.org")
    answer = home.get("/nothing-here")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")


@on_sqlite
def test_a_wrong_method_says_which_are_right(home: Home) -> None:
    """405 with Allow (RFC 9110 §15.5.6)."""
    answer = home.client().put("/me")
    assert answer.status_code == 405
    allowed = {method.strip() for method in answer.headers["Allow"].split(",")}
    assert {"GET", "PATCH", "DELETE"} <= allowed
    assert "PUT" not in allowed


# --- whatever is sent -----------------------------------------------------------------------------

BODIES: dict[str, dict[str, Any]] = {
    "register": {"username": "ben", "password": OTHER_PASSWORD},
    "login": {"username": "ana", "password": PASSWORD},
    "login_continue": {"auth_session": "made-up", "factor": "push", "poll": True},
    "login_step_up": {"acr": "aal2"},
    "refresh": {"refresh_token": "made-up"},
    "logout": {"all": False},
    "change_me": {},
    "begin_authenticator": {"kind": "push", "credential": {"endpoint": "https://a.example"}},
    "enrol_authenticator": {"kind": "totp", "code": "000000"},
    "rename_authenticator": {"name": "Phone"},
    "login_passkey_options": {},
    "login_passkey": {"auth_session": "made-up", "credential": {"id": "AA"}},
    "login_mail": {"username": "ana"},
    "login_mail_continue": {"mail_session": "made-up", "code": "000000"},
    "change_password": {"current_password": "wrong one", "new_password": OTHER_PASSWORD},
    "forgot_password": {"username": "ana"},
    "reset_password": {"token": "made-up", "new_password": OTHER_PASSWORD},
    "verify_email": {"token": "made-up"},
}
WITH_BODY = [route for route in ROUTES if route.body is not None]
WEIRD = [
    *("null", "true", "false", "0", "-1", "1.5", "1e999", "-0.0", "NaN", "Infinity"),
    *("9" * 400, '""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udfff\\ud800"'),
    *('"\\u202e"', '"\\u0301"', '"\ufdfa\ufdfa"', '"@"', '"a@b"', '"%s%n{0}"', "'single'"),
    *("[]", "{}", "[[]]", '{"a": {"b": [1]}}', '["ana"]', f'"{"x" * 5000}"', "[" * 3000),
]
WHOLE = [
    *("", " ", "null", "true", "1", '"text"', "[]", "[{}]", "{", "{}}", '{"a"}', "\ufeff{}"),
    *('{"": 1}', '{"__proto__": {}}', '{"\\u0000": 1}', '{"\\ud800": 1}', "[" * 50_000),
]


def cases(model: type[BaseModel], base: dict[str, Any]) -> list[str]:
    """The body with each field left out, given twice, and given each weird value."""
    made = []
    for name in model.model_fields:
        others = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in base.items() if k != name]
        made.append("{" + ", ".join(others) + "}")
        made.append("{" + ", ".join([*others, f'"{name}": "one"', f'"{name}": "two"']) + "}")
        made += ["{" + ", ".join([*others, f'"{name}": {value}']) + "}" for value in WEIRD]
    return made


@pytest.fixture
def wide_home(make_home: MakeHome) -> Home:
    """Nothing here is about limits."""
    names = ("login_by_account", "login_by_address", "register_by_address", "recovery_by_address")
    settled = [f"{name}=1000000/60" for name in (*names, "mail_by_account")]
    home = make_home(PORTERO_LIMITS=",".join(settled))
    home.register()
    return home


def test_every_route_with_a_body_is_tried() -> None:
    """A new route needs a row here."""
    assert {route.name for route in WITH_BODY} == BODIES.keys()


@pytest.mark.each_case_on_each_database
@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: str(route.name))
def test_no_body_is_a_server_error(wide_home: Home, route: Route) -> None:
    """Whatever a field holds, the answer is a success or a refusal that names itself."""
    home, model = wide_home, route.body
    assert model is not None
    token = ""
    for body in [*cases(model, BODIES[route.name]), *WHOLE]:
        if route.access is not Access.PUBLIC and not token:
            token = home.log_in()["access_token"]
        answer = home.client().open(
            route.path,
            method=route.method,
            data=body.encode("utf-8", "surrogatepass"),
            content_type="application/json",
            headers=bearer(token),
        )
        assert answer.status_code < 500, (body[:200], answer.text)
        if answer.status_code >= 400:
            assert answer.content_type == "application/problem+json", body[:200]
            assert answer.json is not None
            assert answer.json["code"] != "internal_error"
        elif route.name == "logout":
            token = ""


@on_sqlite
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: str(route.name))
def test_every_protected_route_wants_a_token(home: Home, route: Route) -> None:
    """The table says who may call; nothing but the table decides it."""
    path = route.path.replace("<session_id>", "made-up")
    sent: dict[str, Any] = {"json": BODIES.get(route.name, {})} if route.body else {}
    answer = home.client().open(path, method=route.method, **sent)
    bare = answer.status_code == 401 and answer.headers.get("WWW-Authenticate") == "Bearer"
    code = (answer.json or {}).get("code", "") if answer.is_json else ""
    assert (bare and code == "credentials_required") is (route.access is not Access.PUBLIC)
    if route.access is not Access.PUBLIC:
        refused = home.client().open(path, method=route.method, headers=bearer("x.y.z"), **sent)
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]

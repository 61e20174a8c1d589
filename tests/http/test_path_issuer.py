"""An issuer with a path, as clients and browsers see it, through both doors."""

from __future__ import annotations

from http.cookies import SimpleCookie

import httpx2
import pytest

from tests.support.doors import DOORS, Open, opener
from tests.support.house import PASSWORD, Home, MakeHome

ORIGIN = "https://host.example"
ISSUER = f"{ORIGIN}/auth"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OUR_PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: addresses are the faces' alone."""
    return sqlite_url


@pytest.fixture
def path_home(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_ISSUER=ISSUER, PORTERO_CLIENT_REGISTRATION="open")
    home.create("ana")
    return home


@pytest.fixture(params=DOORS)
def visit(request: pytest.FixtureRequest, path_home: Home) -> Open:
    return opener(path_home, request.param)


def test_the_metadata_is_where_both_specifications_look(visit: Open) -> None:
    """RFC 8414 §3.1 between host and path, OpenID Connect Discovery §4 behind the path; one
    document."""
    places = (
        "/auth/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/auth",
        "/.well-known/openid-configuration/auth",
    )
    answers = [visit().get(place) for place in places]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert answers[0].json()["issuer"] == ISSUER


def test_every_address_of_the_metadata_is_below_the_issuer_and_answers(visit: Open) -> None:
    """Nothing is promised where nobody is at home."""
    told = visit().get("/auth/.well-known/openid-configuration").json()
    named = {name: url for name, url in told.items() if name.endswith(("_endpoint", "_uri"))}
    assert len(named) > 8
    for name, url in named.items():
        assert url.startswith(f"{ISSUER}/"), name
        statuses = {visit().get(url).status_code, visit().post(url, headers=FORM).status_code}
        assert 404 not in statuses, name


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/sign-in",
        "/oauth/token",
        "/login",
        "/static/portero.css",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/authority",
        "/.well-known/jwks.json",
        "/authority",
        "/authority/sign-in",
        "/auth.example/sign-in",
        "/AUTH/sign-in",
        "/auth//sign-in",
        "/auth/auth/sign-in",
        "/auth/sign-in/",
        "/auth/nothing-here",
        "/auth/%2e%2e/sign-in",
        "/auth/.well-known/openid-configuration/auth",
    ],
)
def test_what_is_not_below_the_issuer_is_not_there(visit: Open, path: str) -> None:
    """Neither at the root of the host, nor under a path that looks alike, nor twice; and nobody is
    sent on to where it is."""
    for method in ("GET", "POST"):
        answer = visit().request(method, ORIGIN + path)
        assert answer.status_code == 404, answer.headers
        assert answer.json()["type"] == "urn:portero:problem:not_found"
        assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["/auth", "/auth/"])
def test_the_issuer_itself_leads_to_the_account_below_it(visit: Open, path: str) -> None:
    """With and without the slash that people type or leave out, and to nowhere else."""
    answer = visit().get(ORIGIN + path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/auth/account")
    assert visit().post(ORIGIN + path).status_code == 405


def test_a_slash_in_disguise_is_no_slash(path_home: Home) -> None:
    """A proxy that does not decode it would have looked for another address than we answer at.
    Other servers decode it before an application can tell."""
    asked = opener(path_home, "front")()
    for path in ("/auth%2Fsign-in", "/auth/oauth%2ftoken", "/auth%5Csign-in", "/auth/..%2fsign-in"):
        answer = asked.get(path)
        assert answer.status_code == 400, path
        assert answer.json()["type"] == "urn:portero:problem:bad_target"


def test_supervisors_ask_at_the_root_and_clients_below(visit: Open) -> None:
    """/healthz is for this host's port, whatever the issuer is."""
    for path in ("/healthz", "/readyz", "/auth/healthz"):
        assert visit().get(path).status_code == 200
    assert visit().get("/healthz/auth").status_code == 404


def signed_in(visit: Open) -> httpx2.Response:
    body = {"username": "ana", "password": PASSWORD, "delivery": "cookie"}
    answer = visit().post("/auth/login", json=body, headers=OUR_PAGE)
    assert answer.status_code == 200, answer.text
    return answer


def cookies_of(answer: httpx2.Response) -> dict[str, dict[str, str]]:
    found = {}
    for line in answer.headers.get_list("set-cookie"):
        ((name, morsel),) = SimpleCookie(line).items()
        found[name] = {"value": morsel.value, **{k: v for k, v in morsel.items() if v}}
    return found


def test_cookies_of_the_issuer_go_nowhere_else(visit: Open) -> None:
    """The secrets of a browser have the issuer's path. What goes to the whole host is the access
    token, which is for the APIs on it, and hashes that open nothing."""
    set_by_page = cookies_of(visit().get("/auth/sign-in"))
    set_by_api = cookies_of(signed_in(visit))
    assert {name: each["path"] for name, each in (set_by_page | set_by_api).items()} == {
        "__Secure-portero": "/auth",
        "__Host-portero+auth": "/",
        "__Host-portero_at": "/",
        "__Secure-portero_rt": "/auth",
        "__Host-portero_rt+auth": "/",
    }
    for each in (set_by_page | set_by_api).values():
        assert each["secure"]
        assert each["httponly"]
        assert "domain" not in each


def test_a_refresh_token_planted_by_a_subdomain_refreshes_nothing(visit: Open) -> None:
    """Without its witness, which a subdomain can not set, it is no cookie of ours."""
    own = {name: each["value"] for name, each in cookies_of(signed_in(visit)).items()}
    planted = {"__Secure-portero_rt": own["__Secure-portero_rt"]}
    both = planted | {"__Host-portero_rt+auth": own["__Host-portero_rt+auth"]}

    def refreshed(cookies: dict[str, str]) -> int:
        line = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return visit().post("/auth/refresh", headers={**OUR_PAGE, "Cookie": line}).status_code

    assert refreshed(planted) == 401
    assert refreshed({"__Host-portero_rt": own["__Secure-portero_rt"]}) == 401
    assert refreshed(both) == 200


def test_the_host_is_somebody_elses(visit: Open) -> None:
    """Whether browsers insist on https for all of it is for whoever owns it to say."""
    for path in ("/auth/sign-in", "/auth/nothing-here", "/auth/oauth/authorize"):
        headers = visit().get(path).headers
        assert "strict-transport-security" not in headers
        assert "frame-ancestors 'none'" in headers.get("content-security-policy", "")


def test_a_new_account_is_told_its_own_address(visit: Open) -> None:
    """Location is below the issuer too."""
    made = visit().post("/auth/register", json={"username": "ben", "password": PASSWORD})
    assert (made.status_code, made.headers["location"]) == (201, "/auth/me")

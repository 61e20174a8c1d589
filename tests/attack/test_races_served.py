"""Twenty at once at two workers of `portero serve`, on both databases: what may happen once happens
once, although the two share nothing but the database."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from guard.tests.jwt_corpus.good import Good, ec_key
from guard.tests.proofs import ProvingKey
from portero.core.audit import Actor
from portero.protocol.oauth.client_assertion import ASSERTION_TYPE
from tests.http.test_device_flow import GRANT as DEVICE_GRANT
from tests.http.test_device_flow import begin, decide, television
from tests.http.test_device_flow import signed_in as browser_signed_in
from tests.support.database import BACKENDS, new_database
from tests.support.house import basic, bearer
from tests.support.racing import THREADS, statuses
from tests.support.relying_party import RelyingParty, query_of, relying_party
from tests.support.served import Answer, Line, Served, served

pytestmark = pytest.mark.parametrize("database", BACKENDS, scope="module", indirect=True)
KEY = ec_key("one")


@pytest.fixture(scope="module")
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with new_database(request.param, tmp_path_factory.mktemp("database")) as url:
        yield url


@pytest.fixture(scope="module")
def two(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(database, tmp_path_factory.mktemp("two")) as started:
        yield started


@pytest.fixture(scope="module")
def without_grace(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("without-grace")
    with served(database, folder, PORTERO_REFRESH_GRACE_SECONDS="0") as started:
        yield started


def signed_in(at: Served) -> RelyingParty:
    """A person of its own in a browser that has agreed to the client."""
    name = f"ana-{secrets.token_hex(4)}"
    at.home.create(name)
    rp = relying_party(at.home)
    rp.walk(rp.begin(), username=name)
    return rp


def winner_of(answers: list[Answer], *, status: int = 200) -> Answer:
    [winner] = [answer for answer in answers if answer.status_code == status]
    return winner


def errors(answers: list[Answer]) -> set[str]:
    return {answer.error for answer in answers if answer.status_code >= 400}


def refresh(line: Line, rp: RelyingParty, token: str) -> Answer:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return line.post("/oauth/token", basic(rp.client_id, rp.secret), **form)


def is_soon(at: Served, ask: Callable[[Line], Answer], status: int) -> bool:
    """Whether each worker says so soon: it hears of it within a second, and the machine may have
    other things to do."""
    deadline = time.monotonic() + 10
    with at.lines(1) as lines:
        while time.monotonic() < deadline:
            if {ask(line).status_code for line in lines} == {status}:
                return True
    return False


def is_over(at: Served, rp: RelyingParty, told: Answer) -> bool:
    """Refused by each worker: its refresh token at once, its access token within a second."""
    tokens = told.get_json()
    refused = at.everywhere(lambda line: refresh(line, rp, tokens["refresh_token"]))
    assert [answer.error for answer in refused] == ["invalid_grant"] * 2
    headers = bearer(tokens["access_token"])
    return is_soon(at, lambda line: line.get("/oauth/userinfo", headers), 401)


def test_one_of_twenty_redeems_a_code_and_what_it_got_is_revoked(two: Served) -> None:
    """RFC 6749 §4.1.2: somebody has a copy, and nobody can tell who is the thief."""
    rp = signed_in(two)
    form = {
        "grant_type": "authorization_code",
        "code": query_of(rp.begin())["code"],
        "redirect_uri": rp.redirect_uri,
        "code_verifier": rp.pkce.verifier,
    }
    own = basic(rp.client_id, rp.secret)
    answers = two.race(lambda line: line.post("/oauth/token", own, **form))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}
    assert errors(answers) == {"invalid_grant"}
    assert is_over(two, rp, winner_of(answers))
    assert "code" in query_of(rp.begin())  # the person's own session is not the thief's to end


def test_without_grace_one_of_twenty_refreshes_and_the_family_ends(without_grace: Served) -> None:
    """RFC 9700 §4.14.2: a copy that comes back ends the grant. (CVE-2026-1035, CVE-2026-50631.)"""
    rp = signed_in(without_grace)
    first = rp.sign_in()["refresh_token"]
    answers = without_grace.race(lambda line: refresh(line, rp, first))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}
    assert errors(answers) == {"invalid_grant"}
    assert is_over(without_grace, rp, winner_of(answers))


def test_with_grace_all_of_twenty_get_the_one_successor(two: Served) -> None:
    """A lost answer, or twenty tabs, sign nobody out: and the successor is good, once."""
    rp = signed_in(two)
    first = rp.sign_in()["refresh_token"]
    answers = two.race(lambda line: refresh(line, rp, first))
    assert statuses(answers) == {200: THREADS}
    [successor] = {answer.get_json()["refresh_token"] for answer in answers}
    again = two.everywhere(lambda line: refresh(line, rp, successor))
    assert statuses(again) == {200: 2}
    # Now that the successor was used, the first token is a copy.
    refused = two.everywhere(lambda line: refresh(line, rp, first))
    assert errors(refused) == {"invalid_grant"}


def test_one_of_twenty_redeems_a_device_code(two: Served) -> None:
    """RFC 8628 §3.5: one grant, one set of tokens."""
    name = f"ana-{secrets.token_hex(4)}"
    two.home.create(name)
    client_id = television(two.home)
    started = begin(two.home, client_id)
    decide(browser_signed_in(two.home, name), started["user_code"])
    form = {"grant_type": DEVICE_GRANT, "device_code": started["device_code"]}
    answers = two.race(lambda line: line.post("/oauth/token", client_id=client_id, **form))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}
    assert errors(answers) == {"invalid_grant"}


def test_one_of_twenty_uses_a_pushed_request(two: Served) -> None:
    """RFC 9126 §4: its request_uri is good for one code."""
    rp = signed_in(two)
    uri = rp.ask("/oauth/par", **rp.parameters()).get_json()["request_uri"]
    cookie = rp.browser.get_cookie("portero", domain="127.0.0.1")
    assert cookie is not None
    headers = {"Cookie": f"portero={cookie.value}"}
    query = {"client_id": rp.client_id, "request_uri": uri}
    answers = two.race(lambda line: line.get("/oauth/authorize", headers, **query))
    told = [parse_qs(urlsplit(answer.location).query) for answer in answers]
    assert len([each for each in told if "code" in each]) == 1
    assert [each["error"] for each in told if "code" not in each] == [["invalid_request_uri"]] * 19


def test_one_of_twenty_shows_a_proof(two: Served) -> None:
    """RFC 9449 §11.1: the jti of a DPoP proof is good once, at whatever worker."""
    client = two.home.house.clients.create(Actor.operator(), _SERVICE)
    assert client.secret is not None
    url = f"{two.server.url}/oauth/token"
    proof = ProvingKey().proof(url, method="POST", now=two.home.clock.now())
    headers = {**basic(client.client.client_id, client.secret.reveal()), "DPoP": proof}
    answers = two.race(
        lambda line: line.post("/oauth/token", headers, grant_type="client_credentials")
    )
    assert statuses(answers) == {200: 1, 400: THREADS - 1}
    assert errors(answers) == {"invalid_dpop_proof"}


def test_one_of_twenty_shows_a_client_assertion(two: Served) -> None:
    """RFC 7523 §3: its jti is good once, at whatever worker."""
    metadata = {
        **_SERVICE,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [KEY.jwk()]},
    }
    client_id = two.home.house.clients.create(Actor.operator(), metadata).client.client_id
    made = _assertion(two, client_id)
    form = {"client_assertion": made, "client_assertion_type": ASSERTION_TYPE}
    answers = two.race(
        lambda line: line.post("/oauth/token", grant_type="client_credentials", **form)
    )
    assert statuses(answers) == {200: 1, 401: THREADS - 1}
    assert errors(answers) == {"invalid_client"}


_SERVICE = {"grant_types": ["client_credentials"], "response_types": [], "scope": "reports:read"}


def _assertion(at: Served, client_id: str) -> str:
    now = int(at.home.clock.now().timestamp())
    claims = {"iss": client_id, "sub": client_id, "aud": at.server.url, "exp": now + 60, "jti": "1"}
    return Good(KEY, {"alg": "ES256", "kid": "one"}, lambda: claims).token()

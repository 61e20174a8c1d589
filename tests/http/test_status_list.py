"""An API that asks nobody per token learns within seconds that one was revoked."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from portero.core.audit import Actor
from portero.core.clients import ClientState
from portero_guard import Guard
from portero_guard.errors import TokenRefused
from portero_guard.fetch import Credentials, FetchFailed, NotThere
from tests.http.test_oauth_service import API, client_of, counted, send, token_of
from tests.support.house import ISSUER, OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.relying_party import claims_of, relying_party

pytestmark = pytest.mark.sqlite_alone


PATH = "/oauth/status-list"
INTERVAL = 10  # seconds; the default of PORTERO_STATUS_LIST_SECONDS


class FromHome:
    """The guard's way to the issuer, without a socket between."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def get(self, url: str) -> bytes:
        answer = self._home.get(url.removeprefix(ISSUER))
        if answer.status_code != 200:
            raise NotThere(url) if answer.status_code == 404 else FetchFailed(url)
        return answer.data

    def post(self, url: str, *, form: dict[str, str], credentials: Credentials) -> bytes:
        raise FetchFailed(url)


def guard_at(home: Home, audience: str = f"{ISSUER}/api") -> Guard:
    return Guard(
        issuers=ISSUER,
        audience=audience,
        fetch=FromHome(home),
        clock=home.clock.now,
        monotonic=lambda: home.clock.now().timestamp(),
    )


def refused(guard: Guard, token: str) -> bool:
    try:
        guard.check(token)
    except TokenRefused:
        return True
    return False


def test_a_list_is_served_as_the_draft_says(home: Home) -> None:
    """Type, name and times; no cache on the way keeps it longer than we do."""
    token = _new(home)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["status"]["status_list"]["uri"] == ISSUER + PATH
    answer = home.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/statuslist+jwt"
    assert answer.headers["Cache-Control"] == "public, max-age=5"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert jwt.get_unverified_header(answer.text)["typ"] == "statuslist+jwt"
    told = jwt.decode(answer.text, options={"verify_signature": False})
    assert (told["sub"], told["iss"], told["ttl"]) == (ISSUER + PATH, ISSUER, 5)
    again = home.client().get(PATH, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("grant", "name"), [("authorization_code", "code"), ("refresh_token", "refresh_token")]
)
def test_made_up_codes_use_up_no_places(home: Home, grant: str, name: str) -> None:
    """The attack: to fill the list with tokens that nobody has, by guesses that cost nothing."""
    home.register()
    rp = relying_party(home)
    before = _place_of(rp.sign_in()["access_token"])
    for number in range(40):
        form = {"grant_type": grant, name: f"made-up-{number}", "code_verifier": "v" * 43}
        assert rp.token(**form).status_code == 400
    assert _place_of(rp.sign_in()["access_token"]) == before + 1


def test_sign_ins_that_owe_a_step_use_up_no_places(make_home: MakeHome) -> None:
    """Begun again and again with a right password, and never ended."""
    home = make_home(PORTERO_REQUIRE_VERIFIED_EMAIL="on")
    home.create("ben", "ben@example.org")
    home.register("ana", email="ana@example.org")
    before = _place_of(home.log_in("ben")["access_token"])
    for _ in range(3):
        owes = home.post("/login", username="ana", password=PASSWORD)
        assert owes.get_json()["code"] == "sign_in_incomplete", owes.text
    assert _place_of(home.log_in("ben")["access_token"]) == before + 1


def _place_of(token: str) -> int:
    place: int = claims_of(token)["status"]["status_list"]["idx"]
    return place


def _new(home: Home) -> str:
    home.register("ana")
    return str(home.log_in("ana")["access_token"])


def _log_out(home: Home, token: str) -> None:
    assert home.post("/logout", token).status_code in {200, 204}


def _change_password(home: Home, token: str) -> None:
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    answer = home.post("/password/change", token, **body)
    assert answer.status_code == 200, answer.text


def _disable(home: Home, token: str) -> None:
    subject = jwt.decode(token, options={"verify_signature": False})["sub"]
    home.house.rooms.account_admin.disable(Actor.operator(), subject)


@pytest.mark.parametrize("end", [_log_out, _change_password, _disable])
def test_a_persons_token_is_refused_within_the_interval(home: Home, end: Any) -> None:
    """After a logout, a change of the password, a disabled account; and in another API that has
    never seen it. A stranger's token goes on."""
    mine = _new(home)
    home.register("eve")
    others = home.log_in("eve")["access_token"]
    guard = guard_at(home)
    guard.check(mine)
    end(home, mine)
    home.clock.let_pass(seconds=INTERVAL)
    assert refused(guard, mine)
    assert refused(guard_at(home), mine)
    assert not refused(guard, others)


def test_the_token_of_a_refresh_ends_with_its_session(home: Home) -> None:
    """Not only that of the login."""
    home.register("ana")
    first = home.log_in("ana")
    second = home.post("/refresh", refresh_token=first["refresh_token"]).json
    assert second is not None
    guard = guard_at(home)
    guard.check(second["access_token"])
    _log_out(home, second["access_token"])
    home.clock.let_pass(seconds=INTERVAL)
    assert refused(guard, first["access_token"])
    assert refused(guard, second["access_token"])


def test_a_services_token_is_refused_within_the_interval(make_home: Any) -> None:
    """RFC 7009: that one token, seen by a guard that asks another process; others go on."""
    home, other = make_home(), make_home()
    client = client_of(home)
    mine, next_one = token_of(home, client), token_of(home, client)
    guard = guard_at(other, API)
    guard.check(mine)
    assert send(home, "/oauth/revoke", client, token=mine).status_code == 200
    other.clock.let_pass(seconds=INTERVAL)
    assert refused(guard, mine)
    assert not refused(guard, next_one)


def test_a_disabled_clients_tokens_are_refused_within_the_interval(home: Home) -> None:
    """All of them, though none has a row of its own; a deleted client's too."""
    client, other = client_of(home), client_of(home)
    mine, others = token_of(home, client), token_of(home, other)
    guard = guard_at(home, API)
    guard.check(mine)
    home.house.clients.set_state(Actor.operator(), client[0], ClientState.DISABLED)
    home.clock.let_pass(seconds=INTERVAL)
    assert refused(guard, mine)
    assert not refused(guard, others)
    home.house.clients.delete(Actor.operator(), other[0])
    home.clock.let_pass(seconds=INTERVAL)
    assert refused(guard, others)


def test_the_list_costs_sql_once_in_a_while(home: Home) -> None:
    """Anybody may ask for it; it is made every five seconds, however many do."""
    _new(home)
    home.get(PATH)
    with counted(home) as statements:
        first = home.get(PATH).data
        assert home.get(PATH).data == first
    assert statements == []


def test_the_interval_is_a_setting(make_home: Any) -> None:
    """PORTERO_STATUS_LIST_SECONDS: half of it is the guard's, half ours."""
    home = make_home(PORTERO_STATUS_LIST_SECONDS="60")
    answer = home.get(PATH)
    assert jwt.decode(answer.text, options={"verify_signature": False})["ttl"] == 30
    assert answer.headers["Cache-Control"] == "public, max-age=30"

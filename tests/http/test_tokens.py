"""Refresh tokens, sessions, and how soon an end is seen."""

from __future__ import annotations

import jwt
import pytest

from portero.core.audit import Actor, Origin
from portero.core.keys.model import KeyState
from portero.core.provider.errors import RefreshRefused
from portero.protocol.jose.algorithms import SigningAlg
from tests.support.counting import counted
from tests.support.house import PASSWORD, SECRET_KEY, Home, MakeHome, bearer

pytestmark = pytest.mark.sqlite_alone


NEW_SECRET_KEY = "tests-only-Jd7nW5sC1yR9uF4kM6gT0bX3"


def refreshed(home: Home, refresh_token: str) -> dict[str, str]:
    answer = home.post("/refresh", refresh_token=refresh_token)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    found: dict[str, str] = answer.json
    return found


def is_refused(home: Home, refresh_token: str) -> bool:
    answer = home.post("/refresh", refresh_token=refresh_token)
    assert answer.status_code in {200, 401}, answer.text
    return (
        answer.status_code == 401
        and answer.json is not None
        and (answer.json["code"] == "invalid_grant")
    )


def opens(home: Home, access_token: str) -> bool:
    status = home.get("/protected", access_token).status_code
    assert status in {200, 401}
    return status == 200


def sid_of(access_token: str) -> str:
    claims = jwt.decode(access_token, options={"verify_signature": False})
    return str(claims["sid"])


# --- rotation ---------------------------------------------------------------------------------


def test_a_refresh_gives_new_tokens_and_spends_the_old_one(home: Home) -> None:
    """Rotation (RFC 9700 §4.14.2): each answer has another refresh token of the same session."""
    home.register()
    first = home.log_in()
    second = refreshed(home, first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert sid_of(second["access_token"]) == sid_of(first["access_token"])
    assert opens(home, second["access_token"])
    home.clock.let_pass(seconds=11)
    third = refreshed(home, second["refresh_token"])
    assert len({t["refresh_token"] for t in (first, second, third)}) == 3


def test_a_lost_answer_can_be_asked_for_again(home: Home) -> None:
    """Within the grace the predecessor is told the same successor, as often as it asks."""
    home.register()
    first = home.log_in()["refresh_token"]
    told = {refreshed(home, first)["refresh_token"] for _ in range(3)}
    assert len(told) == 1
    assert not is_refused(home, told.pop())


def test_the_grace_ends_when_the_successor_is_used(home: Home) -> None:
    """Whoever used the successor got the answer; the predecessor is a copy, and the session dies
    with every token of it, the access tokens too."""
    home.register()
    first = home.log_in()
    second = refreshed(home, first["refresh_token"])
    third = refreshed(home, second["refresh_token"])
    assert opens(home, third["access_token"])

    assert is_refused(home, first["refresh_token"])
    assert is_refused(home, third["refresh_token"])
    assert not opens(home, third["access_token"])
    assert not opens(home, first["access_token"])


def test_the_grace_ends_by_time(home: Home) -> None:
    """After 10 seconds an unused successor no longer helps: the family is revoked."""
    home.register()
    first = home.log_in()["refresh_token"]
    second = refreshed(home, first)
    home.clock.let_pass(seconds=11)
    assert is_refused(home, first)
    assert is_refused(home, second["refresh_token"])


def test_without_grace_the_second_use_revokes(make_home: MakeHome) -> None:
    """PORTERO_REFRESH_GRACE_SECONDS=0."""
    home = make_home(PORTERO_REFRESH_GRACE_SECONDS="0")
    home.register()
    first = home.log_in()["refresh_token"]
    second = refreshed(home, first)
    assert is_refused(home, first)
    assert is_refused(home, second["refresh_token"])
    assert not opens(home, second["access_token"])


def test_a_replay_ends_only_the_session_that_it_concerns(home: Home) -> None:
    """The person's other devices stay signed in."""
    home.register()
    other = home.log_in()
    first = home.log_in()["refresh_token"]
    refreshed(home, refreshed(home, first)["refresh_token"])
    assert is_refused(home, first)
    assert opens(home, other["access_token"])
    assert not is_refused(home, other["refresh_token"])


def test_another_clients_refresh_token_is_unknown_and_stays_good(home: Home) -> None:
    """A client can neither use nor burn what belongs to another one."""
    home.register()
    token = home.log_in()["refresh_token"]
    with pytest.raises(RefreshRefused):
        home.house.rooms.provider.refresh_grant.rotate(
            Actor.anonymous(Origin()), token, client_id="somebody-else", now=home.clock.now()
        )
    assert not is_refused(home, token)


def test_what_is_no_refresh_token_is_refused(home: Home) -> None:
    """Nonsense, an access token and nothing at all get one and the same answer."""
    home.register()
    access = home.log_in()["access_token"]
    for token in ("", "nonsense", access[:512]):
        assert is_refused(home, token), token
    assert home.post("/refresh").status_code == 401


def test_an_unused_refresh_token_expires(make_home: MakeHome) -> None:
    """PORTERO_REFRESH_TOKEN_SECONDS counts from the last rotation."""
    home = make_home(PORTERO_REFRESH_TOKEN_SECONDS="3600")
    home.register()
    token = home.log_in()["refresh_token"]
    home.clock.let_pass(seconds=3500)
    token = refreshed(home, token)["refresh_token"]
    home.clock.let_pass(seconds=3500)
    token = refreshed(home, token)["refresh_token"]
    home.clock.let_pass(seconds=3601)
    assert is_refused(home, token)


def test_a_session_ends_at_its_absolute_lifetime_however_much_it_is_used(
    make_home: MakeHome,
) -> None:
    """PORTERO_SESSION_SECONDS: no refresh token outlives it."""
    home = make_home(PORTERO_SESSION_SECONDS="7200", PORTERO_SESSION_IDLE_SECONDS="3600")
    home.register()
    token = home.log_in()["refresh_token"]
    for _ in range(3):
        home.clock.let_pass(seconds=2000)
        token = refreshed(home, token)["refresh_token"]
    home.clock.let_pass(seconds=1201)
    assert is_refused(home, token)


def test_no_access_token_outlives_its_session(make_home: MakeHome) -> None:
    """One that is issued in the last minute is good for that minute, and says so."""
    home = make_home(PORTERO_SESSION_SECONDS="7200", PORTERO_SESSION_IDLE_SECONDS="7200")
    home.register()
    told = home.log_in()
    home.clock.let_pass(seconds=7140)
    told = refreshed(home, told["refresh_token"])
    assert int(told["expires_in"]) <= 60
    assert opens(home, told["access_token"])
    home.clock.let_pass(seconds=62)
    assert not opens(home, told["access_token"])


def test_an_unused_session_ends(make_home: MakeHome) -> None:
    """PORTERO_SESSION_IDLE_SECONDS ends it though the refresh token would live longer."""
    home = make_home(PORTERO_SESSION_IDLE_SECONDS="3600")
    home.register()
    token = home.log_in()["refresh_token"]
    home.clock.let_pass(seconds=3601)
    assert is_refused(home, token)


def test_a_new_secret_key_between_lost_answer_and_retry_signs_nobody_out(
    make_home: MakeHome,
) -> None:
    """The successor is found under SECRET_KEY_FALLBACKS too."""
    before = make_home()
    before.register()
    first = before.log_in()["refresh_token"]
    lost = refreshed(before, first)["refresh_token"]

    after = make_home(SECRET_KEY=NEW_SECRET_KEY, SECRET_KEY_FALLBACKS=SECRET_KEY)
    assert refreshed(after, first)["refresh_token"] == lost
    assert not is_refused(after, lost)


# --- logging out and sessions -----------------------------------------------------------------


def test_logging_out_ends_this_session_with_its_tokens(home: Home) -> None:
    """And no other one."""
    home.register()
    here, there = home.log_in(), home.log_in()
    answer = home.post("/logout", here["access_token"])
    assert answer.status_code == 200
    assert answer.json == {"ended": 1}
    assert not opens(home, here["access_token"])
    assert is_refused(home, here["refresh_token"])
    assert opens(home, there["access_token"])


def test_logging_out_everywhere_ends_all_sessions(home: Home) -> None:
    """`{"all": true}`; another account's stay."""
    home.register()
    home.register("ben")
    ben = home.log_in("ben")
    mine = [home.log_in() for _ in range(3)]
    answer = home.post("/logout", mine[0]["access_token"], all=True)
    assert answer.json == {"ended": 3}
    assert not any(opens(home, each["access_token"]) for each in mine)
    assert all(is_refused(home, each["refresh_token"]) for each in mine)
    assert opens(home, ben["access_token"])


def test_sessions_are_listed_with_the_present_one_marked(home: Home) -> None:
    """Where and when, and which of them is this one."""
    home.register()
    home.client().post(
        "/login",
        json={"username": "ana", "password": PASSWORD},
        headers={"User-Agent": "Old Phone 3"},
    )
    here = home.log_in()
    answer = home.get("/me/sessions", here["access_token"])
    assert answer.json is not None
    sessions = answer.json["sessions"]
    assert [s["id"] for s in sessions if s["current"]] == [sid_of(here["access_token"])]
    assert "Old Phone 3" in [s["user_agent"] for s in sessions]
    assert all(s["address"] == "127.0.0.1" and s["amr"] == ["pwd"] for s in sessions)


def test_one_session_can_be_ended_from_another(home: Home) -> None:
    """A lost phone; ending it again finds nothing."""
    home.register()
    here, lost = home.log_in(), home.log_in()
    path = f"/me/sessions/{sid_of(lost['access_token'])}"
    ended = home.client().delete(path, headers=bearer(here["access_token"]))
    assert ended.status_code == 204
    assert not opens(home, lost["access_token"])
    assert is_refused(home, lost["refresh_token"])
    assert opens(home, here["access_token"])
    again = home.client().delete(path, headers=bearer(here["access_token"]))
    assert again.status_code == 404


def test_every_other_session_can_be_ended(home: Home) -> None:
    """DELETE /me/sessions leaves this one."""
    home.register()
    others, here = [home.log_in(), home.log_in()], home.log_in()
    answer = home.client().delete("/me/sessions", headers=bearer(here["access_token"]))
    assert answer.json == {"ended": 2}
    assert not any(opens(home, each["access_token"]) for each in others)
    assert opens(home, here["access_token"])


def test_nobody_elses_session_can_be_ended(home: Home) -> None:
    """IDOR: another account's session id is as unknown as a made-up one."""
    home.register()
    home.register("eve")
    ana, eve = home.log_in(), home.log_in("eve")
    for target in (sid_of(ana["access_token"]), "made-up", "%00", "x" * 2000):
        answer = home.client().delete(f"/me/sessions/{target}", headers=bearer(eve["access_token"]))
        assert answer.status_code == 404, target
        assert answer.json is not None
        assert answer.json["code"] in {"no_such_session", "not_found"}
    assert opens(home, ana["access_token"])
    assert not is_refused(home, ana["refresh_token"])


def test_last_use_is_written_at_most_once_in_five_minutes(home: Home) -> None:
    """A session that is used all the time costs no write each time."""
    home.register()
    token = home.log_in()["refresh_token"]

    def last_use() -> str:
        access = refreshed(home, token)["access_token"]
        answer = home.get("/me/sessions", access)
        assert answer.json is not None
        return str(answer.json["sessions"][0]["last_used_at"])

    first = last_use()
    token = refreshed(home, token)["refresh_token"]
    home.clock.let_pass(minutes=4)
    assert last_use() == first
    token = refreshed(home, token)["refresh_token"]
    home.clock.let_pass(minutes=2)
    assert last_use() > first


# --- accounts that end ------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["disable", "delete"])
def test_everything_dies_at_once_with_the_account(make_home: MakeHome, end: str) -> None:
    """In the process that ended it at once; in another one when it next looks (0.4 s)."""
    home, second = make_home(), make_home()
    account = home.register()
    tokens = home.log_in()
    assert opens(second, tokens["access_token"])

    getattr(home.house.rooms.account_admin, end)(Actor.operator(), account["id"])

    assert not opens(home, tokens["access_token"])
    for each in (home, second):
        assert is_refused(each, tokens["refresh_token"])
        answer = each.post("/login", username="ana", password=PASSWORD)
        assert answer.status_code == (403 if end == "disable" else 401)
        assert each.get("/me", tokens["access_token"]).status_code == 401
    second.house.feed.poll()
    assert not opens(second, tokens["access_token"])


def test_a_session_that_ended_is_seen_by_the_other_process(make_home: MakeHome) -> None:
    """Through the change feed, though the token's signature and times are good."""
    home, second = make_home(), make_home()
    home.register()
    tokens = home.log_in()
    assert opens(second, tokens["access_token"])
    home.post("/logout", tokens["access_token"])
    second.house.feed.poll()
    assert not opens(second, tokens["access_token"])


def test_a_process_that_starts_later_knows_what_ended_before(make_home: MakeHome) -> None:
    """Its first look goes back as far as a token can live."""
    home = make_home()
    home.register()
    tokens = home.log_in()
    home.post("/logout", tokens["access_token"])
    assert not opens(make_home(), tokens["access_token"])


@pytest.mark.each_case_on_each_database
def test_an_account_that_is_enabled_again_can_sign_in_at_once(home: Home) -> None:
    """Its new tokens are good even within the second in which it was disabled."""
    account = home.register()
    old = home.log_in()
    admin = home.house.rooms.account_admin
    admin.disable(Actor.operator(), account["id"])
    admin.enable(Actor.operator(), account["id"])
    assert opens(home, home.log_in()["access_token"])
    assert not opens(home, old["access_token"])
    assert is_refused(home, old["refresh_token"])


def test_deleting_oneself_needs_a_fresh_sign_in(home: Home) -> None:
    """A token that was refreshed for hours is not enough (RFC 9470)."""
    home.register()
    tokens = home.log_in()
    home.clock.let_pass(minutes=20)
    stale = refreshed(home, tokens["refresh_token"])["access_token"]
    refused = home.client().delete("/me", headers=bearer(stale))
    assert refused.status_code == 401
    assert "insufficient_user_authentication" in refused.headers["WWW-Authenticate"]

    fresh = home.log_in()["access_token"]
    assert home.client().delete("/me", headers=bearer(fresh)).status_code == 204
    assert not opens(home, fresh)
    assert not opens(home, stale)
    assert home.post("/login", username="ana", password=PASSWORD).status_code == 401


# --- keys -------------------------------------------------------------------------------------


def test_tokens_live_on_through_a_rotation(home: Home) -> None:
    """The next key is published first, then signs; the old one's tokens stay good."""
    home.register()
    home.house.keys.rotate(Actor.operator(), SigningAlg.ES256)
    before = home.log_in()
    kids = {key["kid"] for key in home.get("/.well-known/jwks.json").json["keys"]}  # type: ignore[index]  # Any
    assert len(kids) == 2

    home.clock.let_pass(days=1, seconds=-30)
    old = refreshed(home, before["refresh_token"])
    home.clock.let_pass(seconds=60)
    new = home.log_in()
    used = [jwt.get_unverified_header(t["access_token"])["kid"] for t in (before, old, new)]
    assert used[0] == used[1] != used[2]
    assert set(used) == kids
    assert opens(home, old["access_token"])
    assert opens(home, new["access_token"])


def test_an_immediate_rotation_ends_every_token_of_the_old_key(make_home: MakeHome) -> None:
    """For a key that leaked: at once here, at the next look elsewhere; sessions live on."""
    home, second = make_home(), make_home()
    home.register()
    tokens = home.log_in()
    assert opens(home, tokens["access_token"])
    assert opens(second, tokens["access_token"])

    home.house.keys.rotate(Actor.operator(), SigningAlg.ES256, immediately=True)
    assert not opens(home, tokens["access_token"])
    second.house.feed.poll()
    assert not opens(second, tokens["access_token"])
    fresh = refreshed(home, tokens["refresh_token"])
    assert opens(home, fresh["access_token"])
    assert opens(second, fresh["access_token"])
    states = [key.state(home.clock.now()) for key in home.house.keys.list_keys()]
    assert sorted(states) == [KeyState.CURRENT, KeyState.GONE]


# --- what it costs ----------------------------------------------------------------------------


def test_how_many_statements_the_hot_paths_run(home: Home) -> None:
    """A login, its audit included; a refresh without its audit; and none for a token check."""
    home.register()
    home.log_in()  # the first one also makes caches and the equal-time hash
    with counted(home) as login:
        tokens = home.log_in()
    # PostgreSQL is told by a statement that counting a try need not wait for its disk.
    assert len(login) <= (15 if home.house.db.dialect == "sqlite" else 16), login

    with counted(home) as refresh:
        access = refreshed(home, tokens["refresh_token"])["access_token"]
    work = [statement for statement in refresh if "audit_entries" not in statement]
    # Spend and look, succeed, and the new token's place in the status list.
    assert len(work) <= 3, work

    with counted(home) as check:
        assert opens(home, access)
    assert check == []

"""How many sessions an account has, and what keeps one alive."""

from __future__ import annotations

from portero.core.audit import Actor
from portero.core.sessions import EndReason, Proven, store
from portero.core.sessions.rules import MOST_SESSIONS
from portero.kit.db import Tx
from tests.support.house import Home, MakeHome

PROVEN = Proven("aal1", ("pwd",), "password")


def start(home: Home, username: str, count: int) -> None:
    account = home.house.rooms.accounts.get_by_name(username)
    sessions, now = home.house.rooms.sessions, home.clock.now()

    def unit(tx: Tx) -> None:
        for _ in range(count):
            sessions.start(tx, Actor.system(), account.id, PROVEN, now=now)

    home.house.db.write(unit)


def test_a_sign_in_too_many_ends_the_one_that_was_used_longest_ago(home: Home) -> None:
    """The attack: sign in ten thousand times, and the list of sessions, and ending all of them,
    is what takes the server down. Other accounts' sessions have nothing to do with it."""
    home.register("bob")
    bobs = home.log_in("bob")
    home.register("ana")
    oldest, second = home.log_in("ana"), home.log_in("ana")
    home.clock.let_pass(minutes=6)
    used = home.post("/refresh", refresh_token=oldest["refresh_token"]).json
    start(home, "ana", MOST_SESSIONS - 2)
    listed = home.get("/me/sessions", used["access_token"]).json["sessions"]
    assert len(listed) == MOST_SESSIONS

    newest = home.log_in("ana")
    home.house.feed.poll()
    assert home.get("/protected", second["access_token"]).status_code == 401
    assert home.post("/refresh", refresh_token=second["refresh_token"]).status_code == 401
    for tokens in (used, newest, bobs):
        assert home.get("/me", tokens["access_token"]).status_code == 200
    listed = home.get("/me/sessions", newest["access_token"]).json["sessions"]
    assert len(listed) == MOST_SESSIONS
    ended = home.house.audit.list_entries(kind="session.ended")
    assert [entry.details for entry in ended] == [{"reason": EndReason.TOO_MANY, "count": 1}]


def test_a_list_of_sessions_has_an_end(home: Home) -> None:
    """Whatever an older release left behind."""
    home.register("ana")
    start(home, "ana", 3)
    account = home.house.rooms.accounts.get_by_name("ana")
    now = home.clock.now()
    found = home.house.db.read(lambda tx: store.list_live(tx, account.id, now=now, limit=2))
    assert len(found) == 2


def test_a_session_that_is_used_does_not_become_idle(make_home: MakeHome) -> None:
    """With the shortest idle lifetimes too: last use is written more often for them."""
    home = make_home(PORTERO_SESSION_IDLE_SECONDS="240", PORTERO_ACCESS_TOKEN_SECONDS="60")
    home.register()
    token = home.log_in()["refresh_token"]
    for _ in range(20):
        home.clock.let_pass(seconds=50)
        answer = home.post("/refresh", refresh_token=token)
        assert answer.status_code == 200
        token = answer.json["refresh_token"]
    home.clock.let_pass(seconds=241)
    assert home.post("/refresh", refresh_token=token).status_code == 401

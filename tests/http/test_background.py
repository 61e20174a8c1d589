"""What a worker does by itself, seen from outside."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from portero.background import Background, purge
from portero.core.audit import Actor
from portero.protocol.jose.algorithms import SigningAlg
from tests.support.house import Home, MakeHome
from tests.support.relying_party import query_of, relying_party


def test_a_worker_that_missed_a_rotation_learns_of_it(make_home: MakeHome) -> None:
    """The attack: a key leaked and was withdrawn while one worker stood still (a suspended
    machine), and the change was purged meanwhile. That worker must not trust the key for ever."""
    here, stood_still = make_home(), make_home()
    here.register()
    stolen = stood_still.log_in()["access_token"]
    here.house.keys.rotate(Actor.operator(), SigningAlg.ES256, immediately=True)
    for home in (here, stood_still):
        home.clock.let_pass(minutes=1)
    here.clock.let_pass(hours=1)
    assert here.house.feed.purge() > 0
    here.clock.let_pass(hours=-1)
    background = Background(stood_still.house)
    background.hear()
    assert stood_still.get("/protected", stolen).status_code == 200
    background.care()
    assert stood_still.get("/protected", stolen).status_code == 401
    assert stood_still.get("/protected", stood_still.log_in()["access_token"]).status_code == 200


def rows(home: Home, table: str) -> int:
    count = f"SELECT count(*) FROM {table}"
    return int(home.house.db.read(lambda tx: tx.exec_driver_sql(count).scalar_one()))


def test_counters_are_forgotten_when_their_window_is_over(home: Home) -> None:
    """The attack: try one name after the other, and each leaves a row for a month."""
    for number in range(5):
        home.post("/login", username=f"nobody{number}", password="wrong")
    counted = rows(home, "limit_counters")
    assert counted >= 5
    purge(home.house)
    assert rows(home, "limit_counters") == counted
    home.clock.let_pass(minutes=16)
    purge(home.house)
    assert rows(home, "limit_counters") == 5  # of a day
    home.clock.let_pass(days=1)
    purge(home.house)
    assert rows(home, "limit_counters") == 0


def test_a_spent_refresh_token_is_known_until_it_would_have_expired(home: Home) -> None:
    """A copy that comes back late is still a replay, and not just unknown; a month after that
    nothing is left of it."""
    home.register()
    tokens = home.log_in()
    home.post("/refresh", refresh_token=tokens["refresh_token"])
    home.clock.let_pass(days=59)
    purge(home.house)
    assert rows(home, "refresh_tokens") == 2
    home.clock.let_pass(days=2)
    purge(home.house)
    assert rows(home, "refresh_tokens") == 0


def test_purging_reads_no_table_from_end_to_end(make_home: MakeHome, database_url: str) -> None:
    """It runs in every worker every ten minutes: each of its statements has an index. (SQLite
    tells its plan whatever the size of the tables; the indexes are the same on both.)"""
    home = make_home()
    sent: list[tuple[str, Any]] = []
    transactions: list[None] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        sent.append((statement, parameters))

    engine = home.house.db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    sa.event.listen(engine, "commit", lambda connection: transactions.append(None))
    purge(home.house)
    deletes = [(text, values) for text, values in sent if text.startswith("DELETE")]
    # One transaction a table: a year's worth must not lock all of them for its whole time.
    assert len(deletes) == len(transactions) == 25
    if not database_url.startswith("sqlite"):
        return
    with engine.connect() as connection:
        for text, values in deletes:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()
            assert not [step for step in plan if step.detail.startswith("SCAN")], text


def test_browsers_that_only_looked_are_forgotten(make_home: MakeHome) -> None:
    """A stranger's requests each make one; those that hold a session stay."""
    home = make_home(PORTERO_KEEP_SIGNED_IN="always")
    home.register("ana")
    rp = relying_party(home)
    rp.sign_in()
    for _ in range(3):
        assert (
            home.client().get(f"/oauth/authorize?{urlencode(rp.parameters())}").status_code == 303
        )
    assert rows(home, "browsers") == 4
    home.clock.let_pass(days=2)
    purge(home.house)
    assert rows(home, "browsers") == 1
    assert rows(home, "waiting_requests") == 0
    assert "code" in query_of(rp.begin())

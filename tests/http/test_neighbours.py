"""A neighbour is gone, full or wrong: what needs it is refused and says so, nothing is half done,
and all is well when it is back, without anybody's help.

Others of these tests stand with their neighbour: `docs/explanation/neighbours.md` names them.
"""

from __future__ import annotations

import resource
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from werkzeug.test import TestResponse

from portero.core.accounts.store import accounts
from portero.core.outbox.store import outbox_jobs
from portero.core.sessions.store import sessions
from portero.kit.db import Database, DatabaseUnavailable, Patience
from portero.protocol.jose.algorithms import SigningAlg
from portero.web.problems import status_of
from tests.support import postgresql
from tests.support.house import PASSWORD, Home, MakeHome, bearer
from tests.support.places import LISBON, write_places
from tests.support.relying_party import relying_party
from tests.support.smtp import mail_server

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def refused(answer: TestResponse) -> bool:
    """A clear answer: who asks may come again, and when."""
    assert answer.status_code == 503, answer.text
    assert answer.json["code"] == "database_unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    return True


def rows(home: Home, table: sa.Table, **values: str) -> int:
    counting = sa.select(sa.func.count()).select_from(table).filter_by(**values)
    return home.house.db.read(lambda tx: tx.execute(counting).scalar_one())


# --- the database ------------------------------------------------------------------------------


@contextmanager
def shut(home: Home) -> Iterator[None]:
    """PostgreSQL lets nobody in any more, and puts out who is."""
    server, url = postgresql.cluster(), home.house.db.url
    name = sql.Identifier(str(url.database))
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    end = sql.SQL("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {}")
    postgresql.administer(server, allow.format(name, sql.SQL("false")))
    postgresql.administer(server, end.format(sql.Literal(url.database)))
    try:
        yield
    finally:
        postgresql.administer(server, allow.format(name, sql.SQL("true")))


@on_postgresql
def test_without_the_database_nothing_opens(home: Home) -> None:
    """Each gate that has to look there: passwords, refresh tokens, codes, forms, and what would
    change something. What is checked by a signature alone goes on."""
    home.register()
    rp, told = relying_party(home), home.log_in()
    theirs, page = rp.sign_in(), rp.browser.get("/sign-in")
    assert page.status_code == 200
    with shut(home):
        assert refused(home.post("/login", username="ana", password=PASSWORD))
        assert refused(home.post("/register", username="ben", password=PASSWORD))
        assert refused(home.post("/refresh", refresh_token=told["refresh_token"]))
        assert refused(home.get("/me", told["access_token"]))
        assert refused(home.client().delete("/me", headers=bearer(told["access_token"])))
        assert refused(home.post("/password/forgot", username="ana"))
        for asked in (rp.refresh(theirs["refresh_token"]), rp.redeem("x" * 43)):
            assert asked.status_code == 503, asked.text
            assert "access_token" not in asked.text
        shown = rp.browser.get("/account")
        assert (shown.status_code, "Traceback" in shown.text) == (503, False)
        assert home.get("/readyz").status_code == 503
        assert home.get("/healthz").status_code == 200
        assert home.get("/protected", told["access_token"]).status_code == 200
    assert home.get("/me", told["access_token"]).status_code == 200
    assert home.post("/refresh", refresh_token=told["refresh_token"]).status_code == 200
    assert rp.refresh(theirs["refresh_token"]).status_code == 200
    assert rp.browser.get("/account").status_code == 200
    assert home.get("/readyz").status_code == 200
    assert rows(home, accounts) == 1


@on_postgresql
def test_connections_that_are_cut_in_the_middle_leave_nothing_half(home: Home) -> None:
    """While eight people sign in: each is in, or was told to come again; and there is no session
    but those of whom it was told."""
    home.register()
    before, over = rows(home, sessions), threading.Event()
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    def cut() -> None:
        url = postgresql.url_of(postgresql.cluster(), str(home.house.db.url.database))
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.wait(0.02):
                connection.execute(end)

    def sign_in(_: int) -> int:
        return home.post("/login", username="ana", password=PASSWORD).status_code

    cutting = threading.Thread(target=cut)
    cutting.start()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(sign_in, range(40)))
    over.set()
    cutting.join()
    assert set(found) <= {200, 503}
    assert 503 in found, "nobody was cut off"
    for _ in range(8):  # whoever is next finds what was cut last
        with suppress(DatabaseUnavailable):
            rows(home, sessions)
    # Whose commit arrived, and whose answer did not, was told to come again: at most as many more.
    assert found.count(200) <= rows(home, sessions) - before <= len(found)
    assert home.post("/login", username="ana", password=PASSWORD).status_code == 200


@contextmanager
def full_disk(home: Home) -> Iterator[None]:
    """No file of this process grows: what SQLite appends is refused by the system."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = Path(str(home.house.db.url.database) + "-wal")
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@on_sqlite
def test_a_full_disk_is_refused_and_leaves_nothing_half(home: Home) -> None:
    """An account without its password, or a session that nobody was told of, would be half."""
    home.register()
    told = home.log_in()
    before = rows(home, sessions)
    with full_disk(home):
        for _ in range(3):
            assert refused(home.post("/register", username="ben", password=PASSWORD))
            assert refused(home.post("/login", username="ana", password=PASSWORD))
        assert home.get("/me", told["access_token"]).status_code == 200  # reading needs no room
        assert home.get("/protected", told["access_token"]).status_code == 200
    assert (rows(home, accounts), rows(home, sessions)) == (1, before)
    home.register("ben")
    home.log_in()


@on_sqlite
def test_a_file_that_another_program_holds_is_waited_for_and_then_refused(home: Home) -> None:
    """A backup tool that locks the file, say. (The wait is ten seconds, here a quarter of one.)"""
    home.register()
    held = Database(str(home.house.db.url), patience=Patience(lock=0.25, retries=0.25))
    other = sqlite3.connect(str(home.house.db.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable) as refusal:
        held.write(lambda tx: tx.execute(accounts.update().values(locale="pt")))
    assert status_of(refusal.value) == 503
    assert refusal.value.retry_after_seconds
    other.execute("ROLLBACK")
    other.close()
    held.dispose()
    assert rows(home, accounts, locale="pt") == 0
    home.log_in()


# --- the clock ---------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize(
    ("minutes", "answer"),
    [(-5, 200), (-400 * 1440, 503), (400 * 1440, 200)],
    ids=["a little back", "before any key", "a year on"],
)
def test_a_clock_that_jumps_opens_nothing(home: Home, minutes: int, answer: int) -> None:
    """A machine whose clock was set wrongly. What had ended then stays ended, nothing is an error
    of ours, and when the clock is right again all is well. Before there was a key nobody can sign,
    so nobody gets in."""
    home.register()
    ended = home.log_in()
    assert home.post("/logout", ended["access_token"]).status_code == 200
    home.clock.let_pass(days=2)
    told = home.log_in()
    home.clock.let_pass(minutes=minutes)
    home.house.keys.keep((SigningAlg.ES256,))
    home.house.feed.poll()
    assert home.post("/login", username="ana", password="not hers").status_code == 401
    assert home.post("/login", username="ana", password=PASSWORD).status_code == answer
    assert home.post("/refresh", refresh_token=ended["refresh_token"]).status_code in {401, 503}
    assert home.get("/me", ended["access_token"]).status_code == 401
    if minutes != -5:
        assert home.get("/me", told["access_token"]).status_code == 401
    home.clock.let_pass(minutes=-minutes)
    home.house.feed.poll()
    assert home.get("/me", home.log_in()["access_token"]).status_code == 200
    assert home.post("/refresh", refresh_token=ended["refresh_token"]).status_code == 401


# --- files and services ------------------------------------------------------------------------


@on_sqlite
def test_a_mail_server_that_is_dead_keeps_nobody_from_an_account(make_home: MakeHome) -> None:
    """The mails wait, and come when it is back."""
    settings = {"PORTERO_SMTP_HOST": "127.0.0.1", "PORTERO_SMTP_TLS": "off"}
    home = make_home(**settings, PORTERO_SMTP_PORT="1")
    home.create("ana", "ana@example.org")
    home.register("ben", email="ben@example.org")
    assert home.post("/password/forgot", username="ana").status_code == 202
    home.deliver()
    assert rows(home, outbox_jobs, state="pending") == 2
    home.log_in()
    with mail_server() as mailbox:
        back = make_home(**settings, PORTERO_SMTP_PORT=str(mailbox.port))
        back.clock.let_pass(hours=1)
        back.deliver()
        assert {each.recipients for each in mailbox.wait_for(2)} == {
            ("ana@example.org",),
            ("ben@example.org",),
        }


class Silent:
    """A service that takes a connection and never says anything."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    made = Silent()
    yield made
    made.close()


@on_sqlite
def test_a_breach_service_that_hangs_is_left_after_two_seconds(
    make_home: MakeHome, silent: Silent
) -> None:
    """The one neighbour without which a gate is open: a password that only it knows of passes, and
    the common ones, which need no service, are refused as always."""
    home = make_home(PORTERO_PASSWORD_BREACH_URL=f"{silent.url}/range")
    began = time.monotonic()
    home.register()
    assert time.monotonic() - began < 10
    answer = home.post("/register", username="ben", password="passwordpassword")
    assert answer.status_code == 422


@on_sqlite
def test_a_file_of_places_that_goes_bad_says_nothing(
    make_home: MakeHome, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Overwritten in place, under a server that reads it: whoever signs in from there is of
    unknown place, and gets in."""
    path = write_places(tmp_path / "places.mmdb", {"127.0.0.0/8": LISBON})
    home = make_home(PORTERO_GEOIP_FILE=str(path))
    home.register()
    rp = relying_party(home)
    rp.sign_in()
    assert "Lisbon" in rp.browser.get("/account/sessions").text
    whole = path.read_bytes()
    with path.open("r+b") as written:
        written.write(b"\xff" * (whole.index(b"\xab\xcd\xef") - 1))
    home.log_in()
    shown = rp.browser.get("/account/sessions")
    assert (shown.status_code, "Lisbon" in shown.text) == (200, False)
    assert any("file of places can't be read" in each.message for each in caplog.records)

"""kill -9 in the middle of a thousand registrations: what was acknowledged is there, none half."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from portero.core.accounts.store import accounts
from portero.core.audit.store import audit_entries
from portero.core.factors.password.store import passwords
from portero.kit.db import Database
from tests.support.house import CHEAP_HASH, PASSWORD, SECRET_KEY
from tests.support.server import RunningServer, StartServer

REGISTRATIONS = 1_000
KILLED_AFTER = 300  # acknowledged ones
CLIENTS = 8


class Acknowledged:
    """The names whose 201 arrived; `enough` is set in the middle."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.enough = threading.Event()
        self.over = threading.Event()

    def note(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) >= KILLED_AFTER:
            self.enough.set()


def test_kill_9_loses_no_acknowledged_registration(server: StartServer, database_url: str) -> None:
    """Every 201 that a client saw is an account with its password and its audit entry; no account
    lacks either; and the next start serves them."""
    env = {
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": database_url,
        "PORTERO_LIMITS": "register_by_address=100000/3600",
        **CHEAP_HASH,
    }
    running = server(env)
    seen = Acknowledged()
    with ThreadPoolExecutor(CLIENTS) as clients:
        for client in range(CLIENTS):
            clients.submit(register_all, running, names_of(client), seen)
        killed_in_the_middle = seen.enough.wait(60)
        running.kill()
        seen.over.set()
    assert killed_in_the_middle, running.log()
    assert KILLED_AFTER <= len(seen.names) < REGISTRATIONS

    db = Database(database_url)
    known, with_password, recorded = db.read(read_all)
    if db.dialect == "sqlite":
        check = db.read(lambda tx: tx.exec_driver_sql("PRAGMA integrity_check").scalar_one())
        assert check == "ok"
    db.dispose()
    assert set(seen.names) <= known.keys()
    assert set(known.values()) == with_password == recorded

    again = server(env)
    for name in (seen.names[0], seen.names[-1]):
        assert post(again, "/login", {"username": name, "password": PASSWORD}) == 200


def names_of(client: int) -> Iterator[str]:
    return (f"user-{number}" for number in range(client, REGISTRATIONS, CLIENTS))


def register_all(running: RunningServer, names: Iterator[str], seen: Acknowledged) -> None:
    """One client's share, over one connection, until the server is gone."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    for name in names:
        if seen.over.is_set():
            return
        body = json.dumps({"username": name, "password": PASSWORD})
        try:
            connection.request("POST", "/register", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return
        if answer.status == 201:
            seen.note(name)


def read_all(tx: sa.Connection) -> tuple[dict[str, str], set[str], set[str]]:
    """Accounts (id by name), whose passwords there are, and whose creation was recorded."""
    known = {row.username: row.id for row in tx.execute(sa.select(accounts))}
    with_password = {row.account_id for row in tx.execute(sa.select(passwords.c.account_id))}
    created = sa.select(audit_entries.c.account_id).where(audit_entries.c.kind == "account.created")
    return known, with_password, {row.account_id for row in tx.execute(created)}


def post(running: RunningServer, path: str, body: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(body), headers)
    status = connection.getresponse().status
    connection.close()
    return status

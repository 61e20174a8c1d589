"""Attack: a token that names no session, made at the very moment in which everything of its account
ends. Sessions end by name; what has none is believed by its time, so that has to be in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.kit.engines import READ_ONLY
from portero.kit.secrets import Secret
from portero_guard.checks import unverified_audience
from portero_guard.errors import TokenRefused
from tests.http.test_jwt_bearer import ask, assertion, client_of, trusting
from tests.http.test_status_list import guard_at, refused
from tests.http.test_token_exchange import ORDERS, STOCK, service
from tests.support.house import OTHER_PASSWORD, Home, MakeHome
from tests.support.relying_party import RelyingParty, relying_party

# What comes between two statements depends on how the database locks.
pytestmark = pytest.mark.each_case_on_each_database

Step = Callable[[], object]
Ask = Callable[[], TestResponse]
SCOPE = "openid offline_access orders:read stock:read"
every_end = pytest.mark.parametrize("end", ["disabled", "recovered", "given a password"])
every_way = pytest.mark.parametrize("way", ["code", "refresh token", "exchange", "assertion"])


@pytest.fixture
def homes(make_home: MakeHome, tmp_path: Path) -> tuple[Home, Home]:
    """Two processes of one deployment: in one of them the account ends."""
    settings = {"PORTERO_RESOURCES": f"{ORDERS},{STOCK}", **trusting(tmp_path)}
    home, other = make_home(**settings), make_home(**settings)
    home.create("ana", "ana@example.org")
    return home, other


def ending(home: Home, how: str) -> Step:
    """The owner, or an operator, shuts everybody out."""
    account = home.house.rooms.accounts.get_by_name("ana")
    admin, operator = home.house.rooms.account_admin, Actor.operator()
    if how == "disabled":
        return lambda: admin.disable(operator, account.id)
    if how == "recovered":
        home.post("/password/forgot", username="ana")
        token = home.mailed_token("/reset-password")
        return lambda: home.house.rooms.recovery.use(Actor.system(), token, OTHER_PASSWORD)
    new = Secret(OTHER_PASSWORD)
    return lambda: admin.set_password(operator, account.id, new, must_change=False)


def asking(rp: RelyingParty, way: str) -> Ask:
    """One request for a token that names no session."""
    home = rp.home
    if way == "assertion":
        client, made = client_of(home), assertion(home)
        return lambda: ask(home, client, made)
    if way == "code":
        code = rp.authorize(scope=SCOPE)["code"]
        return lambda: rp.redeem(code)
    tokens = rp.sign_in(scope=SCOPE, resource=ORDERS)
    if way == "refresh token":
        return lambda: rp.refresh(tokens["refresh_token"])
    orders = service(home)
    return lambda: orders.exchange(tokens["access_token"])


@contextmanager
def listening(home: Home, event: str, step: Callable[..., object]) -> Iterator[None]:
    """Take the step at that event of the database, in this thread alone."""
    here = threading.get_ident()

    def happened(connection: Any, *more: object) -> None:
        if threading.get_ident() == here:
            step(connection, *more)

    sa.event.listen(home.house.db.engine, event, happened)
    try:
        yield
    finally:
        sa.event.remove(home.house.db.engine, event, happened)


def later(*homes: Home) -> None:
    """`iat` has whole seconds: the token is of a later one than the clock that was read before."""
    for home in homes:
        home.clock.let_pass(seconds=2)


def is_dead(home: Home, token: str) -> bool:
    """Here, and for an API that reads the status list."""
    home.house.feed.poll()
    try:
        home.house.rooms.provider.tokens.check_any_audience(token)
    except TokenRefused:
        return refused(guard_at(home, audience=unverified_audience(token)), token)
    return False


@every_end
@every_way
def test_what_was_made_just_before_ends(homes: tuple[Home, Home], end: str, way: str) -> None:
    """The end had read the clock, and waited: its time is that of the lock, not of the wait."""
    home, other = homes
    rp = relying_party(other, scope=SCOPE)
    step, asked = ending(home, end), [asking(rp, way) for _ in range(6)]
    answers: list[TestResponse] = []

    def overtake(connection: object, cursor: object = None, sql: str = "BEGIN", *more: Any) -> None:
        if sql.startswith("BEGIN"):
            later(home, other)
            answers.append(asked.pop()())

    # Before the transaction has a lock. On SQLite our own BEGIN is a listener, and the first.
    is_sqlite = home.house.db.dialect == "sqlite"
    with listening(home, "before_cursor_execute" if is_sqlite else "begin", overtake):
        step()
    assert {answer.status_code for answer in answers} == {200}
    if end == "disabled":
        account = home.house.rooms.accounts.get_by_name("ana")
        home.house.rooms.account_admin.enable(Actor.operator(), account.id)
    for told in (answer.get_json() for answer in answers):
        assert is_dead(home, told["access_token"])
        assert is_dead(other, told["access_token"])
        if "refresh_token" in told:
            assert rp.refresh(told["refresh_token"]).status_code == 400


@every_end
@every_way
def test_nothing_is_made_while_everything_ends(
    homes: tuple[Home, Home], end: str, way: str
) -> None:
    """The end is not committed yet: who asks meanwhile waits for it, and gets nothing of what was
    there before. (A new assertion says nothing of a password.)"""
    home, other = homes
    step, asked = ending(home, end), asking(relying_party(other, scope=SCOPE), way)
    answers: list[TestResponse] = []
    asker = threading.Thread(target=lambda: answers.append(asked()))

    def meanwhile(connection: sa.Connection) -> None:
        if not connection.info[READ_ONLY]:
            later(home, other)
            asker.start()
            asker.join(0.5)

    with listening(home, "commit", meanwhile):
        step()
    asker.join(20)
    [answer] = answers
    still_good = way == "assertion" and end != "disabled"
    assert answer.status_code == (200 if still_good else 400), answer.text

"""Accounts by the million and tokens by the thousand, without the verbs that make them one by one.

Every account has the same password and so the same encoding: what a login costs does not depend on
whose hash it checks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from portero.background import Background
from portero.core.accounts.model import Account, AccountState
from portero.core.clients import FIRST_PARTY_CLIENT_ID
from portero.core.provider.issuing import Issuing
from portero.core.provider.model import Basis, Grant, TokenLifetimes
from portero.core.provider.opaque import OpaqueTokens
from portero.kit.vault import Vault
from portero.migrations import runner
from portero.outside.clock import SystemDice
from portero.settings import load
from portero.wiring import House, join

PASSWORD: Final = "olive kettle wanders north"
_AT: Final = "2026-01-01 00:00:00.000000"


def opened(folder: Path, env: Mapping[str, str]) -> House:
    """The house over a migrated database, its signing keys made."""
    house = join(load(env, cwd=folder))
    runner.upgrade(house.db)
    Background(house).care()
    return house


def username(number: int) -> str:
    """Distinct, and in no order: an index that grows at its end only would flatter us."""
    return f"u{number * 2_654_435_761 % 2**32:08x}"


def fill(house: House, count: int) -> None:
    """Add `count` accounts with a verified address and a password, in bulk."""
    encoded = house.hasher.hash(PASSWORD)
    tables = {
        "accounts": (_account(number) for number in range(count)),
        "passwords": (_password(number, encoded, house.hasher.current_scheme)
                      for number in range(count)),
    }  # fmt: skip
    house.db.dispose()
    if house.db.dialect == "sqlite":
        _fill_sqlite(str(house.db.url.database), tables)
    else:
        url = house.db.url.set(drivername="postgresql")
        _fill_postgresql(url.render_as_string(hide_password=False), tables)


def access_tokens(house: House, count: int) -> list[str]:
    """Good tokens, each of another session, as `POST /login` would issue them."""
    settings, now, dice = house.settings, house.clock.now(), SystemDice()
    later = now + timedelta(hours=12)
    vault = Vault((settings.secret_key,))
    issuing = Issuing(
        ring=house.ring,
        dice=dice,
        vault=vault,
        issuer=settings.issuer,
        lifetimes=TokenLifetimes(settings.access_token_seconds, 60, 0),
        statuses=house.rooms.provider.statuses,
        opaque=OpaqueTokens(db=house.db, dice=dice),
    )
    account = Account(dice.new_id(), "alice", "alice", AccountState.ACTIVE, now, now)
    grant = Grant(
        id=dice.new_id(),
        account_id=account.id,
        client_id=FIRST_PARTY_CLIENT_ID,
        session_id="",
        scope=" ".join(settings.api_scopes),
        audience=settings.api_audience,
        offline=False,
        created_at=now,
        expires_at=later,
        auth_time=now,
        acr="aal1",
        amr=("pwd",),
    )
    grants = (replace(grant, session_id=dice.new_id()) for _ in range(count))
    return [
        issuing.token_set(
            Basis(each, account, None),
            now=now,
            refresh_token=None,
            status=issuing.statuses.next_index(FIRST_PARTY_CLIENT_ID, now),
        ).access_token.reveal()
        for each in grants
    ]


def _account(number: int) -> dict[str, Any]:
    name = username(number)
    mail = f"{name}@example.test"
    return {
        "id": _id(number),
        "username": name,
        "username_key": name,
        "state": AccountState.ACTIVE.value,
        "created_at": _AT,
        "updated_at": _AT,
        "email": mail,
        "email_key": mail,
        "email_verified": True,
        "verified_email_key": mail,
        "display_name": "",
        "locale": "",
        "zoneinfo": "",
        "phone": "",
        "phone_verified": False,
        "picture": "",
        "attributes": "{}",
    }


def _password(number: int, encoded: str, scheme: str) -> dict[str, Any]:
    return {
        "account_id": _id(number),
        "encoded": encoded,
        "scheme": scheme,
        "changed_at": _AT,
        "encoded_at": _AT,
        "must_change": False,
    }


def _id(number: int) -> str:
    """Like a UUIDv7: it grows with time, and its end is anything."""
    high, low = divmod(number, 2**16)
    return f"{0x01900000 + high:08x}-{low:04x}-7000-8000-{number * 2_654_435_761 % 2**48:012x}"


def _fill_sqlite(path: str, tables: Mapping[str, Iterator[dict[str, Any]]]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA cache_size=-1000000")
        connection.execute("PRAGMA synchronous=OFF")
        for table, rows in tables.items():
            first = next(rows)
            names = ", ".join(first)
            statement = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(first))})"
            connection.execute(statement, tuple(first.values()))
            connection.executemany(statement, (tuple(row.values()) for row in rows))
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fill_postgresql(url: str, tables: Mapping[str, Iterator[dict[str, Any]]]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for table, rows in tables.items():
            first = next(rows)
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, first))
            )
            connection.execute("SET timezone TO 'UTC'")
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.write_row(tuple(first.values()))
                for row in rows:
                    copy.write_row(tuple(row.values()))
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")

"""Portero as docs/howto/deploy-behind-nginx.md runs it: an https issuer behind a proxy that is
named, two workers, PostgreSQL, a mail server, hashes as dear as they come; and every way in that an
operator can open is open. (It signs by ES256 alone: an RSA key takes a second to make.)

Who connects from `PROXY` is the proxy; everybody else is a stranger, each from a network of their
own, so that the limits as they come are nobody else's.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from tests.support.database import new_database
from tests.support.house import SECRET_KEY, Home
from tests.support.served import served
from tests.support.server import RunningServer
from tests.support.smtp import Mailbox, mail_server
from tests.support.wire import Wire

HOST: Final = "id.example.org"
ISSUER: Final = f"https://{HOST}"
PROXY: Final = "127.0.0.9"
PEPPER: Final = "tests-only-pepper-9hTq2LwX6vRb4NsYk8Jm"
SETTINGS: Final = {
    "PORTERO_ISSUER": ISSUER,
    "PORTERO_TRUSTED_PROXIES": f"{PROXY}/32",
    "PORTERO_PASSWORD_PEPPER": PEPPER,
    "PORTERO_ARGON2_TIME_COST": "2",
    "PORTERO_ARGON2_MEMORY_KIB": "19456",
    "PORTERO_SMTP_HOST": "127.0.0.1",
    "PORTERO_SMTP_TLS": "off",
    "PORTERO_CLIENT_REGISTRATION": "open",
    "PORTERO_CLIENT_ID_DOCUMENTS": "on",
    "PORTERO_MAIL_SIGN_IN": "on",
    "PORTERO_PASSKEY_ORIGINS": "https://app.example.org",
    "PORTERO_SMS_PROVIDER": "http",
    "PORTERO_SMS_URL": "https://sms.example/send",  # nowhere
    "PORTERO_SMS_COUNTRIES": "DE",
    "PORTERO_LOG_LEVEL": "debug",  # whatever is kept out of the log is kept out of this one
}
# Of the server itself, and not of who uses it.
_KEPT: Final = ("alembic_version", "signing_keys", "push_keys", "status_blocks", "changes")
_COUNTED: Final = ("limit_counters", "stuffing_windows", "stuffing_standing")
# What is written down of a try that is refused.
_OF_TRIES: Final = (*_COUNTED, "audit_entries", "changes", "spent_challenges")


@dataclass(frozen=True)
class Production(Home):
    """The operator beside the server, over the same database; who asks as its `client` is on the
    other side of the wire."""

    server: RunningServer
    mailbox: Mailbox
    _secrets: set[str] = field(default_factory=set)
    _networks: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def client(self, address: str = "") -> Any:
        """A browser somewhere: at `address`, or in a network where nobody else is."""
        number = next(self._networks)
        address = address or f"127.{1 + number // 250}.{number % 250}.1"
        return Wire(self.server.port, HOST, address, secrets=self._secrets)

    def mails(self) -> list[str]:
        """Those that were delivered, oldest first: whom to, about what, and the plain text."""
        found = []
        for one in list(self.mailbox.deliveries):
            part = one.message.get_body(("plain",))
            text = part.get_content() if part is not None else ""
            found.append(f"To: {one.message['To']}\nSubject: {one.message['Subject']}\n\n{text}")
        return found

    def deliver(self) -> None:
        """Wait until nothing is due: the workers deliver, and so does this process."""
        super().deliver()
        due = "SELECT 1 FROM outbox_jobs WHERE state = 'pending' AND due_at <= now()"
        with psycopg.connect(self._database_url, autocommit=True) as tx:
            soon(lambda: tx.execute(due).fetchone() is None)

    def written(self) -> dict[str, str]:
        """Whatever the server has left where an operator, or a neighbour on the machine, reads."""
        processes = [psutil.Process(self.server.process.pid)]
        processes += processes[0].children(recursive=True)
        return {
            "log": self.server.log(),
            "audit": self._rows("audit_entries"),
            "process list": "\n".join(" ".join(each.cmdline()) for each in processes),
        }

    def leaks(self) -> list[tuple[str, str]]:
        """Each secret that stands in one of these: where, and how it begins."""
        return leaks_in(self.written(), self.known_secrets())

    def known_secrets(self) -> set[str]:
        """Its own, and what went to and fro."""
        return {*self._secrets, SECRET_KEY, PEPPER, self._database_url}

    def state(self, *but: str) -> dict[str, str]:
        """What is stored, table by table; two that are equal are of the same rows. Left out is what
        tells of tries, what is the server's own, and what a test names."""
        names = [name for name in self._tables() if name not in {*_KEPT, *_OF_TRIES, *but}]
        return {name: self._rows(name) for name in names}

    def empty(self) -> None:
        """Nobody has an account, no application is known, nothing was tried."""
        self._delete([name for name in self._tables() if name not in _KEPT])
        self.mailbox.deliveries.clear()

    def forget_tries(self) -> None:
        """No limit was spent, and no alarm is near; what was written down stays."""
        self._delete(_COUNTED)

    def _delete(self, tables: Iterable[str]) -> None:
        deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in tables]
        with psycopg.connect(self._database_url, autocommit=True) as tx:
            tx.execute("SET session_replication_role = replica")  # in whatever order
            tx.execute(sql.SQL("; ").join(deletes))

    def _tables(self) -> list[str]:
        with psycopg.connect(self._database_url) as tx:
            rows = tx.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            )
            return [name for (name,) in rows]

    def _rows(self, table: str) -> str:
        with psycopg.connect(self._database_url) as tx:
            asked = sql.SQL("SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM {} t")
            row = tx.execute(asked.format(sql.Identifier(table))).fetchone()
            return str(row[0]) if row else ""

    @property
    def _database_url(self) -> str:
        return self.house.settings.database_url.reveal()


def leaks_in(written: Mapping[str, str], secrets: Iterable[str]) -> list[tuple[str, str]]:
    """As it is, and as it stands in an address."""
    forms = {form: secret for secret in secrets for form in (secret, quote(secret, safe=""))}
    return [
        (place, f"{secret[:6]}…")
        for place, text in written.items()
        for form, secret in forms.items()
        if form in text
    ]


@contextmanager
def production(folder: Path, **more: str) -> Iterator[Production]:
    with new_database("postgresql", folder) as url, mail_server() as mailbox:
        settings = {**SETTINGS, "PORTERO_SMTP_PORT": str(mailbox.port), **more}
        with served(url, folder, **settings) as at:
            home = at.home
            yield Production(home.house, home.clock, home.app, home.folder, at.server, mailbox)


def soon(what: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What it answers, as soon as that is something: the workers have other things to do."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"still nothing after {seconds} s"
        time.sleep(0.02)
    return found

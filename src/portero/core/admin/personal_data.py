"""Everything that is held about a person, for that person (GDPR article 15 and 20).

Told piece by piece, because a log may be long. Secrets stay out: hashes, seeds and keys are no use
to their owner, and a stolen file must open nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from portero.core.accounts.flows import Accounts
from portero.core.admin.events import DataDownloaded
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import Authenticators
from portero.core.factors.password import Passwords
from portero.core.limits import LimitPolicy, Limits, OverLimit
from portero.core.provider.connections import Connections
from portero.core.sessions import Sessions
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock

# A file of megabytes, perhaps: nobody needs more of them in an hour.
DOWNLOADS_BY_ACCOUNT: Final = LimitPolicy("downloads_by_account", tries=10, window_seconds=3600)
_ENTRIES_AT_ONCE: Final = 500

Part = tuple[str, Iterator[Mapping[str, Any]]]


class PersonalData:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        limits: Limits,
        accounts: Accounts,
        passwords: Passwords,
        authenticators: Authenticators,
        sessions: Sessions,
        connections: Connections,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._limits = limits
        self._accounts = accounts
        self._passwords = passwords
        self._authenticators = authenticators
        self._sessions = sessions
        self._connections = connections

    def download(self, actor: Actor, account_id: str) -> Iterator[Part]:
        """Each part by its name, read when it is asked for. Raises `OverLimit` at once."""
        now = self._clock.now()

        def unit(tx: Tx) -> OverLimit | None:
            over = self._limits.spend(tx, DOWNLOADS_BY_ACCOUNT, account_id, now=now)
            if over is None:
                self._audit.record(tx, actor, now, DataDownloaded(account_id=account_id))
            return over

        over = self._db.write(unit)
        if over is not None:
            raise over
        parts: Mapping[str, Callable[[str], Iterator[Mapping[str, Any]]]] = {
            "account": self._account,
            "password": self._password,
            "authenticators": lambda of: map(asdict, self._authenticators.list_of(of)),
            "sessions": lambda of: map(asdict, self._sessions.list_known(of)),
            "applications": self._applications,
            "activity": self._activity,
        }
        return ((name, told(account_id)) for name, told in parts.items())

    def _account(self, account_id: str) -> Iterator[Mapping[str, Any]]:
        yield asdict(self._accounts.get(account_id))

    def _password(self, account_id: str) -> Iterator[Mapping[str, Any]]:
        stored = self._db.read(lambda tx: self._passwords.load_in(tx, account_id))
        if stored is not None:
            yield {"changed_at": stored.changed_at}

    def _applications(self, account_id: str) -> Iterator[Mapping[str, Any]]:
        for each in self._connections.list_of(account_id):
            yield {
                "client_id": each.client_id,
                "scope": each.scope,
                "since": each.since,
                "asked": each.asked,
            }

    def _activity(self, account_id: str) -> Iterator[Mapping[str, Any]]:
        before: str | None = None
        while True:
            found = self._audit.list_entries(
                account_id=account_id, before_id=before, limit=_ENTRIES_AT_ONCE
            )
            yield from map(asdict, found)
            if len(found) < _ENTRIES_AT_ONCE:
                return
            before = found[-1].id

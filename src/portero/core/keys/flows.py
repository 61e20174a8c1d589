"""Making, rotating, listing and resealing keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.keys import rules, store
from portero.core.keys.errors import RotationUnderWay
from portero.core.keys.events import KeyCreated
from portero.core.keys.model import KeyRecord
from portero.core.keys.ports import KeyMaker
from portero.core.keys.ring import seal_context
from portero.core.keys.rules import KeySchedule
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.vault import Vault
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwk import private_bytes, public_jwk, thumbprint


class Keys:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        vault: Vault,
        maker: KeyMaker,
        feed: ChangeFeed,
        audit: AuditLog,
        schedule: KeySchedule,
    ) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._maker = maker
        self._feed = feed
        self._audit = audit
        self._schedule = schedule

    def list_keys(self) -> list[KeyRecord]:
        return self._db.read(store.list_keys)

    def keep(self, algs: tuple[SigningAlg, ...]) -> list[KeyRecord]:
        """Make whatever key is due: the first of an algorithm, or the next in good time.

        Called at start and by the worker. Safe to call from many processes at once.
        """
        now = self._clock.now()
        known = self.list_keys()
        made = [
            self._make(Actor.system(), alg, known, now)
            for alg in algs
            if rules.is_due(known, alg, now, self._schedule)
        ]
        return [record for record in made if record is not None]

    def rotate(self, actor: Actor, alg: SigningAlg, *, immediately: bool = False) -> KeyRecord:
        """Publish a next key, which takes over after the publish-ahead time.

        `immediately` is for a key that leaked: the new one signs at once, and every older key of
        the algorithm is gone at once, with all tokens that it signed.
        """
        now = self._clock.now()
        known = self.list_keys()
        if rules.following(known, alg, now) is not None and not immediately:
            raise RotationUnderWay(f"{alg} has a next key")
        made = self._make(actor, alg, known, now, immediately=immediately)
        if made is None:
            raise RotationUnderWay("another process rotated at the same moment")
        return made

    def _make(
        self,
        actor: Actor,
        alg: SigningAlg,
        known: list[KeyRecord],
        now: datetime,
        *,
        immediately: bool = False,
    ) -> KeyRecord | None:
        older = [record for record in known if record.alg is alg]
        # A first key has no verifier with an older set to wait for.
        ahead = bool(rules.current(older, alg, now)) and not immediately
        activates_at = now + self._schedule.publish_ahead if ahead else now
        record = self._new_record(
            alg, 1 + max((r.generation for r in older), default=0), now, activates_at
        )
        gone_at = now if immediately else activates_at + self._schedule.longest_token
        event = KeyCreated(kid=record.kid, alg=alg.value, activates_at=activates_at.isoformat())

        def unit(tx: Tx) -> bool:
            if not store.add(tx, record):
                return False
            store.retire(tx, alg, below=record.generation, at=activates_at, gone_at=gone_at)
            self._feed.note(tx, ChangeKind.KEYS_CHANGED, record.kid)
            self._audit.record(tx, actor, now, event)
            return True

        if not self._db.write(unit):
            return None
        self._feed.apply_now(ChangeKind.KEYS_CHANGED, record.kid, now)
        return record

    def _new_record(
        self, alg: SigningAlg, generation: int, now: datetime, activates_at: datetime
    ) -> KeyRecord:
        private = self._maker.make(alg)
        kid = thumbprint(private.public_key())
        return KeyRecord(
            kid=kid,
            alg=alg,
            generation=generation,
            public_jwk=public_jwk(private.public_key(), kid=kid, alg=alg),
            private_sealed=self._vault.seal(private_bytes(private), context=seal_context(kid)),
            created_at=now,
            activates_at=activates_at,
        )

    def reseal(self) -> int:
        """Seal every private key under the present SECRET_KEY; how many were changed."""
        return sum(self._db.write(self._reseal_one(record)) for record in self.list_keys())

    def _reseal_one(self, record: KeyRecord) -> Callable[[Tx], int]:
        old = record.private_sealed
        if old.startswith(f"{self._vault.key_id}."):
            return lambda tx: 0
        context = seal_context(record.kid)
        new = self._vault.seal(self._vault.open(old, context=context), context=context)
        return lambda tx: int(store.reseal(tx, record.kid, old=old, new=new))

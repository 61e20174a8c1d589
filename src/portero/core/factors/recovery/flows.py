"""Making recovery codes, and proving by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portero.core.accounts import store as account_store
from portero.core.accounts.model import Account
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import Authenticator, Evidence, FactorKind, Given, StillIn
from portero.core.authenticators import store as authenticator_store
from portero.core.factors.recovery import rules, store
from portero.core.factors.recovery.errors import NothingToRecover
from portero.core.factors.recovery.events import RecoveryCodesMade, RecoveryCodeUsed
from portero.core.notices import NoticeTemplate
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import fingerprint


class RecoveryCodes:
    """A `SecondFactor`. Not enrolled as the others are: made beside one."""

    kind = FactorKind.RECOVERY_CODE

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        owner: OwnerTold,
        still_in: StillIn,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._owner = owner
        self._still_in = still_in

    def begin(self, actor: Actor, account: Account, subject: str) -> Mapping[str, Any]:
        """A code needs no challenge."""
        return {}

    def prove_in(
        self, tx: Tx, account_id: str, subject: str, given: Given, *, now: datetime
    ) -> Evidence | None:
        code = rules.typed(given.code)
        authenticator_id = store.spend(tx, account_id, fingerprint(code)) if code else None
        if authenticator_id is None:
            return None
        remaining = store.count(tx, account_id)
        if remaining:
            authenticator_store.touch(tx, authenticator_id, now=now)
        else:
            # Nothing is left to ask for.
            authenticator_store.remove(tx, account_id, authenticator_id)
        used = RecoveryCodeUsed(account_id=account_id, factor=self.kind, remaining=remaining)
        self._audit.record(tx, Actor.system(), now, used)
        told = {"remaining": str(remaining)}
        self._owner.tell_in(tx, account_id, NoticeTemplate.RECOVERY_CODE_USED, told, now=now)
        return Evidence(authenticator_id, amr=("otp",), acr="aal2")

    def remaining(self, account_id: str) -> int:
        return self._db.read(lambda tx: store.count(tx, account_id))

    def is_due(self, account_id: str) -> bool:
        """Whether to offer them unasked: a first other factor was set up just now, and who loses it
        would be locked out."""
        since = self._clock.now() - rules.OFFERED_FOR
        enrolled = self._db.read(lambda tx: authenticator_store.list_of(tx, account_id))
        first = [each.kind is not self.kind and each.created_at > since for each in enrolled]
        return bool(first) and all(first)

    def make(self, actor: Actor, account_id: str) -> tuple[str, ...]:
        """New codes, told this once; all earlier ones are worth nothing. Raises
        `NothingToRecover` for an account without another factor, and `SessionEnded`."""
        now = self._clock.now()
        codes = [rules.made_of(self._dice.token(rules.BITS)) for _ in range(rules.HOW_MANY)]
        made = Authenticator(self._dice.new_id(), account_id, self.kind, "", now)

        def unit(tx: Tx) -> None:
            account_store.hold(tx, account_id)  # of two sets made at once one is left
            self._still_in(tx, actor)
            enrolled = authenticator_store.list_of(tx, account_id)
            if all(each.kind is self.kind for each in enrolled):
                raise NothingToRecover(f"{account_id} has no other factor")
            for each in enrolled:
                if each.kind is self.kind:
                    authenticator_store.remove(tx, account_id, each.id)
            authenticator_store.add(tx, made)
            store.add(tx, account_id, made.id, [fingerprint(code) for code in codes])
            event = RecoveryCodesMade(account_id=account_id, factor=self.kind)
            self._audit.record(tx, actor, now, event)
            self._owner.tell_in(tx, account_id, NoticeTemplate.RECOVERY_CODES_MADE, {}, now=now)

        self._db.write(unit)
        return tuple(rules.shown(code) for code in codes)

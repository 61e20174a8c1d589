"""Proving the present password by somebody who is signed in.

Counted apart from sign-in: a stolen token must not be a way to guess the password, and strangers
who guess at the door must not keep the owner from changing it.
"""

from __future__ import annotations

from dataclasses import dataclass

from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.factors.password import Passwords, StoredPassword
from portero.core.limits import Limits, OverLimit
from portero.core.login import rules
from portero.core.login.errors import WrongPassword
from portero.core.login.events import SignInFailed
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.refusals import FieldFault


@dataclass(frozen=True, slots=True)
class PresentPassword:
    db: Database
    clock: Clock
    audit: AuditLog
    limits: Limits
    passwords: Passwords

    def prove(self, actor: Actor, account: Account, present: str, *, field: str) -> StoredPassword:
        """The one that it is; whether it still is, is to be looked at where that counts. Raises
        `WrongPassword`, which names the `field`, and `OverLimit`."""
        now = self.clock.now()

        def unit(tx: Tx) -> tuple[OverLimit | None, StoredPassword | None]:
            over = self.limits.spend(tx, rules.PASSWORD_BY_OWNER, account.id, now=now)
            return over, self.passwords.load_in(tx, account.id)

        over, stored = self.db.write(unit)
        if over is not None:
            raise over
        proof = self.passwords.prove(present, stored)
        if stored is None or not proof.ok:
            failed = SignInFailed(
                account_id=account.id, factor="password", reason="wrong_present_password"
            )
            failed_at = self.clock.now()
            self.db.write(lambda tx: self.audit.record(tx, actor, failed_at, failed))
            fault = FieldFault(field, "wrong", WrongPassword.public)
            raise WrongPassword("present password", faults=(fault,))
        return stored

"""Proving the present password by somebody who is signed in.

Counted apart from sign-in: a stolen token must not be a way to guess the password, and strangers
who guess at the door must not keep the owner from changing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.factors.password import Passwords, StoredPassword
from portero.core.limits import LimitPolicy, Limits, OverLimit
from portero.core.login.errors import WrongPassword
from portero.core.login.events import SignInFailed
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.refusals import FieldFault

# Of one session, so that a thief who has another uses up nothing of the owner's.
PASSWORD_BY_OWNER: Final = LimitPolicy("password_by_owner", tries=30, window_seconds=900)
# Of all sessions together: who is patient has twice as many in a day, not 96 windows full.
PRESENT_PASSWORD_DAILY: Final = LimitPolicy("daily_password_by_account", 60, window_seconds=86_400)
POLICIES: Final = (PASSWORD_BY_OWNER, PRESENT_PASSWORD_DAILY)


@dataclass(frozen=True, slots=True)
class PresentPassword:
    db: Database
    clock: Clock
    audit: AuditLog
    limits: Limits
    passwords: Passwords

    def prove(
        self, actor: Actor, account: Account, session_id: str, present: str, *, field: str
    ) -> StoredPassword:
        """The one that it is; whether it still is, is to be looked at where that counts. The tries
        are counted until `forgive_in`. Raises `WrongPassword`, which names the `field`, and
        `OverLimit`."""
        now = self.clock.now()

        def unit(tx: Tx) -> tuple[OverLimit | None, StoredPassword | None]:
            over = self.limits.spend_each(tx, *_tries(account.id, session_id), now=now)
            return over, self.passwords.load_in(tx, account.id)

        over, stored = self.db.write(unit)
        if over is not None:
            raise over
        proof = self.passwords.prove(present, stored, known=True)
        if stored is None or not proof.ok:
            failed = SignInFailed(
                account_id=account.id, factor="password", reason="wrong_present_password"
            )
            failed_at = self.clock.now()
            self.db.write(lambda tx: self.audit.record(tx, actor, failed_at, failed))
            fault = FieldFault(field, "wrong", WrongPassword.public)
            raise WrongPassword("present password", faults=(fault,))
        return stored

    def forgive_in(self, tx: Tx, account_id: str, session_id: str) -> None:
        """Forget the tries, once what the right one was proven for is done."""
        self.limits.clear_each(tx, *_tries(account_id, session_id))


def _tries(account_id: str, session_id: str) -> tuple[tuple[LimitPolicy, str], ...]:
    return (PASSWORD_BY_OWNER, session_id), (PRESENT_PASSWORD_DAILY, account_id)

"""What somebody answers on another device does to the sign-in that asked.

A question is worth no more than the sign-in that it belongs to: when that is over, so is the
question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portero.core.accounts.flows import Accounts
from portero.core.accounts.model import Account
from portero.core.audit import Actor
from portero.core.factors.push import Asked, Decision, Purpose, PushAnswers
from portero.core.factors.push.errors import QuestionOver, WrongNumber
from portero.core.login import store
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.refusals import Refusal


@dataclass(frozen=True, slots=True)
class PushQuestion:
    """What whoever answers is shown. `client_id` is the application's, '' for none."""

    account: Account
    enrols: bool
    client_id: str
    user_agent: str
    address: str
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PushAnswering:
    db: Database
    clock: Clock
    accounts: Accounts
    answers: PushAnswers

    def reachable(self, account_id: str) -> frozenset[str]:
        """Those of the account's devices that take messages, as far as is known."""
        return self.db.read(lambda tx: self.answers.reachable_in(tx, account_id))

    def look(self, secret: str) -> PushQuestion:
        """What the device with that secret is asked. Spends nothing. Raises `QuestionOver`."""
        now = self.clock.now()
        asked, client_id = self.db.read(lambda tx: self._live_in(tx, secret, now))
        question = asked.question
        account = self.accounts.get(question.account_id)
        return PushQuestion(
            account=account,
            enrols=question.purpose is Purpose.ENROL,
            client_id=client_id,
            user_agent=question.user_agent,
            address=question.address,
            asked_at=question.asked_at,
            expires_at=question.expires_at,
        )

    def approve(self, actor: Actor, secret: str, number: str) -> None:
        """Raises `WrongNumber`, which ends the question, and `QuestionOver`."""
        now = self.clock.now()

        def unit(tx: Tx) -> Refusal | None:
            asked, _ = self._live_in(tx, secret, now)
            decision = self.answers.approve_in(tx, actor, asked, number, now=now)
            if decision is None:
                return QuestionOver("another answer was quicker")
            return WrongNumber() if decision is Decision.WRONG_NUMBER else None

        refusal = self.db.write(unit)
        if refusal is not None:
            raise refusal

    def deny(self, actor: Actor, secret: str) -> None:
        """The question is refused, and the sign-in that asked is over: it can't go on by another
        factor. Raises `QuestionOver`."""
        now = self.clock.now()

        def unit(tx: Tx) -> bool:
            asked, _ = self._live_in(tx, secret, now)
            if not self.answers.deny_in(tx, actor, asked, now=now):
                return False
            store.finish(tx, asked.question.subject)
            return True

        if not self.db.write(unit):
            raise QuestionOver("another answer was quicker")

    def _live_in(self, tx: Tx, secret: str, now: datetime) -> tuple[Asked, str]:
        """The question, and the application that the sign-in is for."""
        asked = self.answers.find_in(tx, secret, now=now)
        if asked is None:
            raise QuestionOver("unknown, answered or too old")
        under_way = store.find_by_id(tx, asked.question.subject, now=now)
        if under_way is None and asked.question.purpose is Purpose.PROVE:
            raise QuestionOver("its sign-in is over")
        return asked, under_way.wanted.client_id if under_way is not None else ""

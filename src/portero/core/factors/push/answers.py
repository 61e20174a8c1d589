"""The answer of a device. Its secret alone proves which device it is: there is no session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import FactorKind
from portero.core.factors.push import rules, store
from portero.core.factors.push.events import PushApproved, PushDenied, PushWrongNumber
from portero.core.factors.push.model import Asked, Decision, Purpose
from portero.core.factors.push.numbers import Numbers
from portero.core.notices import NoticeTemplate
from portero.kit.db import Tx
from portero.kit.secrets import fingerprint


@dataclass(frozen=True, slots=True)
class PushAnswers:
    audit: AuditLog
    owner: OwnerTold
    numbers: Numbers

    def find_in(self, tx: Tx, secret: str, *, now: datetime) -> Asked | None:
        """The question that the secret belongs to, while it waits. Spends nothing."""
        found = store.find_by_secret(tx, fingerprint(secret))
        return found if found is not None and rules.waits(found.question, now) else None

    def reachable_in(self, tx: Tx, account_id: str) -> frozenset[str]:
        """Those of the account's devices that take messages, as far as is known."""
        return frozenset(each.authenticator_id for each in store.devices_of(tx, account_id))

    def approve_in(
        self, tx: Tx, actor: Actor, asked: Asked, number: str, *, now: datetime
    ) -> Decision | None:
        """What was decided by it: a wrong number ends the question too. None when another answer
        was quicker. A browser that is enrolled needs no number: it has just been in the hand of
        whoever is signed in."""
        question = asked.question
        right = question.purpose is Purpose.ENROL or self.numbers.is_right(question, number)
        decision = Decision.APPROVED if right else Decision.WRONG_NUMBER
        if not store.decide(tx, question.id, decision, asked.authenticator_id, now=now):
            return None
        named = {
            "account_id": question.account_id,
            "factor": FactorKind.PUSH.value,
            "authenticator_id": asked.authenticator_id,
        }
        event = (
            PushApproved(**named, purpose=question.purpose) if right else PushWrongNumber(**named)
        )
        self.audit.record(tx, actor, now, event)
        return decision

    def deny_in(self, tx: Tx, actor: Actor, asked: Asked, *, now: datetime) -> bool:
        """The owner is told: whoever began this has the password, or a browser that was left open.
        False when another answer was quicker."""
        question = asked.question
        if not store.decide(tx, question.id, Decision.DENIED, asked.authenticator_id, now=now):
            return False
        event = PushDenied(
            account_id=question.account_id,
            factor=FactorKind.PUSH,
            purpose=question.purpose,
            authenticator_id=asked.authenticator_id,
        )
        self.audit.record(tx, actor, now, event)
        template = NoticeTemplate.PUSH_DENIED
        self.owner.tell_in(tx, question.account_id, template, {}, now=now)
        return True

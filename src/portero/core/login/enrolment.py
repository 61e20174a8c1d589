"""Enrolling a factor by somebody who is signed in. (Who has to enrol one to get in: `steps.py`.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portero.core.accounts.flows import Accounts
from portero.core.audit import Actor
from portero.core.authenticators import Evidence, FactorKind, Given
from portero.core.limits import Limits
from portero.core.login import rules
from portero.core.login.errors import WrongFactor
from portero.core.login.model import Factors
from portero.core.sessions import Session
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock


class Enrolment:
    def __init__(
        self, *, db: Database, clock: Clock, limits: Limits, accounts: Accounts, factors: Factors
    ) -> None:
        self._db = db
        self._clock = clock
        self._limits = limits
        self._accounts = accounts
        self._factors = factors

    def begin(self, actor: Actor, session: Session, kind: FactorKind) -> Mapping[str, Any]:
        """What the page has to show, or to hand to the browser."""
        account = self._accounts.get(session.account_id)
        return self._factors.enrollable(kind).begin_enrolment(actor, account, session.id)

    def finish(
        self, actor: Actor, session: Session, kind: FactorKind, given: Given, *, name: str
    ) -> str:
        """The id of the new authenticator; raises `WrongFactor`, `OverLimit`."""
        now = self._clock.now()
        policy, account_id = rules.SECOND_FACTOR_BY_ACCOUNT, session.account_id
        over = self._db.write(lambda tx: self._limits.spend(tx, policy, account_id, now=now))
        if over is not None:
            raise over

        def unit(tx: Tx) -> Evidence | None:
            evidence = self._factors.enrollable(kind).enrol_in(
                tx, actor, account_id, session.id, given, name=name, now=now
            )
            if evidence is not None:
                self._limits.give_back(tx, policy, account_id)
            return evidence

        evidence = self._db.write(unit)
        if evidence is None:
            raise WrongFactor(kind)
        return evidence.authenticator_id

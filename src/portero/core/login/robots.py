"""Whether whoever is at the door has to show first that they are no robot.

Asked before anything is tried or counted: a puzzle that was not solved uses up nobody's tries. The
counters of the limits are the pressure. Names that are nobody's are counted like all others, so a
puzzle tells nobody who has an account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portero.core.accounts.flows import find_identified, identifier_key
from portero.core.audit import Actor
from portero.core.challenges import ANSWERS_BY_ADDRESS, Challenges, Occasion, Pressure, Puzzle
from portero.core.devices import KnownDevices
from portero.core.limits import LimitPolicy, Limits
from portero.core.login import rules
from portero.core.login.model import InBrowser
from portero.core.stuffing import StuffingAlarm
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock


@dataclass(frozen=True, slots=True)
class _Counted:
    """Which counters speak for a robot: that of the name, where there is one, and the address's."""

    by_address: LimitPolicy
    by_subject: LimitPolicy | None = None


_COUNTED: Final = {
    Occasion.LOGIN: _Counted(rules.LOGIN_BY_ADDRESS, rules.LOGIN_BY_ACCOUNT),
    Occasion.REGISTER: _Counted(rules.REGISTER_BY_ADDRESS),
    Occasion.RECOVERY: _Counted(rules.RECOVERY_BY_ADDRESS),
    Occasion.MAIL_SIGN_IN: _Counted(rules.MAIL_SIGN_IN_BY_ADDRESS),
}


@dataclass(frozen=True, slots=True)
class Robots:
    db: Database
    clock: Clock
    limits: Limits
    devices: KnownDevices
    challenges: Challenges
    stuffing: StuffingAlarm

    def admit(
        self,
        actor: Actor,
        occasion: Occasion,
        identifier: str,
        given: str,
        in_browser: InBrowser | None = None,
    ) -> None:
        """Raise `ChallengeRequired` unless nothing is asked, or `given` solves it; spends it."""
        if not self.challenges.is_on:
            return
        now, address = self.clock.now(), actor.origin.address
        pressure = self._pressure(actor, occasion, identifier, in_browser, now)
        if not self.challenges.asks(occasion, pressure):
            return
        if given:
            self._spend_answer(address, now)
        solved = self.challenges.judge(given, occasion, address, now=now)
        if solved is None or not self.db.write(
            lambda tx: self.challenges.spend_in(tx, occasion, address, pressure, solved, now=now)
        ):
            raise self.challenges.refusal(occasion, address, pressure, now=now)

    def _spend_answer(self, address: str, now: datetime) -> None:
        """Before it is judged: a service may have to be asked, and a thread waits for it."""
        over = self.db.write(
            lambda tx: self.limits.spend(tx, ANSWERS_BY_ADDRESS, address, now=now), durable=False
        )
        if over is not None:
            raise over

    def puzzle(
        self,
        actor: Actor,
        occasion: Occasion,
        identifier: str,
        in_browser: InBrowser | None = None,
    ) -> Puzzle | None:
        """What the next try will be asked for, so that its page can begin at once."""
        if not self.challenges.is_on:
            return None
        now = self.clock.now()
        pressure = self._pressure(actor, occasion, identifier, in_browser, now)
        return self.challenges.puzzle(occasion, actor.origin.address, pressure, now=now)

    def _pressure(
        self,
        actor: Actor,
        occasion: Occasion,
        identifier: str,
        in_browser: InBrowser | None,
        now: datetime,
    ) -> Pressure:
        counted = _COUNTED[occasion]

        def unit(tx: Tx) -> Pressure:
            account = find_identified(tx, identifier) if identifier else None
            tries = [(counted.by_address, actor.origin.address)]
            if counted.by_subject is not None and identifier:
                subject = account.id if account else identifier_key(identifier)
                tries.append((counted.by_subject, subject))
            of_address, *of_subject = self.limits.spent(tx, *tries, now=now)
            # Looked for of nobody too: a statement less would tell who has an account.
            known = in_browser is not None and self.devices.knew_in(
                tx, account.id if account else "", in_browser.devices, before=now
            )
            alarm = self.stuffing.is_on
            return Pressure(sum(of_subject), of_address, device_known=known, alarm=alarm)

        return self.db.read(unit)

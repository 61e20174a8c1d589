"""Asking for a solution, and spending it."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta
from typing import Final

from portero.core.challenges import rules
from portero.core.challenges.errors import ChallengeRequired, TicketTooEarly
from portero.core.challenges.model import Occasion, Pressure, Puzzle, Solved
from portero.core.challenges.ports import Gate
from portero.core.challenges.tickets import WAIT_SECONDS, Tickets
from portero.core.limits import AddressPolicy, Limits
from portero.core.replay import spend_once
from portero.kit.db import Tx

LIFETIME: Final = timedelta(minutes=10)
# Enough for an office whose people have no scripts, and little for a robot.
TICKETS_BY_ADDRESS: Final = AddressPolicy("tickets_by_address", tries=10, window_seconds=3600)
# Of answers that were sent, good or not. Judging one may keep a thread waiting for a service.
ANSWERS_BY_ADDRESS: Final = AddressPolicy(
    "challenge_answers_by_address", tries=120, window_seconds=900
)
_KIND: Final = "challenge"


class Challenges:
    """`gate` is None where an operator has turned challenges off."""

    def __init__(self, gate: Gate | None, tickets: Tickets, limits: Limits) -> None:
        self._gate = gate
        self._tickets = tickets
        self._limits = limits

    @property
    def is_on(self) -> bool:
        return self._gate is not None

    def rehearse(self, now: datetime) -> None:
        """Make one for nobody: what making loads then is there before the attack is."""
        if self._gate is not None:
            self._make("", 0, now)

    def asks(self, occasion: Occasion, pressure: Pressure) -> bool:
        return self._level(occasion, pressure) is not None

    def puzzle(
        self, occasion: Occasion, address: str, pressure: Pressure, *, now: datetime
    ) -> Puzzle | None:
        """What to solve before the next try, None for nothing: for the page of that try."""
        level = self._level(occasion, pressure)
        return None if level is None else self._make(_about(occasion, address), level, now)

    def judge(
        self, given: str, occasion: Occasion, address: str, *, now: datetime
    ) -> Solved | None:
        """The solution that was sent, if it holds; it is not spent yet. A ticket that is not good
        yet raises `TicketTooEarly`. With no transaction open: a service may be asked."""
        if not given or self._gate is None:
            return None
        about = _about(occasion, address)
        waited = self._tickets.read(given, about, now=now)
        if waited is None:
            return self._gate.judge(given, now=now, address=address)
        if now < waited.good_at:
            left = math.ceil((waited.good_at - now).total_seconds())
            content = self._gate.make(about, waited.solved.level, expires_at=now + LIFETIME)
            puzzle = Puzzle(self._gate.kind, content, self._gate.widget, waited.ticket, left)
            raise TicketTooEarly(f"{left} s too early", puzzle)
        return waited.solved

    def spend_in(
        self,
        tx: Tx,
        occasion: Occasion,
        address: str,
        pressure: Pressure,
        solved: Solved,
        *,
        now: datetime,
    ) -> bool:
        """Whether the solution is good for what is asked now; spends it."""
        level = self._level(occasion, pressure)
        about = _about(occasion, address)
        # One level less is let pass: the pressure may have risen while somebody worked.
        if solved.level < (level or 0) - 1 or solved.about not in (about, None):
            return False
        if now >= solved.expires_at:
            return False
        if solved.by_waiting and self._limits.spend(tx, TICKETS_BY_ADDRESS, address, now=now):
            return False
        return spend_once(tx, _KIND, about, solved.id, expires_at=solved.expires_at)

    def refusal(
        self, occasion: Occasion, address: str, pressure: Pressure, *, now: datetime
    ) -> ChallengeRequired:
        """What to raise where something is asked and was not solved. With no transaction open:
        making a puzzle costs a derivation."""
        level = self._level(occasion, pressure) or 0
        puzzle = self._make(_about(occasion, address), level, now)
        return ChallengeRequired(f"{occasion}: level {level}", puzzle)

    def _level(self, occasion: Occasion, pressure: Pressure) -> int | None:
        return rules.level(occasion, pressure) if self.is_on else None

    def _make(self, about: str, level: int, now: datetime) -> Puzzle:
        if self._gate is None:
            raise ValueError("challenges are off")
        content = self._gate.make(about, level, expires_at=now + LIFETIME)
        ticket = self._tickets.make(about, level, now=now)
        return Puzzle(self._gate.kind, content, self._gate.widget, ticket, WAIT_SECONDS)


def _about(occasion: Occasion, address: str) -> str:
    """What a puzzle is for: a try from there. A robot does not collect at one place what it spends
    at many. The name can't be in it, for a page has its puzzle before a name is typed. Only a hash
    of the address leaves."""
    return hashlib.sha256(f"{occasion}\0{address}".encode()).hexdigest()[:32]

"""What every factor can do for the rooms above. `subject` is what a challenge belongs to: the id of
a sign-in under way or of a session, so that an answer to one is worth nothing in another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from portero.core.accounts.model import Account
from portero.core.audit import Actor
from portero.core.authenticators.model import Evidence, FactorKind, Given
from portero.kit.db import Tx

StillIn = Callable[[Tx, Actor], None]
"""Looks again in the transaction that changes what an account is guarded by: raises where the
session of whoever asks has ended meanwhile."""


class SecondFactor(Protocol):
    @property
    def kind(self) -> FactorKind: ...

    def begin(self, actor: Actor, account: Account, subject: str) -> Mapping[str, Any]:
        """Make the challenge, or send the code; what the person's browser has to be told. No
        transaction is open. Begun again for that subject within a minute, nothing is sent again
        and the same is told: a page is loaded again, a code mistyped. Raises the factor's own
        refusals."""

    def prove_in(
        self, tx: Tx, account_id: str, subject: str, given: Given, *, now: datetime
    ) -> Evidence | None:
        """Check and spend a proof; None when it is wrong, stale, used, or somebody else's."""


class Enrollable(Protocol):
    @property
    def kind(self) -> FactorKind: ...

    def begin_enrolment(self, actor: Actor, account: Account, subject: str) -> Mapping[str, Any]:
        """Make what has to be put into the new authenticator; what the browser has to be told."""

    def enrol_in(
        self,
        tx: Tx,
        actor: Actor,
        account_id: str,
        subject: str,
        given: Given,
        *,
        name: str,
        now: datetime,
    ) -> Evidence | None:
        """Enrol what the person has shown to work, which proves it too; None when the proof is
        wrong or stale."""


class AnsweredElsewhere(Protocol):
    """Beside the two above, for a factor that is answered on another device. Nothing can be guessed
    where one waits for it, so to ask how it stands counts as no try."""

    def waiting(self, account_id: str, subject: str, *, enrols: bool) -> Mapping[str, Any] | None:
        """What the person is shown while nobody has answered; None when there is nothing (more) to
        wait for: then `prove_in` or `enrol_in` tell what came of it."""

    def ask(
        self, actor: Actor, account: Account, subject: str, *, budget: str
    ) -> Mapping[str, Any]:
        """`SecondFactor.begin`, counted under that budget: a browser that the account knows has one
        of its own."""

    def offer(
        self, actor: Actor, account: Account, subject: str, given: Given
    ) -> Mapping[str, Any]:
        """Have what is to be enrolled show that it can answer; what the browser has to be told."""

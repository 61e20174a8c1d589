"""What happens on the way in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event, Outcome
from portero.core.login.model import Wanted
from portero.core.sessions import Proven, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed(Event):
    """A proof was wrong. What was typed stays out: people type passwords into name fields."""

    kind: ClassVar[str] = "login.failed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLimited(Event):
    """Tries for an account or from an address were refused; told once in each window, so that a
    flood of them is no flood of entries."""

    kind: ClassVar[str] = "login.limited"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    limit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInOwes(Event):
    """A first factor was proven, and something more is owed."""

    kind: ClassVar[str] = "login.owes"
    owed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorPutOff(Event):
    """Somebody who has to enrol a second factor did not yet; `until` is when their time is over."""

    kind: ClassVar[str] = "login.second_factor_put_off"
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandMet(Event):
    """An application wanted a level or a second factor, and got it: `factor` is what satisfied it,
    and `stepped_up` says whether a session that was there was lifted."""

    kind: ClassVar[str] = "login.demand_met"
    wanted: str
    second_factor: bool
    acr: str
    amr: tuple[str, ...]
    stepped_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInMailSent(Event):
    """A link and a code to sign in with were queued."""

    kind: ClassVar[str] = "login.mail_sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverySent(Event):
    """A link to choose a new password was queued."""

    kind: ClassVar[str] = "recovery.sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryUsed(Event):
    """A new password was chosen by a mailed link; every session ended."""

    kind: ClassVar[str] = "recovery.used"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailMoveUndone(Event):
    """The mailbox that the account had left took it back; sessions, grants, the password and what
    was enrolled lately are gone. Whoever came in after `since` may have been somebody else."""

    kind: ClassVar[str] = "account.email_move_undone"
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFrozen(Event):
    """The owner said that what a mail told of (`about`) was not theirs, or an operator did:
    sessions, grants, new browsers, the password and what was enrolled since then are gone. Whoever
    came in after `since` may have been somebody else."""

    kind: ClassVar[str] = "account.frozen"
    about: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationSent(Event):
    """Somebody was invited to register."""

    kind: ClassVar[str] = "invitation.sent"


def demand_met(session: Session, proven: Proven, wanted: Wanted, *, stepped_up: bool) -> DemandMet:
    """Of the session at which a sign-in for what is `wanted` ended."""
    return DemandMet(
        account_id=session.account_id,
        session_id=session.id,
        client_id=wanted.client_id,
        factor=proven.factor,
        wanted=wanted.acr,
        second_factor=wanted.second_factor,
        acr=proven.acr,
        amr=proven.amr,
        stepped_up=stepped_up,
    )

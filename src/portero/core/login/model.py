"""A sign-in under way, what it can still owe, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from portero.core.accounts.model import Account
from portero.core.audit import Actor
from portero.core.authenticators import (
    AnsweredElsewhere,
    Due,
    Enrollable,
    FactorKind,
    Given,
    SecondFactor,
)
from portero.core.sessions import Proven, Session
from portero.kit.db import Tx
from portero.kit.secrets import Secret
from portero.kit.values import quick_value

PASSWORD_PROVEN: Final = Proven(acr="aal1", amr=("pwd",), factor="password")
# Of somebody who is to prove everything again.
NOTHING_PROVEN: Final = Proven(acr="", amr=(), factor="")


class Owed(StrEnum):
    """What a sign-in can lack once somebody has been identified and proven a first factor."""

    PASSWORD = "password"  # noqa: S105  # of who proves everything anew, in a session
    SECOND_FACTOR = "second_factor"
    KEEP_ACCOUNT = "keep_account"
    VERIFY_EMAIL = "verify_email"
    CHANGE_PASSWORD = "change_password"  # noqa: S105  # a step, not a password
    ENROL_FACTOR = "enrol_factor"


class SecondFactorRule(StrEnum):
    """Who has to prove a second factor."""

    OFF = "off"  # nobody, whatever is enrolled
    OPTIONAL = "optional"  # whoever has enrolled one
    REQUIRED = "required"  # everybody; who has none has to enrol one


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the sign-in is for: the client, the weakest level that it will take ('' for any), and
    whether it takes none without a second factor. `doubted`: it is unusual, and nobody takes it
    without one more proof than the first."""

    client_id: str = ""
    acr: str = ""
    second_factor: bool = False
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class InBrowser:
    """The browser that is to hold the session: its cookie and that of the devices ("" when it has
    none yet), and whether the person wants to stay signed in when it is closed."""

    cookie: str = ""
    devices: str = ""
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Interaction:
    """A sign-in that owes something. Its secret (`auth_session`) is spent by each step."""

    id: str
    account_id: str
    proven: Proven
    wanted: Wanted
    keep: bool
    created_at: datetime
    expires_at: datetime
    session_id: str = ""  # of the live session that this one lifts, '' for a sign-in from nothing
    anew: bool = False  # all is proven again in that session, not only what it lacks

    def wanting(self, second_factor: bool) -> Interaction:
        """As if it had been begun for what needs a second factor, if that is so."""
        wants = second_factor or self.wanted.second_factor
        return replace(self, wanted=replace(self.wanted, second_factor=wants))


@quick_value
class Facts:
    """What the rule of what is owed looks at. `mail_counts_from`: until then a code by mail proves
    what was proven already, because the password came by mail; None: nothing stands against it.
    `put_aside_until`: until then that is too little for an account whose factors were put aside.
    `due`: since when a second factor is required of who has none."""

    account: Account
    password_must_change: bool
    proven: Proven
    wanted: Wanted
    enrolled: tuple[FactorKind, ...]
    device_trusted: bool = False
    mail_counts_from: datetime | None = None
    put_aside_until: datetime | None = None
    due: Due | None = None


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """`factors` are the second factors that may be enrolled and proven here; `grace` is how long
    who has to enrol one may put it off."""

    require_verified_email: bool = False
    second_factor: SecondFactorRule = SecondFactorRule.OPTIONAL
    factors: tuple[FactorKind, ...] = tuple(FactorKind)
    grace: timedelta = timedelta(0)


class KeepSignedIn(StrEnum):
    """Whether a session outlives the browser's windows."""

    ASK = "ask"
    ALWAYS = "always"
    NEVER = "never"


class Registration(StrEnum):
    """Who may make an account."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


@quick_value
class SignedIn:
    """The end of a sign-in; `browser` is the new cookie of the browser that holds the session, to
    outlive its windows if it `lasts`, and `devices` the new cookie of the devices. `enrolled`: its
    last step set up a factor."""

    session: Session
    account: Account
    browser: Secret | None = None
    lasts: bool = True
    devices: Secret | None = None
    enrolled: bool = False


class Along(Protocol):
    """What is done with a new session in the transaction that makes it."""

    def prepared(self) -> AbstractContextManager[None]:
        """Around that transaction, when the person has proven who he is."""

    def redeem_in(self, tx: Tx, session: Session, account: Account) -> None:
        """Within it; may run again, as every unit may."""


@dataclass(frozen=True, slots=True)
class StillOwes:
    """The sign-in goes on with `auth_session`, a new value at each step.

    `factors` are the kinds by which the step can be answered, the one to be asked first first;
    `begun` is the one that was begun, and `shown` what its challenge tells the browser. Until
    `put_off_until` the step may be put off; None: it may not.
    """

    auth_session: Secret
    owed: Owed
    options: tuple[str, ...]
    expires_at: datetime
    factors: tuple[FactorKind, ...] = ()
    begun: FactorKind | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    put_off_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody sends to go on: of these, what the present step needs."""

    password: str | None = None
    new_password: str | None = None
    token: str | None = None
    resend: bool = False
    factor: str | None = None  # which one is begun, proven or enrolled
    begin: bool = False
    poll: bool = False  # whether it was answered elsewhere by now
    given: Given | None = None
    name: str = ""  # of what is enrolled
    trust_device: bool = False
    keep: bool = False  # the account that is to be deleted
    not_now: bool = False  # the factor that is to be enrolled


@dataclass(frozen=True, slots=True)
class Factors:
    """The factors that this house has, by their kinds; `elsewhere` those of them that a person
    answers on another device."""

    second: Mapping[FactorKind, SecondFactor]
    to_enrol: Mapping[FactorKind, Enrollable]
    elsewhere: Mapping[FactorKind, AnsweredElsewhere] = field(default_factory=dict)

    def provable(self, kind: FactorKind) -> SecondFactor:
        return self.second[kind]

    def enrollable(self, kind: FactorKind) -> Enrollable:
        return self.to_enrol[kind]

    def begin_enrolment(
        self, kind: FactorKind, actor: Actor, account: Account, subject: str, given: Given | None
    ) -> Mapping[str, Any]:
        """`given` is what a factor that is answered elsewhere has to show itself by."""
        elsewhere = self.elsewhere.get(kind)
        if elsewhere is not None and given is not None:
            return elsewhere.offer(actor, account, subject, given)
        return self.to_enrol[kind].begin_enrolment(actor, account, subject)

"""What the account has enrolled beside its password, for native applications.

Whoever changes it has just proven who they are, by whatever the account has.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from portero.core.authenticators import Authenticator, FactorKind, Given, NoSuchAuthenticator
from portero.core.factors.push.errors import (
    AlreadyEnrolled,
    SubscriptionRefused,
    TooManyDevices,
)
from portero.core.factors.recovery import NothingToRecover
from portero.core.limits import OverLimit
from portero.core.login.errors import (
    FreshProofNeeded,
    MailboxProven,
    NotApproved,
    NotApprovedYet,
    WrongFactor,
)
from portero.core.login.rules import FRESH_SECONDS
from portero.core.sessions import Session
from portero.web.api.registry import Access, Call, Route, told
from portero.web.api.shapes import Body, Told
from portero.web.exchange import NO_STORE, Response


class AuthenticatorAnswer(Told):
    id: str
    kind: str
    name: str
    created_at: datetime
    last_used_at: datetime | None = None

    @classmethod
    def of(cls, one: Authenticator) -> AuthenticatorAnswer:
        values = {name: getattr(one, name) for name in cls.model_fields if name != "kind"}
        return cls(kind=one.kind.value, **values)


class AuthenticatorsAnswer(Told):
    authenticators: list[AuthenticatorAnswer]
    offered: list[str] = Field(description="Kinds that may be enrolled here.")
    recovery_codes_left: int


class BeginBody(Body):
    kind: str = Field(description="One of `offered`.", max_length=32)
    credential: dict[str, Any] | None = Field(
        None,
        description="For `push`, once the browser has subscribed with the `public_key` that it was "
        "shown: the subscription (`PushSubscription.toJSON()`). It is sent a message to answer.",
    )


class ShownAnswer(Told):
    shown: dict[str, Any] = Field(description="What the person or the device has to be shown.")


class EnrolBody(Body):
    """The proof that the new factor works, after `/me/authenticators/begin`."""

    kind: str = Field(max_length=32)
    code: str = Field("", description="What it showed or sent.", max_length=64)
    credential: dict[str, Any] | None = Field(
        None, description="What the browser made: the credential as JSON (WebAuthn Level 3)."
    )
    name: str = Field("", description="The person's own word for it.", max_length=100)


class NameBody(Body):
    name: str = Field(max_length=100)


class CodesAnswer(Told):
    codes: list[str] = Field(description="Told this once; each works once.")


def list_them(call: Call) -> AuthenticatorsAnswer:
    rooms = call.rooms
    return AuthenticatorsAnswer(
        authenticators=[
            AuthenticatorAnswer.of(each) for each in rooms.authenticators.list_of(call.account_id)
        ],
        offered=[
            kind.value for kind in rooms.enrolment.offered if kind is not FactorKind.RECOVERY_CODE
        ],
        recovery_codes_left=rooms.recovery_codes.remaining(call.account_id),
    )


def begin(call: Call) -> Response:
    body = call.body_as(BeginBody)
    given = None if body.credential is None else Given(credential=body.credential)
    shown = call.rooms.enrolment.begin(call.actor, _session(call), _kind(body.kind), given)
    return told(ShownAnswer(shown=dict(shown)), NO_STORE)


def enrol(call: Call) -> Response:
    body = call.body_as(EnrolBody)
    given = Given(code=body.code, credential=body.credential)
    made_id = call.rooms.enrolment.finish(
        call.actor, _session(call), _kind(body.kind), given, name=body.name
    )
    return told(AuthenticatorAnswer.of(_own(call, made_id)), status=201)


def rename(call: Call, authenticator_id: str) -> AuthenticatorAnswer:
    call.rooms.step_up.check_enough(_session(call))
    name = call.body_as(NameBody).name
    call.rooms.authenticators.rename(call.actor, call.account_id, authenticator_id, name)
    return AuthenticatorAnswer.of(_own(call, authenticator_id))


def remove(call: Call, authenticator_id: str) -> None:
    call.rooms.step_up.check_enough(_session(call))
    call.rooms.authenticators.remove(call.actor, call.account_id, authenticator_id)


def make_codes(call: Call) -> Response:
    call.rooms.step_up.check_enough(_session(call))
    codes = call.rooms.recovery_codes.make(call.actor, call.account_id)
    return told(CodesAnswer(codes=list(codes)), NO_STORE)


def _session(call: Call) -> Session:
    return call.rooms.sessions.find_live(call.account_id, call.session_id)


def _own(call: Call, authenticator_id: str) -> Authenticator:
    for each in call.rooms.authenticators.list_of(call.account_id):
        if each.id == authenticator_id:
            return each
    raise NoSuchAuthenticator(f"{authenticator_id} is none of the caller's")


def _kind(named: str) -> FactorKind:
    try:
        return FactorKind(named)
    except ValueError as error:
        raise NoSuchAuthenticator(f"there is no kind {named!r}") from error


ROUTES = (
    Route(
        "GET",
        "/me/authenticators",
        "list_authenticators",
        "What the account has enrolled beside its password.",
        list_them,
        access=Access.FIRST_PARTY,
        answer=AuthenticatorsAnswer,
    ),
    Route(
        "POST",
        "/me/authenticators/begin",
        "begin_authenticator",
        "Begin to enrol a factor. Needs a fresh sign-in by whatever the account has.",
        begin,
        access=Access.FIRST_PARTY,
        body=BeginBody,
        answer=ShownAnswer,
        fresh_seconds=FRESH_SECONDS,
        refusals=(
            FreshProofNeeded,
            MailboxProven,
            NoSuchAuthenticator,
            SubscriptionRefused,
            AlreadyEnrolled,
            TooManyDevices,
            OverLimit,
        ),
    ),
    Route(
        "POST",
        "/me/authenticators",
        "enrol_authenticator",
        "Enrol the factor that was begun, by its proof. Lifts the session.",
        enrol,
        access=Access.FIRST_PARTY,
        body=EnrolBody,
        answer=AuthenticatorAnswer,
        status=201,
        fresh_seconds=FRESH_SECONDS,
        refusals=(
            FreshProofNeeded,
            MailboxProven,
            NoSuchAuthenticator,
            WrongFactor,
            NotApproved,
            NotApprovedYet,
            OverLimit,
        ),
    ),
    Route(
        "PATCH",
        "/me/authenticators/<authenticator_id>",
        "rename_authenticator",
        "Give it another name.",
        rename,
        access=Access.FIRST_PARTY,
        body=NameBody,
        answer=AuthenticatorAnswer,
        fresh_seconds=FRESH_SECONDS,
        refusals=(FreshProofNeeded, NoSuchAuthenticator),
    ),
    Route(
        "DELETE",
        "/me/authenticators/<authenticator_id>",
        "remove_authenticator",
        "Remove it; with the last one go the recovery codes.",
        remove,
        access=Access.FIRST_PARTY,
        status=204,
        fresh_seconds=FRESH_SECONDS,
        refusals=(FreshProofNeeded, NoSuchAuthenticator),
    ),
    Route(
        "POST",
        "/me/recovery-codes",
        "make_recovery_codes",
        "Make recovery codes; all earlier ones are worth nothing.",
        make_codes,
        access=Access.FIRST_PARTY,
        answer=CodesAnswer,
        fresh_seconds=FRESH_SECONDS,
        refusals=(FreshProofNeeded, NothingToRecover),
    ),
)

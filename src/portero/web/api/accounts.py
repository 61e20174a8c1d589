"""Register, and everything about `me`; the brief's `/protected`."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from portero.core.accounts.errors import NoSuchAccount, UsernameTaken
from portero.core.accounts.flows import NewAccount
from portero.core.accounts.model import Account
from portero.core.accounts.names import email_key
from portero.core.challenges import ChallengeRequired
from portero.core.limits import OverLimit
from portero.core.links import LinkSpent
from portero.core.login.errors import InvitationNeeded, RegistrationClosed
from portero.core.login.rules import FRESH_SECONDS
from portero.core.sessions import EndReason, NoSuchSession
from portero.kit.refusals import FieldFault, Invalid, NotProven
from portero.web.api.fresh import require_factor, require_fresh
from portero.web.api.registry import Access, Call, Route, told
from portero.web.api.shapes import (
    EndedAnswer,
    MePatch,
    ProtectedAnswer,
    RegisterBody,
    SessionAnswer,
    SessionsAnswer,
    Told,
    UserAnswer,
)
from portero.web.exchange import Response


class LeavingAnswer(Told):
    deleted: bool = Field(description="It is gone already: nothing can be kept.")
    deletion_due_at: datetime | None = Field(
        None, description="When it is deleted, unless its owner logs in before and keeps it."
    )


class AccountGone(NotProven):
    """The token is good, but its account was deleted or disabled a moment ago."""

    code = "invalid_token"
    public = "This account does not exist any more."


def register(call: Call) -> Response:
    body = call.body_as(RegisterBody)
    profile = body.model_dump(include={"display_name", "locale", "attributes"}, exclude_unset=True)
    asked = NewAccount(username=body.username, email=body.email, profile=profile)
    account = call.rooms.sign_up.register(
        call.actor,
        asked,
        body.password.get_secret_value(),
        invitation=body.invitation,
        challenge=body.challenge,
    )
    return told(UserAnswer.of(account), ("Location", call.rooms.settings.at("/me")), status=201)


def protected(call: Call) -> ProtectedAnswer:
    """The brief's demonstration: only somebody with a good token sees it."""
    claims = call.token.claims if call.token else {}
    username = str(claims.get("username", ""))
    return ProtectedAnswer(
        message=f"Hello, {username}!" if username else "Hello!",
        user_id=call.account_id,
        username=username,
        scope=str(claims.get("scope", "")),
    )


def show_me(call: Call) -> UserAnswer:
    return UserAnswer.of(_me(call))


def change_me(call: Call) -> UserAnswer:
    body = call.body_as(MePatch)
    named = body.model_dump(exclude_unset=True)
    account = _me(call)
    email = named.pop("email", "")
    if email is None:
        raise Invalid("email", faults=(FieldFault("email", "not_text", "This must be text."),))
    # The same address again, while it is unproven, mails its link again.
    key = email_key(email).key if email else ""
    moves = bool(key) and (key != account.email_key or not account.email_verified)
    # A number is a way into accounts elsewhere, and perhaps into this one.
    renumbers = "phone" in named and (named["phone"] or "") != account.phone
    if (moves or renumbers) and call.token is not None:
        # Whoever holds the mailbox can take the account: only a fresh sign-in may move it.
        require_fresh(call)
    # First what can be refused for its shape: no mail goes out for a form that comes back.
    changed = call.rooms.accounts.change_profile(call.actor, account.id, named, by_owner=True)
    if moves:
        call.rooms.email.claim(call.actor, account, email)
        changed = _me(call)
    return UserAnswer.of(changed)


def delete_me(call: Call) -> None:
    account = _me(call)
    require_factor(call)
    call.rooms.account_admin.delete(call.actor, account.id)


def list_sessions(call: Call) -> SessionsAnswer:
    live = call.rooms.sessions.list_live(call.account_id)
    return SessionsAnswer(
        sessions=[SessionAnswer.of(session, current_id=call.session_id) for session in live]
    )


def end_session(call: Call, session_id: str) -> None:
    require_factor(call)
    call.rooms.sessions.end_one(call.actor, call.account_id, session_id, EndReason.REVOKED)


def end_other_sessions(call: Call) -> EndedAnswer:
    require_factor(call)
    ended = call.rooms.sessions.end_all(
        call.actor, call.account_id, EndReason.EVERYWHERE, but=(call.session_id,)
    )
    return EndedAnswer(ended=ended)


def _me(call: Call) -> Account:
    try:
        account = call.rooms.accounts.get(call.account_id)
    except NoSuchAccount as error:
        raise AccountGone("deleted") from error
    if not account.is_active:
        raise AccountGone(f"{account.state}")
    return account


ROUTES = (
    Route(
        "POST",
        "/register",
        "register",
        "Make an account.",
        register,
        body=RegisterBody,
        answer=UserAnswer,
        status=201,
        refusals=(
            UsernameTaken,
            RegistrationClosed,
            InvitationNeeded,
            LinkSpent,
            OverLimit,
            ChallengeRequired,
        ),
    ),
    Route(
        "GET",
        "/protected",
        "protected",
        "A resource that only a good access token opens.",
        protected,
        access=Access.ANY_CLIENT,
        answer=ProtectedAnswer,
        at_once=True,
    ),
    Route(
        "GET",
        "/me",
        "show_me",
        "The account that the token speaks for.",
        show_me,
        access=Access.FIRST_PARTY,
        answer=UserAnswer,
    ),
    Route(
        "PATCH",
        "/me",
        "change_me",
        "Change the fields that are named.",
        change_me,
        access=Access.FIRST_PARTY,
        body=MePatch,
        answer=UserAnswer,
    ),
    Route(
        "DELETE",
        "/me",
        "delete_me",
        "Delete the account and all that it owns. Needs a fresh sign-in.",
        delete_me,
        access=Access.FIRST_PARTY,
        status=204,
        fresh_seconds=FRESH_SECONDS,
    ),
    Route(
        "GET",
        "/me/sessions",
        "list_sessions",
        "Where the account is signed in.",
        list_sessions,
        access=Access.FIRST_PARTY,
        answer=SessionsAnswer,
    ),
    Route(
        "DELETE",
        "/me/sessions",
        "end_other_sessions",
        "End every session but this one. Needs a fresh sign-in.",
        end_other_sessions,
        access=Access.FIRST_PARTY,
        answer=EndedAnswer,
        fresh_seconds=FRESH_SECONDS,
    ),
    Route(
        "DELETE",
        "/me/sessions/<session_id>",
        "end_session",
        "End one session. Needs a fresh sign-in.",
        end_session,
        access=Access.FIRST_PARTY,
        status=204,
        refusals=(NoSuchSession,),
        fresh_seconds=FRESH_SECONDS,
    ),
)

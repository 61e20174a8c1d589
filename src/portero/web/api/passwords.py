"""Changing, forgetting and resetting a password; proving a mail address."""

from __future__ import annotations

from portero.core.accounts.errors import EmailTaken
from portero.core.challenges import ChallengeRequired
from portero.core.limits import OverLimit
from portero.core.links import LinkSpent
from portero.core.login.errors import WrongPassword
from portero.web.api.registry import Access, Call, Route
from portero.web.api.shapes import (
    AcceptedAnswer,
    ForgotBody,
    PasswordChangeBody,
    ResetBody,
    TokenAnswer,
    UserAnswer,
    VerifyBody,
)
from portero.web.api.tokens import tokens_for
from portero.web.exchange import Response


def change_password(call: Call) -> Response:
    body = call.body_as(PasswordChangeBody)
    renewed = call.rooms.password_change.change(
        call.actor,
        call.account_id,
        call.session_id,
        present=body.current_password.get_secret_value(),
        new=body.new_password.get_secret_value(),
    )
    return tokens_for(call, renewed, call.delivery)


def forgot_password(call: Call) -> AcceptedAnswer:
    body = call.body_as(ForgotBody)
    call.rooms.recovery.ask(call.actor, body.username, challenge=body.challenge)
    # The same for every name: whether there is such an account is the mailbox's to know.
    return AcceptedAnswer(
        message=call.text("If there is such an account, a mail is on its way to its owner.")
    )


def reset_password(call: Call) -> None:
    body = call.body_as(ResetBody)
    call.rooms.recovery.use(call.actor, body.token, body.new_password.get_secret_value())


def verify_email(call: Call) -> UserAnswer:
    return UserAnswer.of(call.rooms.email.verify(call.actor, call.body_as(VerifyBody).token))


ROUTES = (
    Route(
        "POST",
        "/password/change",
        "change_password",
        "Change the password. Every other session ends; this one is renewed, with new tokens.",
        change_password,
        access=Access.FIRST_PARTY,
        body=PasswordChangeBody,
        answer=TokenAnswer,
        refusals=(WrongPassword, OverLimit),
    ),
    Route(
        "POST",
        "/password/forgot",
        "forgot_password",
        "Mail a link to choose a new password. Answers alike for every name.",
        forgot_password,
        body=ForgotBody,
        answer=AcceptedAnswer,
        status=202,
        refusals=(OverLimit, ChallengeRequired),
    ),
    Route(
        "POST",
        "/password/reset",
        "reset_password",
        "Choose a new password with a mailed link. Every session ends.",
        reset_password,
        body=ResetBody,
        status=204,
        refusals=(LinkSpent,),
    ),
    Route(
        "POST",
        "/email/verify",
        "verify_email",
        "Prove a mail address with a mailed link.",
        verify_email,
        body=VerifyBody,
        answer=UserAnswer,
        refusals=(LinkSpent, EmailTaken),
    ),
)

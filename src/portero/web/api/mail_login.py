"""Log in with what came by mail."""

from __future__ import annotations

from portero.core.challenges import ChallengeRequired
from portero.core.limits import OverLimit
from portero.core.login.errors import MailCodeWrong, MailSignInOff, OwesMore
from portero.core.login.with_mail import MailSignIn
from portero.web.api.registry import Call, Route, told
from portero.web.api.shapes import (
    MailContinueBody,
    MailLoginAnswer,
    MailLoginBody,
    TokenAnswer,
)
from portero.web.api.tokens import answer_with, wanted_of
from portero.web.exchange import NO_STORE, Response


def ask(call: Call) -> Response:
    body = call.body_as(MailLoginBody)
    asked = _verbs(call).ask(call.actor, body.username, challenge=body.challenge)
    answer = MailLoginAnswer(
        mail_session=asked.secret.reveal(),
        expires_at=asked.expires_at,
        # The same for every name: whether there is such an account is the mailbox's to know.
        message=call.text("If there is such an account, a mail is on its way to its owner."),
    )
    return told(answer, NO_STORE, status=202)


def go_on(call: Call) -> Response:
    verbs, body = _verbs(call), call.body_as(MailContinueBody)
    if body.delivery == "cookie":
        call.cookies.require_own_origin(call.request)
    redemption = call.rooms.provider.session_grant.begin(call.actor)
    verbs.use(
        call.actor,
        body.mail_session,
        code=body.code,
        token=body.token,
        wanted=wanted_of(call),
        along=redemption,
    )
    return answer_with(call, redemption.tokens(), body.delivery)


def _verbs(call: Call) -> MailSignIn:
    if call.rooms.mail_sign_in is None:
        raise MailSignInOff("PORTERO_MAIL_SIGN_IN=off")
    return call.rooms.mail_sign_in


ROUTES = (
    Route(
        "POST",
        "/login/mail",
        "login_mail",
        "Have a code mailed to log in with (where PORTERO_MAIL_SIGN_IN is on).",
        ask,
        body=MailLoginBody,
        answer=MailLoginAnswer,
        status=202,
        refusals=(MailSignInOff, OverLimit, ChallengeRequired),
        sign_in_api=True,
    ),
    Route(
        "POST",
        "/login/mail/continue",
        "login_mail_continue",
        "Log in with the code that came by mail.",
        go_on,
        body=MailContinueBody,
        answer=TokenAnswer,
        refusals=(MailSignInOff, MailCodeWrong, OwesMore, OverLimit),
        sign_in_api=True,
    ),
)

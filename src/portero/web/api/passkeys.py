"""Log in with a passkey alone."""

from __future__ import annotations

from portero.core.limits import OverLimit
from portero.core.login.errors import (
    AccountNotActive,
    OwesMore,
    PasskeyRefused,
    PasskeySignInOff,
    UnknownPasskey,
)
from portero.web.api.registry import Call, Route, told
from portero.web.api.shapes import (
    PasskeyLoginBody,
    PasskeyOptionsAnswer,
    PasskeyOptionsBody,
    TokenAnswer,
)
from portero.web.api.tokens import answer_with, wanted_of
from portero.web.exchange import NO_STORE, Response


def options(call: Call) -> Response:
    body = call.body_as(PasskeyOptionsBody)
    auth_session = call.rooms.new_secret()
    asked = call.rooms.passkey_sign_in.options(auth_session, username=body.username)
    content = PasskeyOptionsAnswer(auth_session=auth_session, public_key=asked["public_key"])
    return told(content, NO_STORE)


def log_in(call: Call) -> Response:
    body = call.body_as(PasskeyLoginBody)
    if body.delivery == "cookie":
        call.cookies.require_own_origin(call.request)
    redemption = call.rooms.provider.session_grant.begin(call.actor)
    call.rooms.passkey_sign_in.with_passkey(
        call.actor,
        body.auth_session,
        body.credential,
        wanted=wanted_of(call),
        username=body.username,
        along=redemption,
    )
    return answer_with(call, redemption.tokens(), body.delivery)


ROUTES = (
    Route(
        "POST",
        "/login/passkey/options",
        "login_passkey_options",
        "Begin a login with a passkey: what to ask the browser or the system for.",
        options,
        body=PasskeyOptionsBody,
        answer=PasskeyOptionsAnswer,
        refusals=(PasskeySignInOff,),
        sign_in_api=True,
    ),
    Route(
        "POST",
        "/login/passkey",
        "login_passkey",
        "Log in with a passkey.",
        log_in,
        body=PasskeyLoginBody,
        answer=TokenAnswer,
        refusals=(
            UnknownPasskey,
            PasskeyRefused,
            PasskeySignInOff,
            AccountNotActive,
            OwesMore,
            OverLimit,
        ),
        sign_in_api=True,
    ),
)

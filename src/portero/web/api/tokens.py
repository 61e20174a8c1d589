"""Log in, go on, refresh, log out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from portero.core.authenticators import FactorKind, Given
from portero.core.challenges import ChallengeRequired
from portero.core.clients.builtin import FIRST_PARTY_CLIENT_ID
from portero.core.limits import OverLimit
from portero.core.login.errors import (
    AccountNotActive,
    FreshProofNeeded,
    InteractionOver,
    MailboxAlone,
    NotApproved,
    OwesMore,
    WrongCredentials,
    WrongFactor,
)
from portero.core.login.model import SignedIn, Step, Wanted
from portero.core.provider.errors import RefreshRefused
from portero.core.provider.model import TokenSet
from portero.core.sessions import EndReason
from portero.kit.refusals import FieldFault, Invalid
from portero.web.api.fresh import require_fresh
from portero.web.api.registry import Access, Call, Route, told
from portero.web.api.shapes import (
    Body,
    ContinueBody,
    EndedAnswer,
    LoginBody,
    LogoutBody,
    RefreshBody,
    TokenAnswer,
    UserAnswer,
)
from portero.web.exchange import NO_STORE, Headers, Response


class StepUpBody(Body):
    """What is to be proven: what the account has, or a level."""

    acr: Literal["", "aal1", "aal2", "phr"] = Field(
        "", description="The weakest level that will do, where it is more than the account has."
    )


def log_in(call: Call) -> Response:
    body = call.body_as(LoginBody)
    if body.delivery == "cookie":
        call.cookies.require_own_origin(call.request)
    _check_reachable(call, body.acr)
    redemption = call.rooms.provider.session_grant.begin(call.actor)
    call.rooms.sign_in.with_password(
        call.actor,
        body.username,
        body.password.get_secret_value(),
        wanted=wanted_of(call, body.acr),
        along=redemption,
        challenge=body.challenge,
    )
    return answer_with(call, redemption.tokens(), body.delivery)


def _check_reachable(call: Call, acr: str) -> None:
    reachable = call.rooms.provider.authorize.reachable_levels
    if acr and acr not in reachable:
        fault = FieldFault("acr", "unreachable", "Nobody can reach this level here.")
        raise Invalid("an acr that nobody can reach here", faults=(fault,))


def step_up(call: Call) -> Response:
    """Always answers with what is owed: whoever asks has to prove something now."""
    body = call.body_as(StepUpBody)
    _check_reachable(call, body.acr)
    session = call.rooms.sessions.find_live(call.account_id, call.session_id)
    raise OwesMore(call.rooms.step_up.begin_anew(call.actor, session, body.acr))


def go_on(call: Call) -> Response:
    body = call.body_as(ContinueBody)
    if body.delivery == "cookie":
        call.cookies.require_own_origin(call.request)
    new_password = body.new_password.get_secret_value() if body.new_password else None
    proof = body.code is not None or body.credential is not None
    step = Step(
        password=body.password.get_secret_value() if body.password else None,
        new_password=new_password,
        token=body.token,
        resend=body.resend,
        factor=body.factor,
        begin=body.begin,
        poll=body.poll,
        given=Given(code=body.code or "", credential=body.credential) if proof else None,
        name=body.name,
        keep=body.keep,
        not_now=body.not_now,
    )
    signed_in = call.rooms.sign_in_steps.go_on(
        call.actor,
        body.auth_session,
        step,
        second_factor=wanted_of(call).second_factor,
    )
    account_id = signed_in.account.id
    # Whoever had to enrol a factor to get in, and loses it, has nothing else.
    offered = FactorKind.RECOVERY_CODE in call.rooms.enrolment.offered
    codes: tuple[str, ...] = ()
    if signed_in.enrolled and offered and call.rooms.recovery_codes.is_due(account_id):
        codes = call.rooms.recovery_codes.make(call.actor, account_id)
    return tokens_for(call, signed_in, body.delivery, codes)


def refresh(call: Call) -> Response:
    body = call.body_as(RefreshBody)
    token, delivery = body.refresh_token or "", "body"
    # A request with an Authorization header is judged by it alone: its cookies are ignored.
    if body.refresh_token is None and call.request.header("authorization") is None:
        token, delivery = call.cookies.refresh(call.request), "cookie"
        if token:
            call.cookies.require_own_origin(call.request)
    if not token:
        raise RefreshRefused("no refresh token was sent")
    made = call.rooms.provider.refresh_grant.redeem(call.actor, token)
    return answer_with(call, made, delivery)


def log_out(call: Call) -> Response:
    body = call.body_as(LogoutBody)
    sessions = call.rooms.sessions
    if body.all:
        require_fresh(call)  # a thief with a token puts nobody out
        ended = sessions.end_all(call.actor, call.account_id, EndReason.LOGOUT)
    else:
        sessions.end_one(call.actor, call.account_id, call.session_id, EndReason.LOGOUT)
        ended = 1
    cleared = call.cookies.clear() if call.by_cookie else ()
    return told(EndedAnswer(ended=ended), *cleared)


def wanted_of(call: Call, acr: str = "") -> Wanted:
    """What whoever gets tokens here has to prove."""
    first_party = call.rooms.provider.session_grant.first_party
    return Wanted(FIRST_PARTY_CLIENT_ID, acr, first_party.second_factor)


def tokens_for(
    call: Call, signed_in: SignedIn, delivery: str, recovery_codes: tuple[str, ...] = ()
) -> Response:
    """Tokens for a session that a verb has just made or renewed."""
    made = call.rooms.provider.session_grant.redeem(
        call.actor, signed_in.session, signed_in.account
    )
    return answer_with(call, made, delivery, recovery_codes)


def answer_with(
    call: Call, made: TokenSet, delivery: str, recovery_codes: tuple[str, ...] = ()
) -> Response:
    put: Headers = ()
    user = UserAnswer.of(made.account)
    codes = list(recovery_codes) or None
    if delivery == "cookie":
        content = TokenAnswer(
            expires_in=made.expires_in, scope=made.scope, user=user, recovery_codes=codes
        )
        put = call.cookies.put(
            access=made.access_token, access_seconds=made.expires_in, refresh=made.refresh_token
        )
    else:
        content = TokenAnswer(
            access_token=made.access_token.reveal(),
            expires_in=made.expires_in,
            refresh_token=made.refresh_token.reveal() if made.refresh_token else None,
            scope=made.scope,
            user=user,
            recovery_codes=codes,
        )
    return told(content, NO_STORE, ("Pragma", "no-cache"), *put)


ROUTES = (
    Route(
        "POST",
        "/login",
        "login",
        "Log in with a password.",
        log_in,
        body=LoginBody,
        answer=TokenAnswer,
        refusals=(
            WrongCredentials,
            OwesMore,
            MailboxAlone,
            AccountNotActive,
            OverLimit,
            ChallengeRequired,
        ),
        sign_in_api=True,
    ),
    Route(
        "POST",
        "/login/step-up",
        "login_step_up",
        "Prove afresh who is signed in, for a call that the sign-in is too old or too weak for.",
        step_up,
        access=Access.FIRST_PARTY,
        body=StepUpBody,
        status=403,
        refusals=(OwesMore, FreshProofNeeded),
        sign_in_api=True,
    ),
    Route(
        "POST",
        "/login/continue",
        "login_continue",
        "Answer the step that a login still owes.",
        go_on,
        body=ContinueBody,
        answer=TokenAnswer,
        refusals=(
            InteractionOver,
            OwesMore,
            MailboxAlone,
            WrongFactor,
            NotApproved,
            OverLimit,
        ),
        sign_in_api=True,
    ),
    Route(
        "POST",
        "/refresh",
        "refresh",
        "Exchange a refresh token for new tokens; the old one is spent.",
        refresh,
        body=RefreshBody,
        answer=TokenAnswer,
        refusals=(RefreshRefused,),
        renews=True,
    ),
    Route(
        "POST",
        "/logout",
        "logout",
        "End this session, or all of them, with every token that hangs on it.",
        log_out,
        access=Access.FIRST_PARTY,
        body=LogoutBody,
        answer=EndedAnswer,
    ),
)

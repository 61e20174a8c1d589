"""What a mailed link opens: prove an address, let the account leave it or take it back, freeze the
account, choose a new password, accept an invitation.

A GET never spends anything: mail scanners open links. The page's button posts, and that does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Response, g, request
from markupsafe import Markup

from portero.core.accounts.flows import NewAccount
from portero.core.audit import Actor
from portero.core.authenticators import Authenticator
from portero.core.links import LinkPurpose, LinkSpent
from portero.core.login.errors import InvitationNeeded, RegistrationClosed
from portero.kit.refusals import Refusal
from portero.web.factor_words import factor_name
from portero.web.forms import Forms
from portero.web.host import translator
from portero.web.login.challenges import challenge_answer
from portero.web.login.errands import handle_of_request, sign_in_url
from portero.web.moments import Moments
from portero.web.pages import html, refused, told
from portero.web.places import FORGOT_PATH, MAIL_LINK_PATH
from portero.web.rooms import Rooms

PATHS: Final = {
    LinkPurpose.VERIFY_EMAIL: "/verify-email",
    LinkPurpose.RESET_PASSWORD: "/reset-password",
    LinkPurpose.INVITE: "/sign-up",
    LinkPurpose.SIGN_IN: MAIL_LINK_PATH,  # its page is in `mail_sign_in.py`
    LinkPurpose.MOVE_EMAIL: "/allow-new-email",
    LinkPurpose.UNDO_EMAIL: "/take-back-email",
    LinkPurpose.FREEZE: "/it-was-not-me",
}


# What no other input would change: told instead of the form, before anybody has filled it in.
_NO_WAY_IN: Final = (LinkSpent, RegistrationClosed, InvitationNeeded)


def link_url(issuer: str) -> Callable[[LinkPurpose, str], str]:
    """How wiring tells the rooms below which page a link opens."""
    return lambda purpose, token: f"{issuer}{PATHS[purpose]}?token={token}"


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    def page(
        template: str,
        look: Callable[[str], object],
        verb: Callable[[str], str],
        after: str = "login/done.html",
    ) -> Callable[[], Response]:
        def view() -> Response:
            token = request.values.get("token", "")[:512]
            try:
                if request.method != "POST":
                    link = look(token)
                    return _page(template, token=token, handle=handle_of_request(), link=link)
                return pressed(token)
            except _NO_WAY_IN as refusal:
                return _closed(refusal)

        def pressed(token: str) -> Response:
            try:
                forms.check()
                done = verb(token)
            except _NO_WAY_IN:
                raise
            except Refusal as refusal:
                return _refused(template, refusal, token=token, link=look(token))
            return _page(after, message=done, forgot_path=FORGOT_PATH)

        return view

    def verify(token: str) -> str:
        rooms.email.verify(Actor.anonymous(g.origin), token)
        return translator().text("Your mail address is confirmed.")

    def allow(token: str) -> str:
        email = rooms.email.allow_move(Actor.anonymous(g.origin), token)
        return translator().text("Now open the mail that we send to %(email)s.", email=email)

    def take_back(token: str) -> str:
        confirmed = request.form.getlist("kept")
        rooms.taking_back.use(Actor.anonymous(g.origin), token, confirmed=confirmed)
        return translator().text(
            "Your account has this mailbox again. We have mailed you a link to a new password."
        )

    def may_keep(token: str) -> list[tuple[str, Markup]]:
        found = rooms.taking_back.look(token)
        moments = Moments(found.account.zoneinfo, now=rooms.clock.now())
        return [(each.id, _described(each, moments)) for each in found.enrolled]

    def freeze(token: str) -> str:
        rooms.freezing.use(Actor.anonymous(g.origin), token)
        return translator().text("Your account is frozen.")

    def reset(token: str) -> str:
        password = request.form.get("new_password", "")
        rooms.recovery.use(Actor.anonymous(g.origin), token, password)
        return translator().text("Your new password is in force. Sign in with it.")

    def sign_up(token: str) -> str:
        asked = NewAccount(
            username=request.form.get("username", ""),
            email=request.form.get("email", ""),
            profile={"locale": translator().locale},
        )
        rooms.sign_up.register(
            Actor.anonymous(g.origin),
            asked,
            request.form.get("password", ""),
            invitation=token,
            challenge=challenge_answer(),
        )
        return translator().text("Your account is ready. Sign in with it.")

    for purpose, template, look, verb, *after in (
        (LinkPurpose.VERIFY_EMAIL, "login/verify_email.html", rooms.email.look, verify),
        (LinkPurpose.RESET_PASSWORD, "login/reset_password.html", rooms.recovery.look, reset),
        (
            LinkPurpose.MOVE_EMAIL,
            "login/allow_email.html",
            lambda token: rooms.email.look(token, LinkPurpose.MOVE_EMAIL),
            allow,
        ),
        (LinkPurpose.UNDO_EMAIL, "login/take_back_email.html", may_keep, take_back),
        (LinkPurpose.FREEZE, "login/freeze.html", rooms.freezing.look, freeze, "login/frozen.html"),
        (LinkPurpose.INVITE, "login/sign_up.html", rooms.sign_up.look, sign_up),
    ):
        host.add_url_rule(
            PATHS[purpose],
            endpoint=f"login.{purpose}",
            view_func=page(template, look, verb, *after),
            methods=["GET", "POST"],
        )


def _described(one: Authenticator, moments: Moments) -> Markup:
    """Enough for its owner to know it: its kind and name, and since when it is there."""
    name = Markup("{} <bdi>{}</bdi>").format(factor_name(one.kind), one.name)
    added = translator().text("added %(when)s", when=moments.on(one.created_at))
    return Markup("{} · {}").format(name, Markup(added))  # noqa: S704  # of a translation and a date


def _closed(refusal: Refusal) -> Response:
    message = told(refusal)["message"]
    page = html(
        "login/closed.html", message=message, sign_in=sign_in_url(), forgot_path=FORGOT_PATH
    )
    return refused(page, refusal)


def _refused(template: str, refusal: Refusal, **shown: object) -> Response:
    again = {**told(refusal), **shown}
    answer = _page(template, typed=request.form, handle=handle_of_request(), **again)
    return refused(answer, refusal)


def _page(template: str, **values: Any) -> Response:
    values = {"token": "", "faults": {}, "message": "", "typed": {}, **values}
    return html(template, sign_in=sign_in_url(), **values)

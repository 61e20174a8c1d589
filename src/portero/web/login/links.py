"""What a mailed link opens: prove an address, choose a new password, accept an invitation.

A GET never spends anything: mail scanners open links. The page's button posts, and that does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from flask import Flask, Response, g, request

from portero.core.accounts.flows import NewAccount
from portero.core.audit import Actor
from portero.core.links import LinkPurpose
from portero.kit.refusals import Refusal
from portero.web.forms import Forms
from portero.web.host import translator
from portero.web.login.errands import handle_of_request
from portero.web.pages import html, refused, told
from portero.web.places import SIGN_IN_PATH
from portero.web.rooms import Rooms

PATHS: Final = {
    LinkPurpose.VERIFY_EMAIL: "/verify-email",
    LinkPurpose.RESET_PASSWORD: "/reset-password",
    LinkPurpose.INVITE: "/sign-up",
}


def link_url(issuer: str) -> Callable[[LinkPurpose, str], str]:
    """How wiring tells the rooms below which page a link opens."""
    return lambda purpose, token: f"{issuer}{PATHS[purpose]}?token={token}"


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    def page(template: str, verb: Callable[[str], str]) -> Callable[[], Response]:
        def view() -> Response:
            token = request.values.get("token", "")[:512]
            if request.method != "POST":
                return _page(template, token=token, handle=handle_of_request())
            try:
                forms.check()
                done = verb(token)
            except Refusal as refusal:
                return _refused(template, refusal, token=token)
            return _page("login/done.html", message=done, sign_in=_sign_in_url())

        return view

    def verify(token: str) -> str:
        rooms.email.verify(Actor.anonymous(g.origin), token)
        return translator().text("Your mail address is confirmed.")

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
            Actor.anonymous(g.origin), asked, request.form.get("password", ""), invitation=token
        )
        return translator().text("Your account is ready. Sign in with it.")

    for purpose, template, verb in (
        (LinkPurpose.VERIFY_EMAIL, "login/verify_email.html", verify),
        (LinkPurpose.RESET_PASSWORD, "login/reset_password.html", reset),
        (LinkPurpose.INVITE, "login/sign_up.html", sign_up),
    ):
        host.add_url_rule(
            PATHS[purpose],
            endpoint=f"login.{purpose}",
            view_func=page(template, verb),
            methods=["GET", "POST"],
        )


def _refused(template: str, refusal: Refusal, *, token: str) -> Response:
    again = told(refusal)
    answer = _page(template, token=token, typed=request.form, handle=handle_of_request(), **again)
    return refused(answer, refusal)


def _sign_in_url() -> str:
    handle = handle_of_request()
    return f"{SIGN_IN_PATH}?{urlencode({'request': handle})}" if handle else SIGN_IN_PATH


def _page(template: str, **values: Any) -> Response:
    values = {"token": "", "faults": {}, "message": "", "typed": {}, **values}
    return html(template, **values)

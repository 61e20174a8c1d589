"""Signing in by mail: asking for it, typing the code, and the page of the link.

The browser that asks gets a cookie. The link works only with it, and a GET of it does nothing: mail
scanners open links, and an attacker may send his own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flask import Flask, Response, g, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.audit import Actor
from portero.core.login.errors import MailCodeWrong, OwesMore
from portero.core.login.model import KeepSignedIn
from portero.core.login.rules import MAIL_SIGN_IN_LIFETIME
from portero.core.login.with_mail import MailSignIn
from portero.kit.refusals import Refusal
from portero.kit.secrets import Secret
from portero.web.forms import Forms
from portero.web.login.challenges import challenge_answer
from portero.web.login.errands import errand_of_request, handle_of_request, sign_in_url
from portero.web.login.sign_in import SignInPage
from portero.web.own_cookie import OwnCookie
from portero.web.pages import html, refused, told
from portero.web.places import MAIL_LINK_PATH, MAIL_SIGN_IN_PATH
from portero.web.rooms import Rooms

_COOKIE_SECONDS: Final = int(MAIL_SIGN_IN_LIFETIME.total_seconds())


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    if rooms.mail_sign_in is None:
        return
    page = _MailPage(rooms, forms, rooms.mail_sign_in)
    for path, name, view in (
        (MAIL_SIGN_IN_PATH, "mail", page.view),
        (MAIL_LINK_PATH, "mail_link", page.link_view),
    ):
        host.add_url_rule(path, endpoint=f"login.{name}", view_func=view, methods=["GET", "POST"])


class _MailPage:
    def __init__(self, rooms: Rooms, forms: Forms, verbs: MailSignIn) -> None:
        self._rooms = rooms
        self._forms = forms
        self._verbs = verbs
        self._sign_in = SignInPage(rooms, forms)
        # The secret of who asked, and the errand's handle, for the page that the link opens.
        self._cookie = OwnCookie(
            "portero_mail", issuer=rooms.settings.issuer, max_age_seconds=_COOKIE_SECONDS
        )

    def view(self) -> AnyResponse:
        errand = errand_of_request(self._rooms, self._forms)
        if request.method != "POST":
            return self._ask(typed={"username": errand.hint})
        if "code" in request.form:
            return self._proven(self._sent)
        try:
            self._forms.check()
            name = request.form.get("username", "")[:320]
            asked = self._verbs.ask(
                Actor.anonymous(g.origin),
                name,
                challenge=challenge_answer(),
                devices=self._forms.in_browser().devices,
            )
        except Refusal as refusal:
            return refused(self._ask(typed=request.form, **told(refusal)), refusal)
        answer = self._sent()
        waiting = Secret(f"{asked.secret.reveal()}.{errand.handle}")
        answer.headers.extend(self._cookie.put(waiting))
        return answer

    def link_view(self) -> AnyResponse:
        secret, handle = self._waiting()
        token = request.values.get("token", "")[:512]
        if request.method == "POST":
            return self._proven(self._elsewhere, token=token)
        try:
            username = self._verbs.look(secret, token)
        except MailCodeWrong as refusal:
            return refused(self._elsewhere(), refusal)
        return html(
            "login/mail_link.html",
            username=username,
            token=token,
            handle=handle,
            path=MAIL_LINK_PATH,
            asks_to_keep=self._asks_to_keep,
        )

    def _proven(self, again: Any, *, token: str = "") -> AnyResponse:
        """Go on with what was typed or pressed; the page `again` when it proves nothing."""
        errand = replace(errand_of_request(self._rooms, self._forms), session=None)
        secret, _ = self._waiting()
        try:
            self._forms.check()
            signed_in = self._verbs.use(
                Actor.anonymous(g.origin),
                secret,
                code="" if token else request.form.get("code", ""),
                token=token,
                wanted=errand.wanted,
                in_browser=self._forms.in_browser(keep=self._sign_in.keeps()),
            )
        except OwesMore as refusal:
            answer = self._sign_in.go_on_asking(errand, refusal.still)
        except Refusal as refusal:
            said = told(refusal)
            if isinstance(refusal, MailCodeWrong) and not token:
                said = {"faults": {"code": said["message"]}}  # where it was typed
            return refused(again(**said), refusal)
        else:
            answer = self._sign_in.arrived(errand, signed_in)
        answer.headers.extend(self._cookie.clear())
        return answer

    def _waiting(self) -> tuple[str, str]:
        """The secret with which this browser asked, and what for."""
        secret, _, handle = self._cookie.read(request.headers.get("Cookie")).partition(".")
        return secret, handle

    @property
    def _asks_to_keep(self) -> bool:
        return self._rooms.settings.keep_signed_in is KeepSignedIn.ASK

    def _ask(self, **values: Any) -> Response:
        return _page("login/mail_ask.html", **values)

    def _sent(self, **values: Any) -> Response:
        return _page("login/mail_sent.html", asks_to_keep=self._asks_to_keep, **values)

    def _elsewhere(self, **values: Any) -> Response:
        return _page("login/mail_elsewhere.html", **values)


def _page(template: str, **values: Any) -> Response:
    values = {"faults": {}, "message": "", "typed": {}, **values}
    return html(
        template,
        handle=handle_of_request(),
        path=MAIL_SIGN_IN_PATH,
        sign_in=sign_in_url(),
        **values,
    )

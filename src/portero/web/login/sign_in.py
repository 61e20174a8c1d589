"""The sign-in page: name and password, then whatever is still owed, then back to where it began."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.audit import Actor
from portero.core.login.errors import InteractionOver, OwesMore
from portero.core.login.model import Owed, Registration, SignedIn, Step
from portero.kit.refusals import Refusal
from portero.web.forms import Forms
from portero.web.login.errands import Errand, errand_of_request
from portero.web.pages import html, refused, told
from portero.web.places import FORGOT_PATH, SIGN_IN_PATH, SIGN_UP_PATH
from portero.web.rooms import Rooms


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    page = _SignInPage(rooms, forms)
    host.add_url_rule(
        SIGN_IN_PATH, endpoint="login.sign_in", view_func=page.view, methods=["GET", "POST"]
    )


class _SignInPage:
    def __init__(self, rooms: Rooms, forms: Forms) -> None:
        self._rooms = rooms
        self._forms = forms

    def view(self) -> AnyResponse:
        errand = errand_of_request(self._rooms, self._forms)
        if request.method != "POST":
            return self._ask(errand, typed={"username": errand.hint})
        try:
            self._forms.check()
            if "name_first" in request.form:
                return self._ask(errand, typed=request.form)
            signed_in = self._prove()
        except OwesMore as refusal:
            # Nothing is lost, so it is no error for the person.
            return _step(errand, refusal.still.owed, refusal.still.auth_session.reveal())
        except Refusal as refusal:
            return refused(self._ask_again(errand, refusal), refusal)
        if signed_in.browser is not None:
            self._forms.put_browser(signed_in.browser)
        return redirect(self._rooms.settings.at(errand.next_place), 303)

    def _prove(self) -> SignedIn:
        actor, form = Actor.anonymous(g.origin), request.form
        browser = self._forms.browser()
        if "auth_session" not in form:
            return self._rooms.sign_in.with_password(
                actor, form.get("username", ""), form.get("password", ""), in_browser=browser
            )
        step = Step(
            new_password=form.get("new_password"),
            token=form.get("token"),
            resend="resend" in form,
        )
        return self._rooms.sign_in.go_on(actor, form["auth_session"], step, in_browser=browser)

    def _ask_again(self, errand: Errand, refusal: Refusal) -> Response:
        if "auth_session" not in request.form or isinstance(refusal, InteractionOver):
            return self._ask(errand, typed=request.form, **told(refusal))
        # The step was refused and is still owed: its secret was not spent.
        said = request.form.get("owed")  # which form it was; what is owed, the verb knows
        owed = next((each for each in Owed if each.value == said), Owed.CHANGE_PASSWORD)
        return _step(errand, owed, request.form["auth_session"], **told(refusal))

    def _ask(self, errand: Errand, **values: Any) -> Response:
        values = {"faults": {}, "message": "", **values}
        name_first = self._rooms.settings.sign_in_steps == 2
        is_open = self._rooms.settings.registration is Registration.OPEN
        return html(
            "login/sign_in.html",
            client_name=errand.client_name,
            handle=errand.handle,
            # The second page comes for every name, whether it is known or not.
            asks_name=not (name_first and values["typed"].get("username")),
            asks_password=not name_first or bool(values["typed"].get("username")),
            sign_in_path=SIGN_IN_PATH,
            forgot_path=FORGOT_PATH,
            sign_up_path=SIGN_UP_PATH if is_open else "",
            **values,
        )


def _step(errand: Errand, owed: Owed, auth_session: str, **values: Any) -> Response:
    values = {"faults": {}, "message": "", **values}
    return html(
        f"login/owed_{owed.value}.html",
        handle=errand.handle,
        owed=owed.value,
        auth_session=auth_session,
        typed={},
        **values,
    )

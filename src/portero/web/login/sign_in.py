"""The sign-in page: name and password, then whatever is still owed, then back to where it began."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlencode

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.audit import Actor
from portero.core.login.errors import InteractionOver, OwesMore
from portero.core.login.model import Owed, Registration, SignedIn, Step, StillOwes
from portero.core.provider.authorize.model import Asked
from portero.kit.refusals import Refusal
from portero.web.forms import Forms
from portero.web.pages import html, name_of, refused, told
from portero.web.places import (
    ACCOUNT_PATH,
    CONTINUATION_PATH,
    DEVICE_PAGE_PATH,
    FORGOT_PATH,
    SIGN_IN_PATH,
    SIGN_UP_PATH,
)
from portero.web.rooms import Rooms

# The device page, with the code that was typed there. No handle of a request has a dot, or is so
# short.
_DEVICE: Final = re.compile(r"device(\.(?P<code>[A-Z]{4}-[A-Z]{4}))?")


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    def sign_in() -> AnyResponse:
        handle = request.values.get("request", "")[:128]
        asked = _asked(handle)
        if request.method != "POST":
            return _page(asked, handle, typed={"username": _hint(asked)})
        forms.check()
        try:
            signed_in = _prove()
        except OwesMore as refusal:
            return _owed(asked, handle, refusal.still)
        except InteractionOver as refusal:
            return refused(_page(asked, handle, **told(refusal)), refusal)
        except Refusal as refusal:
            if "auth_session" in request.form:
                # The step was refused and is still owed: its secret was not spent.
                return refused(_step_again(asked, handle, refusal), refusal)
            return refused(_page(asked, handle, typed=request.form, **told(refusal)), refusal)
        if signed_in.browser is not None:
            forms.put_browser(signed_in.browser)
        return redirect(rooms.settings.at(_next(handle)), 303)

    def _asked(handle: str) -> Asked | None:
        """What the person signs in for; None for this service itself."""
        if not handle or _DEVICE.fullmatch(handle):
            return None
        asked = rooms.provider.authorize.waiting_for(handle, forms.browser())
        g.forms_lead_out = True
        g.locales = asked.request.ui_locales
        return asked

    def _prove() -> SignedIn:
        actor, form = Actor.anonymous(g.origin), request.form
        browser = forms.browser()
        if "auth_session" not in form:
            return rooms.sign_in.with_password(
                actor, form.get("username", ""), form.get("password", ""), in_browser=browser
            )
        step = Step(
            new_password=form.get("new_password"),
            token=form.get("token"),
            resend="resend" in form,
        )
        return rooms.sign_in.go_on(actor, form["auth_session"], step, in_browser=browser)

    def _page(asked: Asked | None, handle: str, **values: Any) -> Response:
        values = {"faults": {}, "message": "", "typed": {}, **values}
        return html(
            "login/sign_in.html",
            client_name=_client_name(asked),
            handle=handle,
            forgot_path=FORGOT_PATH,
            sign_up_path=SIGN_UP_PATH if rooms.settings.registration is Registration.OPEN else "",
            **values,
        )

    def _owed(asked: Asked | None, handle: str, still: StillOwes) -> Response:
        """The next step. Nothing is lost, so it is no error for the person."""
        return _step(asked, handle, still.owed, still.auth_session.reveal())

    def _step_again(asked: Asked | None, handle: str, refusal: Refusal) -> Response:
        said = request.form.get("owed")  # which form it was; what is owed, the verb knows
        owed = next((each for each in Owed if each.value == said), Owed.CHANGE_PASSWORD)
        return _step(asked, handle, owed, request.form["auth_session"], **told(refusal))

    def _step(
        asked: Asked | None, handle: str, owed: Owed, auth_session: str, **values: Any
    ) -> Response:
        values = {"faults": {}, "message": "", **values}
        return html(
            f"login/owed_{owed.value}.html",
            client_name=_client_name(asked),
            handle=handle,
            owed=owed.value,
            auth_session=auth_session,
            typed={},
            **values,
        )

    host.add_url_rule(
        SIGN_IN_PATH, endpoint="login.sign_in", view_func=sign_in, methods=["GET", "POST"]
    )


def _client_name(asked: Asked | None) -> str:
    return "" if asked is None else name_of(asked.client)


def _hint(asked: Asked | None) -> str:
    return asked.request.login_hint if asked is not None else ""


def _next(handle: str) -> str:
    """Only places of our own: what waits is named by a handle, never by a URL (open redirects)."""
    if not handle:
        return ACCOUNT_PATH
    device = _DEVICE.fullmatch(handle)
    if device is None:
        return f"{CONTINUATION_PATH}?{urlencode({'request': handle})}"
    code = device["code"]
    return f"{DEVICE_PAGE_PATH}?{urlencode({'user_code': code})}" if code else DEVICE_PAGE_PATH

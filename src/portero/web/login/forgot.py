"""The way back in for somebody who forgot the password. The answer is the same for every name."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, request

from portero.core.audit import Actor
from portero.kit.refusals import Refusal
from portero.web.forms import Forms
from portero.web.login.challenges import challenge_answer
from portero.web.login.errands import handle_of_request, sign_in_url
from portero.web.pages import html, refused, told
from portero.web.places import FORGOT_PATH
from portero.web.rooms import Rooms


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    def forgot() -> Response:
        if request.method != "POST":
            return _page(faults={}, message="")
        try:
            forms.check()
            rooms.recovery.ask(
                Actor.anonymous(g.origin),
                request.form.get("username", "")[:320],
                challenge=challenge_answer(),
            )
        except Refusal as refusal:
            return refused(_page(**told(refusal)), refusal)
        return html("login/forgot_sent.html", sign_in=sign_in_url())

    host.add_url_rule(
        FORGOT_PATH, endpoint="login.forgot", view_func=forgot, methods=["GET", "POST"]
    )


def _page(**values: Any) -> Response:
    return html(
        "login/forgot.html",
        typed=request.form,
        handle=handle_of_request(),
        sign_in=sign_in_url(),
        **values,
    )

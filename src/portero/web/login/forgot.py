"""The way back in for somebody who forgot the password. The answer is the same for every name."""

from __future__ import annotations

from flask import Flask, Response, g, render_template, request

from portero.core.audit import Actor
from portero.kit.refusals import Refusal
from portero.web.forms import Forms
from portero.web.host import translator
from portero.web.places import FORGOT_PATH
from portero.web.problems import extra_headers, status_of
from portero.web.rooms import Rooms


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    def forgot() -> Response:
        if request.method != "POST":
            return _page("login/forgot.html", message="")
        forms.check()
        try:
            rooms.recovery.ask(Actor.anonymous(g.origin), request.form.get("username", "")[:320])
        except Refusal as refusal:
            message = translator().text(refusal.public, **refusal.values)
            answer = _page("login/forgot.html", message=message)
            answer.status_code = status_of(refusal)
            answer.headers.update(extra_headers(refusal))
            return answer
        return _page("login/forgot_sent.html")

    host.add_url_rule(
        FORGOT_PATH, endpoint="login.forgot", view_func=forgot, methods=["GET", "POST"]
    )


def _page(template: str, **values: str) -> Response:
    page = render_template(template, typed={}, faults={}, **values)
    return Response(page, content_type="text/html; charset=utf-8")

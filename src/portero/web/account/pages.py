"""All pages of the console, and the way out."""

from __future__ import annotations

from flask import Flask, Response, g

from portero.web.account import (
    activity,
    applications,
    download,
    email,
    leaving,
    overview,
    phone,
    profile,
    sessions,
)
from portero.web.account.console import Console
from portero.web.account.security import page as security
from portero.web.forms import Forms
from portero.web.places import SIGN_OUT_PATH
from portero.web.rooms import Rooms
from portero.web.signed_out import forget, signed_out


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    console = Console(host, rooms, forms)
    for part in (
        overview,
        profile,
        email,
        phone,
        security,
        sessions,
        applications,
        activity,
        download,
        leaving,
    ):
        part.mount(console)

    def sign_out() -> Response:
        forms.check()
        held = rooms.sessions.of_browser(forms.browser())
        answer = signed_out(rooms.provider.end_session.end(held, g.origin))
        return forget(answer, forms.cookie, rooms.settings)

    host.add_url_rule(
        SIGN_OUT_PATH, endpoint="account.sign_out", view_func=sign_out, methods=["POST"]
    )

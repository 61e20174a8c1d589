"""The bare address of the issuer, which people type: it leads to their account, or to sign-in."""

from __future__ import annotations

from flask import Flask, redirect
from werkzeug.wrappers import Response as AnyResponse

from portero.web.forms import Forms
from portero.web.places import ACCOUNT_PATH
from portero.web.rooms import Rooms


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    def doorstep() -> AnyResponse:
        return redirect(rooms.settings.at(ACCOUNT_PATH), 303)

    host.add_url_rule("/", endpoint="login.doorstep", view_func=doorstep)

"""Every part of the look in every state, on one page: `/styleguide?scheme=dark&lang=ar`."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, request

from portero.web.dev.here import only_here
from portero.web.forms import Forms
from portero.web.pages import html
from portero.web.places import STYLEGUIDE_PATH
from portero.web.rooms import Rooms

_SCHEMES: Final = ("light", "dark")


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    @only_here(rooms.settings)
    def styleguide() -> Response:
        scheme = request.args.get("scheme", "")
        return html(
            "dev/styleguide.html",
            scheme=scheme if scheme in _SCHEMES else "",
        )

    host.add_url_rule(STYLEGUIDE_PATH, endpoint="dev.styleguide", view_func=styleguide)

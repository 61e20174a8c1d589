"""Jinja for all pages: autoescaped, strict about names, in the caller's language."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, send_from_directory
from jinja2 import StrictUndefined

from portero.web.host import translator
from portero.web.look import of_every_page
from portero.web.rooms import Rooms

STATIC: Final = Path(__file__).parent / "static"
_ASSET_SECONDS: Final = 86_400


def set_up(host: Flask, rooms: Rooms) -> None:
    """Give every template its translator and the deployment's name; serve our own assets."""
    host.jinja_env.undefined = StrictUndefined
    host.jinja_env.add_extension("jinja2.ext.i18n")
    host.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
        lambda message: translator().gettext(message),
        lambda one, many, count: translator().ngettext(one, many, count),
        newstyle=True,
    )

    host.jinja_env.globals.update(of_every_page(rooms.settings))

    @host.context_processor
    def common() -> dict[str, Any]:
        return {
            "locale": translator().locale,
            "direction": translator().direction,
        }

    @host.get("/static/<path:name>")
    def static_file(name: str) -> Response:
        answer = send_from_directory(STATIC, name, max_age=_ASSET_SECONDS)
        answer.headers["Cache-Control"] = f"public, max-age={_ASSET_SECONDS}"
        return answer

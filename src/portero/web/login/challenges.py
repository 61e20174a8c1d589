"""Puzzles on the pages of signing in: templates ask for theirs, and forms bring the answer."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, g, request

from portero.core.audit import Actor
from portero.core.challenges import Occasion, Puzzle
from portero.web.forms import Forms
from portero.web.rooms import Rooms

# Ours, that of browsers without scripts, and what the widgets of services call theirs.
_FIELDS: Final = (
    "challenge",
    "ticket",
    "cf-turnstile-response",
    "h-captcha-response",
    "g-recaptcha-response",
)


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    """Give templates `puzzle(occasion, name)`: what the form of this page has to solve, or None."""

    def puzzle(occasion: str, name: str = "") -> Puzzle | None:
        asked: Puzzle | None = g.get("puzzle") or rooms.robots.puzzle(
            Actor.anonymous(g.origin), Occasion(occasion), name, forms.in_browser()
        )
        if asked is not None and asked.widget is not None:
            g.widget_sources = asked.widget.sources
        return asked

    @host.context_processor
    def given() -> dict[str, Any]:
        return {"puzzle": puzzle}


def challenge_answer() -> str:
    """What the form brings: a solution, a ticket, a service's word; "" for nothing."""
    return next((request.form[name] for name in _FIELDS if request.form.get(name)), "")

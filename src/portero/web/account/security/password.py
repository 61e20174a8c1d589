"""Changing the password while signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, request

from portero.web.account.console import Console, Visit
from portero.web.account.security.section import Section
from portero.web.account.told import Done


def _look(visit: Visit) -> Mapping[str, Any]:
    return {}


SECTION: Final = Section("account/parts/password.html", _look)


def mount(console: Console) -> None:
    console.page("/security/password", _show, _change, here="/security", then="/security")


def _show(visit: Visit) -> Response:
    return visit.html("account/security/password.html")


def _change(visit: Visit) -> Done:
    form = request.form
    changed = visit.rooms.password_change.change(
        visit.actor,
        visit.account.id,
        visit.session.id,
        present=form.get("current_password", ""),
        new=form.get("new_password", ""),
        in_browser=visit.forms.in_browser(),
    )
    visit.forms.put(changed)
    return Done("Your new password is in force. You are signed out everywhere else.")

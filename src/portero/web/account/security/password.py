"""Changing the password while signed in, and choosing one where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, request

from portero.core.login.model import SignedIn
from portero.web.account.console import Console, Visit
from portero.web.account.security.section import Section
from portero.web.account.told import Done

_IN_FORCE: Final = Done("Your new password is in force. You are signed out everywhere else.")


def _look(visit: Visit) -> Mapping[str, Any]:
    since = visit.rooms.password_change.since(visit.account.id)
    return {"since": visit.moments.ago(since) if since else ""}


SECTION: Final = Section("account/parts/password.html", _look)


def mount(console: Console) -> None:
    console.page("/security/password", _show, _change, here="/security", then="/security")
    # What proves the person is something else, so it has to be fresh.
    console.page(
        "/security/choose-password", _show_none, _choose,
        here="/security", then="/security", fresh=True,
    )  # fmt: skip


def _show(visit: Visit) -> Response:
    return visit.html("account/security/password.html", has_one=True)


def _show_none(visit: Visit) -> Response:
    return visit.html("account/security/password.html", has_one=False)


def _change(visit: Visit) -> Done:
    return _done(
        visit,
        visit.rooms.password_change.change(
            visit.actor,
            visit.account.id,
            visit.session.id,
            present=request.form.get("current_password", ""),
            new=request.form.get("new_password", ""),
            in_browser=visit.forms.in_browser(),
        ),
    )


def _choose(visit: Visit) -> Done:
    return _done(
        visit,
        visit.rooms.password_change.choose(
            visit.actor,
            visit.account.id,
            visit.session.id,
            new=request.form.get("new_password", ""),
            in_browser=visit.forms.in_browser(),
        ),
    )


def _done(visit: Visit, changed: SignedIn) -> Done:
    visit.forms.put(changed)
    return _IN_FORCE

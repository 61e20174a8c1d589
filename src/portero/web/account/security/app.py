"""Authenticator apps: adding one, naming and removing them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, request

from portero.core.authenticators import FactorKind, Given, NoSuchAuthenticator
from portero.web.account.console import Console, Visit
from portero.web.account.security.own import is_offered, next_page, own_one, owned, renew_cookie
from portero.web.account.security.section import Section
from portero.web.account.told import Done

_PATH: Final = "/security/app"
_KIND: Final = FactorKind.TOTP


def _look(visit: Visit) -> Mapping[str, Any] | None:
    apps = owned(visit, _KIND)
    return {"apps": apps} if apps or is_offered(visit, _KIND) else None


SECTION: Final = Section("account/parts/app.html", _look)


def mount(console: Console) -> None:
    console.page(_PATH, _show, _add, here="/security", fresh=True, then="/security")
    for path, act in ((f"{_PATH}/rename", _rename), (f"{_PATH}/remove", _remove)):
        console.action(path, act, again=_show, page=_PATH, here="/security", fresh=True)


def _show(visit: Visit) -> Response:
    shown: Mapping[str, Any] = {}
    if is_offered(visit, _KIND):
        shown = visit.rooms.enrolment.begin(visit.actor, visit.session, _KIND)
    elif not owned(visit, _KIND):
        raise NoSuchAuthenticator("apps are not offered here")
    return visit.html("account/security/app.html", apps=owned(visit, _KIND), shown=shown)


def _add(visit: Visit) -> Done:
    given = Given(code=request.form.get("code", ""))
    name = request.form.get("name", "")
    visit.rooms.enrolment.finish(visit.actor, visit.session, _KIND, given, name=name)
    renew_cookie(visit)
    return Done("Your authenticator app is set up.", next_page(visit))


def _rename(visit: Visit) -> Done:
    one = own_one(visit, _KIND)
    name = request.form.get("name", "")
    visit.rooms.authenticators.rename(visit.actor, visit.account.id, one.id, name)
    return Done("The new name is saved.")


def _remove(visit: Visit) -> Done:
    one = own_one(visit, _KIND)
    visit.rooms.authenticators.remove(visit.actor, visit.account.id, one.id)
    return Done("The authenticator app is removed.", "/security")

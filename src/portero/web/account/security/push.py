"""Approval on another device: setting up the browser that the page is open in, naming and removing
those that are set up.

What has subscribed counts when a first message has come back approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, request

from portero.core.authenticators import FactorKind, Given, NoSuchAuthenticator
from portero.web.account.console import Console, Visit
from portero.web.account.security.own import is_offered, next_page, own_one, owned, renew_cookie
from portero.web.account.security.section import Section
from portero.web.account.told import Done
from portero.web.credentials import json_object
from portero.web.exchange import JSON_TYPE, json_body

_PATH: Final = "/security/push"
_KIND: Final = FactorKind.PUSH


def _look(visit: Visit) -> Mapping[str, Any] | None:
    devices = _devices(visit)
    return {"devices": devices} if devices or is_offered(visit, _KIND) else None


SECTION: Final = Section("account/parts/push.html", _look)


def mount(console: Console) -> None:
    console.page(_PATH, _show, here="/security", fresh=True)
    for path, act, again, page in (
        ("/subscribe", _subscribe, _show, _PATH),
        ("/state", _state, _show_waiting, _PATH),
        ("/add", _add, _show_waiting, _PATH),
        ("/rename", _rename, _show, _PATH),
        ("/remove", _remove, _show, _PATH),
    ):
        console.action(_PATH + path, act, again=again, page=page, here="/security", fresh=True)


def _show(visit: Visit) -> Response:
    offered, devices = is_offered(visit, _KIND), _devices(visit)
    if not offered and not devices:
        raise NoSuchAuthenticator("nobody approves on another device here")
    shown = visit.rooms.enrolment.begin(visit.actor, visit.session, _KIND) if offered else {}
    return visit.html("account/security/push.html", devices=devices, shown=shown)


def _devices(visit: Visit) -> list[dict[str, Any]]:
    answering = visit.rooms.push_answering
    reachable = answering.reachable(visit.account.id) if answering is not None else ()
    return [{**each, "reachable": each["id"] in reachable} for each in owned(visit, _KIND)]


def _subscribe(visit: Visit) -> Response:
    given = Given(credential=json_object(request.form.get("credential", "")))
    visit.rooms.enrolment.begin(visit.actor, visit.session, _KIND, given)
    return _show_waiting(visit)


def _show_waiting(visit: Visit) -> Response:
    if visit.rooms.enrolment.waiting(visit.session, _KIND) is None:
        return _show(visit)
    return visit.html("account/security/push_waiting.html")


def _state(visit: Visit) -> Response:
    waits = visit.rooms.enrolment.waiting(visit.session, _KIND) is not None
    return Response(json_body({"waiting": waits}), content_type=JSON_TYPE)


def _add(visit: Visit) -> Done:
    visit.rooms.enrolment.finish(visit.actor, visit.session, _KIND, Given(), name="")
    renew_cookie(visit)
    return Done("This device is set up. You can approve your sign-ins on it.", next_page(visit))


def _rename(visit: Visit) -> Done:
    one = own_one(visit, _KIND)
    name = request.form.get("name", "")
    visit.rooms.authenticators.rename(visit.actor, visit.account.id, one.id, name)
    return Done("The new name is saved.")


def _remove(visit: Visit) -> Done:
    one = own_one(visit, _KIND)
    visit.rooms.authenticators.remove(visit.actor, visit.account.id, one.id)
    return Done("The device is removed.")

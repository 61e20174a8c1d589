"""Codes by mail and by text message as a second step: setting one up, and removing it.

A code goes only to what is confirmed in the profile. Opening a page sends none.
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

_PATH: Final = "/security/codes"
_KINDS: Final = (FactorKind.EMAIL, FactorKind.SMS)


def _look(visit: Visit) -> Mapping[str, Any] | None:
    ways = _ways(visit)
    return {"ways": ways} if ways else None


SECTION: Final = Section("account/parts/codes.html", _look)


def mount(console: Console) -> None:
    console.page(_PATH, _show, here="/security", fresh=True)
    for path, act, again, page in (
        ("/send", _send, _show, _PATH),
        ("/add", _add, _show_field, "/security"),
        ("/remove", _remove, _show, "/security"),
    ):
        console.action(_PATH + path, act, again=again, page=page, here="/security", fresh=True)


def _show(visit: Visit) -> Response:
    ways = _ways(visit)
    if not ways:
        raise NoSuchAuthenticator("no codes are offered here")
    return visit.html("account/security/codes.html", ways=ways)


def _send(visit: Visit) -> Response:
    kind = _kind(visit)
    shown = visit.rooms.enrolment.begin(visit.actor, visit.session, kind)
    return _field(visit, kind, shown["to"])


def _show_field(visit: Visit) -> Response:
    return _field(visit, _kind(visit), "")


def _field(visit: Visit, kind: FactorKind, to: str) -> Response:
    return visit.html("account/security/code_sent.html", kind=kind, to=to)


def _add(visit: Visit) -> Done:
    given = Given(code=request.form.get("code", "")[:64])
    visit.rooms.enrolment.finish(visit.actor, visit.session, _kind(visit), given, name="")
    renew_cookie(visit)
    return Done("You can be asked for a code from now on.", next_page(visit))


def _remove(visit: Visit) -> Done:
    one = own_one(visit, _kind(visit))
    visit.rooms.authenticators.remove(visit.actor, visit.account.id, one.id)
    return Done("You are not asked for these codes any more.")


def _kind(visit: Visit) -> FactorKind:
    """The one that the form names; raises `NoSuchAuthenticator`."""
    named = visit.named("kind")
    for kind in _KINDS:
        if kind == named:
            return kind
    raise NoSuchAuthenticator("the form names no way that a code goes")


def _ways(visit: Visit) -> list[dict[str, Any]]:
    """Those that are offered, or set up from when they were; `confirmed` says whether there is an
    address to send to."""
    confirmed = {
        FactorKind.EMAIL: visit.account.email_verified,
        FactorKind.SMS: visit.account.phone_verified,
    }
    ways = [
        {
            "kind": kind,
            "offered": is_offered(visit, kind),
            "confirmed": confirmed[kind],
            "owned": owned(visit, kind),
        }
        for kind in _KINDS
    ]
    return [way for way in ways if way["offered"] or way["owned"]]

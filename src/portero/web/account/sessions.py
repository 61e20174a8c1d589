"""Where the account is signed in, which browsers it trusts, and ending that."""

from __future__ import annotations

from flask import Response

from portero.core.sessions import EndReason
from portero.kit.devices import device_of
from portero.web.account.console import Console, Visit
from portero.web.account.told import Done
from portero.web.pages import name_of_device


def mount(console: Console) -> None:
    console.page("/sessions", _show, here="/sessions")
    # A thief in an open browser must not be able to put its owner out of all others, nor to make
    # strangers of the browsers that have tries of their own.
    for path, act in (
        ("/sessions/end", _end),
        ("/sessions/end-others", _end_others),
        ("/sessions/forget", _forget),
    ):
        console.action(path, act, again=_show, page="/sessions", here="/sessions", fresh=True)


def _show(visit: Visit) -> Response:
    moments = visit.moments
    return visit.html(
        "account/sessions.html",
        sessions=[
            {
                "id": each.id,
                "is_present": each.id == visit.session.id,
                "device": name_of_device(each.user_agent),
                "mark": "phone" if device_of(each.user_agent).is_hand_held else "device",
                "place": visit.place_of(each.address),
                "address": each.address,
                "since": moments.on(each.created_at),
                "last_used": moments.ago(each.last_used_at),
            }
            for each in visit.rooms.sessions.list_live(visit.account.id)
        ],
        trusted=[
            {
                "id": each.id,
                "device": name_of_device(each.user_agent),
                "mark": "phone" if device_of(each.user_agent).is_hand_held else "device",
                "last_used": moments.ago(each.last_seen_at),
                "until": moments.on(each.trusted_until),
            }
            for each in visit.rooms.devices.list_of(visit.account.id)
            if each.trusted_until and each.is_trusted(visit.rooms.clock.now())
        ],
    )


def _end(visit: Visit) -> Done:
    visit.rooms.sessions.end_one(
        visit.actor, visit.account.id, visit.named("id"), EndReason.REVOKED
    )
    return Done("That session has ended.")


def _end_others(visit: Visit) -> Done:
    visit.rooms.sessions.end_all(
        visit.actor, visit.account.id, EndReason.EVERYWHERE, but=(visit.session.id,)
    )
    return Done("You are signed out everywhere else.")


def _forget(visit: Visit) -> Done:
    visit.rooms.devices.forget(visit.actor, visit.account.id, visit.named("id"))
    return Done("That browser is asked for a second step again.")

"""Which applications are connected, and letting one go."""

from __future__ import annotations

from flask import Response

from portero.web.account.console import Console, Visit
from portero.web.account.told import Done
from portero.web.pages import meaning_of, name_of


def mount(console: Console) -> None:
    console.page("/applications", _show, here="/applications")
    console.action(
        "/applications/disconnect", _disconnect, again=_show, page="/applications",
        here="/applications",
    )  # fmt: skip


def _show(visit: Visit) -> Response:
    provider = visit.rooms.provider
    return visit.html(
        "account/applications.html",
        connections=provider.connections.list_of(visit.account.id),
        meaning=lambda name: meaning_of(provider.scopes.of(name)),
        moments=visit.moments,
        name_of=name_of,
    )


def _disconnect(visit: Visit) -> Done:
    client_id = visit.named("client_id", longest=255)
    visit.rooms.provider.connections.withdraw(visit.actor, visit.account.id, client_id)
    return Done("The application is disconnected.")

"""The first page: who is signed in, and where to look."""

from __future__ import annotations

from flask import Response

from portero.web.account.console import Console, Visit
from portero.web.pages import name_of
from portero.web.places import REQUESTS_PATH


def mount(console: Console) -> None:
    console.page("", _show, here="")


def _show(visit: Visit) -> Response:
    rooms, account_id = visit.rooms, visit.account.id
    connections = rooms.provider.connections.list_of(account_id)
    return visit.html(
        "account/overview.html",
        sessions=len(rooms.sessions.list_live(account_id)),
        applications=[
            name_of(each.client) if each.client else each.client_id for each in connections
        ],
        requests_path=REQUESTS_PATH,
    )

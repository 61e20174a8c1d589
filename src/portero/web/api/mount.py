"""Where the table answers: exact paths are endpoints, like those of the protocol; a path with a
part that varies is a Flask rule that gives the same function the same values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flask

from portero.web.api.answering import Api
from portero.web.api.registry import Route
from portero.web.endpoints import Endpoint
from portero.web.exchange import Request, Response
from portero.web.host import BODY_CAP
from portero.web.mounted import rendered, request_value
from portero.web.rooms import Rooms


def api_endpoints(rooms: Rooms, routes: Sequence[Route]) -> list[Endpoint]:
    """Every route of an exact path."""
    api = Api(rooms)
    return [_endpoint(api, route) for route in routes if not route.varies]


def mount(host: flask.Flask, rooms: Rooms, routes: Sequence[Route]) -> None:
    """Every other route."""
    api = Api(rooms)
    for route in routes:
        if route.varies:
            host.add_url_rule(
                route.path,
                endpoint=f"api.{route.name}",
                view_func=_view(api, route),
                methods=[route.method],
            )


def _endpoint(api: Api, route: Route) -> Endpoint:
    if route.at_once and route.answer is not None:
        # Made here and not at its first answer: that would be in each worker, on its event loop.
        route.answer.model_rebuild()

    def answer(request: Request) -> Response:
        return api.answer(route, request)

    return Endpoint(
        route.path,
        frozenset({route.method}),
        answer,
        at_once=_always if route.at_once else None,
        body_cap=BODY_CAP,
    )


def _always(request: Request) -> bool:
    return True


def _view(api: Api, route: Route) -> Callable[..., Any]:
    def view(**path: str) -> flask.Response:
        return rendered(api.answer(route, request_value(flask.request.path), **path))

    return view

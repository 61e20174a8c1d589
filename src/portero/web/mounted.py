"""The same endpoint table as a Flask blueprint: for `portero.wsgi:app`, and for mounting the
provider inside another Flask application. The front's strict checks are then the other server's."""

from __future__ import annotations

from collections.abc import Iterable

import flask
import uuid_utils

from portero.web.bridge import REQUEST_ID_KEY
from portero.web.endpoints import Endpoint
from portero.web.exchange import Request, Response, by_name


def blueprint(endpoints: Iterable[Endpoint], name: str = "endpoints") -> flask.Blueprint:
    """A blueprint that answers exactly what the front answers for the same table."""
    made = flask.Blueprint(name, __name__)
    for number, endpoint in enumerate(endpoints):
        _add(made, endpoint, f"endpoint_{number}")
    return made


def _add(made: flask.Blueprint, endpoint: Endpoint, name: str) -> None:
    def view() -> flask.Response:
        flask.request.max_content_length = endpoint.body_cap  # over it, reading raises a 413
        return rendered(endpoint.answer(request_value(endpoint.path)))

    made.add_url_rule(
        endpoint.path,
        endpoint=name,
        view_func=view,
        methods=sorted(endpoint.methods),
        provide_automatic_options=False,
    )


def request_value(path: str) -> Request:
    """Flask's request as ours. Under a prefix `path` is the one below it."""
    asked = flask.request
    return Request(
        method="GET" if asked.method == "HEAD" else asked.method,
        path=path,
        query_string=asked.query_string.decode("latin-1"),
        headers=by_name(asked.headers.items()),
        body=asked.get_data(cache=False),
        peer=asked.remote_addr or "",
        scheme=asked.scheme,
        request_id=asked.environ.get(REQUEST_ID_KEY) or uuid_utils.uuid7().hex,
    )


def rendered(answer: Response) -> flask.Response:
    """Our answer as Flask's."""
    made = flask.Response(answer.body, status=answer.status)
    made.headers.remove("Content-Type")  # only what the endpoint says
    for name, value in answer.headers:
        made.headers.add(name, value)
    return made

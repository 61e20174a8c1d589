"""The endpoint table, and the same table as a Flask blueprint."""

from __future__ import annotations

import flask
import pytest

from portero.web.endpoints import Endpoint, routes
from portero.web.exchange import Request, Response, by_name, json_response
from portero.web.mounted import blueprint

GET, POST = frozenset({"GET"}), frozenset({"POST"})


def tell(request: Request) -> Response:
    return json_response(
        201,
        {
            "method": request.method,
            "path": request.path,
            "query": request.query_string,
            "body": request.body.decode(),
            "accept": request.header("accept"),
        },
        ("X-Twice", "a"),
        ("X-Twice", "b"),
    )


def client() -> flask.testing.FlaskClient:
    app = flask.Flask("mounted")
    table = [Endpoint("/tell", GET, tell), Endpoint("/tell", POST, tell, body_cap=4)]
    app.register_blueprint(blueprint(table), url_prefix="/id")
    return app.test_client()


def test_two_endpoints_may_share_a_path_but_not_a_method() -> None:
    """A method of a path has one answer; the second claim is an error at start."""
    table = routes([Endpoint("/a", GET, tell), Endpoint("/a", POST, tell)])
    assert table["/a"].allow == "GET, HEAD, POST"
    with pytest.raises(ValueError, match="GET /a"):
        routes([Endpoint("/a", GET, tell), Endpoint("/a", GET, tell)])


def test_head_is_answered_by_get_and_only_by_get() -> None:
    """A path without GET has no HEAD either."""
    assert "HEAD" not in routes([Endpoint("/a", POST, tell)])["/a"].by_method
    table = routes([Endpoint("/a", GET, tell)])
    assert table["/a"].by_method["HEAD"] is table["/a"].by_method["GET"]


def test_a_repeated_header_is_joined_or_told_line_by_line() -> None:
    """RFC 9110 §5.3 joins; who must refuse a second line asks for the lines."""
    lines = (("accept", "a"), ("x", "y"), ("accept", "b"))
    request = Request("GET", "/", "", by_name(lines), b"", "", "http", "id")
    assert request.header("accept") == "a, b"
    assert request.header_lines("accept") == ["a", "b"]
    assert request.header("cookie") is None


def test_mounted_in_flask_the_endpoint_sees_the_same_request() -> None:
    """Under a prefix, an endpoint is given its own path, the raw query and the whole body."""
    answer = client().post("/id/tell?a=%20b", data=b"four", headers={"Accept": "text/x"})
    assert answer.status_code == 201
    assert answer.json == {
        "method": "POST", "path": "/tell", "query": "a=%20b", "body": "four", "accept": "text/x",
    }  # fmt: skip
    assert answer.headers.getlist("X-Twice") == ["a", "b"]
    assert answer.headers.getlist("Content-Type") == ["application/json"]


def test_mounted_in_flask_the_cap_and_the_methods_hold() -> None:
    """413 over the endpoint's cap, 405 with Allow for what it does not claim, HEAD from GET."""
    asked = client()
    assert asked.post("/id/tell", data=b"fives").status_code == 413
    refused = asked.delete("/id/tell")
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert asked.head("/id/tell").data == b""

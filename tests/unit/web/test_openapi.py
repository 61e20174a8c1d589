"""The OpenAPI document: made from the table of routes, whole, and true to it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portero.web.api.documents import ROUTES
from portero.web.api.openapi import openapi
from portero.web.api.registry import Access
from portero.web.problems import status_of


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = openapi(
        ROUTES, issuer="https://id.example", product_name="Portero", version="1"
    )
    return made


def test_every_route_is_an_operation_and_nothing_else_is(document: dict[str, Any]) -> None:
    """By method and path, with an operationId that is the route's name."""
    operations = {
        (method.upper(), path): operation["operationId"]
        for path, by_method in document["paths"].items()
        for method, operation in by_method.items()
    }
    routes = {
        (route.method, route.path.replace("<", "{").replace(">", "}")): route.name
        for route in ROUTES
    }
    assert operations == routes
    assert len(set(operations.values())) == len(operations)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """No schema is named that the document does not hold."""
    text = json.dumps(document)
    named = {piece.split('"')[0] for piece in text.split('"#/components/schemas/')[1:]}
    assert named
    assert named <= set(document["components"]["schemas"])


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_route_tells_its_answers_and_its_refusals(document: dict[str, Any], route: Any) -> None:
    """The status of success, and the code of each refusal under its status."""
    path = route.path.replace("<", "{").replace(">", "}")
    operation = document["paths"][path][route.method.lower()]
    assert str(route.status) in operation["responses"]
    for refusal in route.refusals:
        told = operation["responses"][str(status_of(refusal))]["description"]
        assert f"`{refusal.code}`" in told
    assert ("security" in operation) is (route.access is not Access.PUBLIC)


def test_bodies_take_no_member_that_they_do_not_name(document: dict[str, Any]) -> None:
    """Mass assignment is closed in the document as it is in the code."""
    bodies = {route.body.__name__ for route in ROUTES if route.body is not None}
    assert bodies
    for name in bodies:
        assert document["components"]["schemas"][name]["additionalProperties"] is False

"""The OpenAPI 3.1 document, made from the table of routes and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from portero.core.limits import OverLimit
from portero.core.login.errors import OwesMore
from portero.kit.refusals import Invalid, Refusal
from portero.web.api.registry import Access, Route
from portero.web.api.shapes import OwesProblem, Problem
from portero.web.problems import PROBLEM_TYPE, status_of

_REF: Final = "#/components/schemas/{model}"


def openapi(
    routes: Sequence[Route], *, issuer: str, product_name: str, version: str
) -> dict[str, Any]:
    """The document as JSON values."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{product_name} API",
            "version": version,
            "description": "Register, log in, and everything about the signed-in account.",
        },
        "servers": [{"url": issuer}],
        "paths": _paths(routes),
        "components": {
            "schemas": _schemas(routes),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The access token of `POST /login`, or its cookie.",
                }
            },
        },
    }


def _paths(routes: Sequence[Route]) -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = re.sub(r"<(\w+)>", r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return paths


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "responses": _responses(route),
    }
    names = re.findall(r"<(\w+)>", route.path)
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
    if route.body is not None:
        needed = any(field.is_required() for field in route.body.model_fields.values())
        content = {"application/json": {"schema": _ref(route.body.__name__)}}
        operation["requestBody"] = {"required": needed, "content": content}
    if route.access is not Access.PUBLIC:
        operation["security"] = [{"bearer": []}]
    return operation


def _responses(route: Route) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done."}
    if route.answer is not None:
        good["content"] = {"application/json": {"schema": _ref(route.answer.__name__)}}
    responses = {str(route.status): good}
    for status, codes in _refusals(route).items():
        names = ", ".join(f"`{code}`" for code in sorted(codes))
        schema = "OwesProblem" if OwesMore.code in codes else "Problem"
        described: dict[str, Any] = {
            "description": names,
            "content": {PROBLEM_TYPE: {"schema": _ref(schema)}},
        }
        if schema == "OwesProblem" and len(codes) > 1:
            described["content"][PROBLEM_TYPE]["schema"] = {
                "anyOf": [_ref("OwesProblem"), _ref("Problem")]
            }
        responses[str(status)] = described
    return responses


def _refusals(route: Route) -> dict[int, set[str]]:
    """By status, the codes that the route can answer with."""
    found: dict[int, set[str]] = {}
    kinds: list[type[Refusal]] = list(route.refusals)
    if route.body is not None:
        kinds.append(Invalid)
        found.setdefault(415, set()).add("unsupported_media_type")
    for kind in kinds:
        found.setdefault(status_of(kind), set()).add(kind.code)
    if route.access is not Access.PUBLIC:
        found.setdefault(401, set()).update({"invalid_token", "credentials_required"})
        found.setdefault(403, set()).add("cross_site_request")
        found.setdefault(400, set()).add("invalid_request")
        if not route.at_once:
            found.setdefault(status_of(OverLimit), set()).add(OverLimit.code)
    if route.fresh_seconds is not None:
        found.setdefault(401, set()).add("insufficient_user_authentication")
    if route.access is Access.FIRST_PARTY:
        found.setdefault(403, set()).add("not_first_party")
    if route.sign_in_api or route.renews:
        found.setdefault(404, set()).add("password_api_off")
    if route.sign_in_api:
        found.setdefault(403, set()).add("cross_site_request")
    found.setdefault(503, set()).update({"busy", "database_unavailable"})
    return dict(sorted(found.items()))


def _schemas(routes: Sequence[Route]) -> dict[str, Any]:
    bodies = [route.body for route in routes if route.body is not None]
    answers = [route.answer for route in routes if route.answer is not None]
    wanted: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        (model, "validation") for model in dict.fromkeys(bodies)
    ]
    shown: list[type[BaseModel]] = [*answers, Problem, OwesProblem]
    wanted += [(model, "serialization") for model in dict.fromkeys(shown)]
    _, definitions = models_json_schema(wanted, ref_template=_REF)
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(model=name)}

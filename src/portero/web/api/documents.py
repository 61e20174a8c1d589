"""The OpenAPI document and the page that people read, both from the table of routes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask, Response, jsonify, render_template

from portero import __version__
from portero.web.api import accounts, authenticators, mail_login, passkeys, passwords, tokens
from portero.web.api.registry import Route
from portero.web.rooms import Rooms

ROUTES: tuple[Route, ...] = (
    *accounts.ROUTES,
    *authenticators.ROUTES,
    *tokens.ROUTES,
    *passkeys.ROUTES,
    *mail_login.ROUTES,
    *passwords.ROUTES,
)


def mount(host: Flask, rooms: Rooms) -> None:
    @lru_cache(maxsize=1)
    def document() -> dict[str, Any]:
        # Imported and made when first asked for: nothing else needs JSON Schema at start-up.
        from portero.web.api.openapi import openapi

        settings = rooms.settings
        return openapi(
            ROUTES,
            issuer=settings.issuer,
            product_name=settings.product_name,
            version=__version__,
        )

    @host.get("/api/openapi.json")
    def openapi_json() -> Response:
        return jsonify(document())

    @host.get("/api/docs")
    def docs() -> str:
        made = document()
        return render_template(
            "api/docs.html", document=made, schemas=made["components"]["schemas"]
        )

"""Makes the applications: Flask alone (for other servers and for mounting), and the ASGI front."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from portero.settings import Settings, load
from portero.wiring import House, join

if TYPE_CHECKING:
    from flask import Flask

    from portero.web.endpoints import Endpoint
    from portero.web.front import Front


def create_app(settings: Settings | None = None, *, house: House | None = None) -> Flask:
    """The WSGI application: all pages, the JSON API and the protocol endpoints.

    Background threads are the caller's: `portero.wsgi` and `portero serve` start them.
    """
    from portero.web.mounted import blueprint

    made = house or join(settings or load(os.environ, cwd=Path.cwd()))
    flask = make_flask(made)
    flask.register_blueprint(blueprint(endpoints_of(made)))
    return flask


def create_front(house: House) -> Front:
    """The ASGI application that `portero serve` runs."""
    from portero.background import Background
    from portero.web.front import Front

    settings = house.settings
    background = Background(house)
    return Front(
        endpoints_of(house),
        make_flask(house),
        allowed_hosts=house.rooms.settings.allowed_hosts,
        threads=settings.threads,
        meter=house.meter,
        on_start=(background.start,),
        on_stop=(background.stop,),
    )


def make_flask(house: House) -> Flask:
    from portero.web.api import documents, mount
    from portero.web.host import make_host
    from portero.web.login import links
    from portero.web.render import set_up

    host = make_host(house.rooms)
    set_up(host, house.rooms)
    mount.mount(host, house.rooms, documents.ROUTES)
    documents.mount(host, house.rooms)
    links.mount(host, house.rooms)
    return host


def endpoints_of(house: House) -> list[Endpoint]:
    """The table of endpoints that both adapters mount."""
    from portero.web.health import health_endpoints
    from portero.web.oidc.jwks import jwks_endpoint
    from portero.web.oidc.metadata import metadata_endpoint
    from portero.web.oidc.oauth import oauth_endpoints

    rooms = house.rooms
    return [
        *health_endpoints(rooms.health),
        jwks_endpoint(house.ring, house.clock),
        metadata_endpoint(
            issuer=rooms.settings.issuer, grant_types=rooms.token_endpoint.grant_types
        ),
        *oauth_endpoints(
            token=rooms.token_endpoint,
            introspection=rooms.introspection,
            revocation=rooms.revocation,
            trusted_proxies=rooms.settings.trusted_proxies,
        ),
    ]

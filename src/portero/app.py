"""Makes the applications: Flask alone (for other servers and for mounting), and the ASGI front."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from portero.settings import Settings, load
from portero.wiring import House, join

if TYPE_CHECKING:
    from flask import Flask

    from portero.web.dev.demo import DemoServer
    from portero.web.endpoints import Endpoint
    from portero.web.exchange import Headers, Response
    from portero.web.front import Front


def create_app(settings: Settings | None = None, *, house: House | None = None) -> Flask:
    """The WSGI application: all pages, the JSON API and the protocol endpoints, below the path of
    the issuer.

    Background threads are the caller's: `portero.wsgi` and `portero serve` start them.
    """
    from portero.web.mounted import blueprint

    made = house or join(settings or load(os.environ, cwd=Path.cwd()))
    flask = make_flask(made)
    flask.register_blueprint(blueprint(endpoints_of(made)))
    base = made.rooms.settings.base
    if base.path:
        flask.wsgi_app = base.rebased(flask.wsgi_app)  # type: ignore[method-assign,assignment]
    return flask


def create_front(house: House) -> Front:
    """The ASGI application that `portero serve` runs."""
    from portero.background import Background
    from portero.web.closed import closable
    from portero.web.front import Front
    from portero.web.headers import page_headers

    settings = house.settings
    background = Background(house)
    return Front(
        closable(endpoints_of(house), house.rooms),
        make_flask(house),
        allowed_hosts=house.rooms.settings.allowed_hosts,
        threads=settings.threads,
        meter=house.meter,
        base=house.rooms.settings.base,
        headers=page_headers(hsts=house.rooms.settings.owns_host),
        on_start=(background.start,),
        on_stop=(background.stop,),
    )


def make_flask(house: House) -> Flask:
    from portero.web.account import pages as account
    from portero.web.api import documents, mount
    from portero.web.dev import demo, mail, styleguide
    from portero.web.forms import Forms
    from portero.web.host import make_host
    from portero.web.login import (
        accounts,
        challenges,
        doorstep,
        forgot,
        links,
        mail_sign_in,
        passkey_offer,
        passkeys,
        push,
        recovery_offer,
        sign_in,
    )
    from portero.web.oidc import consent, device_page, logout, requests_page
    from portero.web.render import set_up

    host = make_host(house.rooms)
    set_up(host, house.rooms.settings)
    mount.mount(host, house.rooms, documents.ROUTES)
    documents.mount(host, house.rooms)
    forms = Forms(
        keys=house.rooms.form_keys,
        new_secret=house.rooms.new_secret,
        cookie=house.rooms.browser_cookie,
        issuer=house.rooms.settings.issuer,
    )
    forms.set_up(host)
    for face in (
        challenges,
        doorstep,
        links,
        sign_in,
        accounts,
        passkeys,
        passkey_offer,
        recovery_offer,
        push,
        mail_sign_in,
        forgot,
        consent,
        logout,
        device_page,
        requests_page,
        account,
        styleguide,
        mail,
    ):
        face.mount(host, house.rooms, forms)
    demo.mount(host, house.rooms, forms, _demo_server(house))
    return host


def _demo_server(house: House) -> DemoServer:
    """The way that the demo client has to the rest: in this process, so that a server with one
    thread does not wait for itself."""
    from portero.core.audit import Actor
    from portero.core.clients.errors import ClientIdTaken
    from portero.web.dev.demo import DemoServer
    from portero.web.in_process import InProcess

    made: list[InProcess] = []

    def register(client_id: str, metadata: Mapping[str, object]) -> None:
        with suppress(ClientIdTaken):
            house.clients.create(Actor.operator(), metadata, client_id=client_id)

    def ask(method: str, url: str, headers: Headers, body: bytes) -> Response:
        if not made:
            issuer, table = house.settings.issuer, endpoints_of(house)
            made.append(InProcess(issuer, table, ready=lambda: None))
        return made[0].ask(method, url, headers, body)

    return DemoServer(register, ask)


def endpoints_of(house: House) -> list[Endpoint]:
    """The table of endpoints that both adapters mount."""
    from portero.core.login.model import Registration
    from portero.web.api import documents, mount
    from portero.web.health import health_endpoints
    from portero.web.oidc.authorize import authorize_endpoints
    from portero.web.oidc.ciba import ciba_endpoints
    from portero.web.oidc.device import device_endpoints
    from portero.web.oidc.jwks import jwks_endpoint
    from portero.web.oidc.metadata import Offer, metadata_endpoints
    from portero.web.oidc.oauth import oauth_endpoints
    from portero.web.oidc.par import par_endpoints
    from portero.web.oidc.register import registration_endpoints
    from portero.web.oidc.status_list import status_list_endpoint
    from portero.web.oidc.userinfo import USERINFO_PATH, userinfo_endpoints
    from portero.web.passkey_documents import passkey_endpoints
    from portero.wiring.parts import metadata_policy

    rooms, policy = house.rooms, metadata_policy(house.settings)
    return [
        *health_endpoints(rooms.health),
        jwks_endpoint(house.ring, house.clock),
        status_list_endpoint(rooms.provider.statuses),
        *metadata_endpoints(
            Offer(
                issuer=rooms.settings.issuer,
                grant_types=rooms.provider.token_endpoint.grant_types,
                signing_algs=house.settings.signing_algs,
                scopes=rooms.provider.scopes.names,
                acr_values=rooms.provider.authorize.reachable_levels,
                detail_types=tuple(rooms.provider.detail_types),
                certificates=rooms.settings.certificates,
                mtls_url=rooms.settings.mtls_url,
                registration=rooms.provider.registration.is_on,
                sign_up=rooms.settings.registration is Registration.OPEN,
                client_id_documents=house.settings.client_id_documents,
                profile=house.settings.profile,
                encryption_algs=sorted(policy.encryption_algs),
                encryption_encs=sorted(policy.encryption_encs),
            )
        ),
        *authorize_endpoints(
            authorize=rooms.provider.authorize, cookie=rooms.browser_cookie, settings=rooms.settings
        ),
        *par_endpoints(
            pushed=rooms.provider.pushed,
            trusted_proxies=rooms.settings.trusted_proxies,
            certificates=rooms.settings.certificates,
            fresh_nonce=rooms.provider.token_endpoint.fresh_nonce,
        ),
        *device_endpoints(
            devices=rooms.provider.devices,
            issuer=rooms.settings.issuer,
            trusted_proxies=rooms.settings.trusted_proxies,
            certificates=rooms.settings.certificates,
            fresh_nonce=rooms.provider.token_endpoint.fresh_nonce,
        ),
        *ciba_endpoints(
            asking=rooms.provider.ciba_asking,
            trusted_proxies=rooms.settings.trusted_proxies,
            certificates=rooms.settings.certificates,
            fresh_nonce=rooms.provider.token_endpoint.fresh_nonce,
        ),
        *userinfo_endpoints(
            userinfo=rooms.provider.userinfo,
            tokens=rooms.provider.tokens,
            url=rooms.settings.issuer + USERINFO_PATH,
            certificates=rooms.settings.certificates,
        ),
        *mount.api_endpoints(rooms, documents.ROUTES),
        *(
            passkey_endpoints(issuer=rooms.settings.issuer, origins=house.settings.passkey_origins)
            if rooms.passkeys is not None
            else ()
        ),
        *registration_endpoints(rooms.provider.registration, rooms.settings.trusted_proxies),
        *oauth_endpoints(
            token=rooms.provider.token_endpoint,
            introspection=rooms.provider.introspection,
            revocation=rooms.provider.revocation,
            trusted_proxies=rooms.settings.trusted_proxies,
            certificates=rooms.settings.certificates,
        ),
    ]

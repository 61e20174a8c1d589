"""Who runs in the benchmark of the provider, ready to be asked: Portero on each database, the
floors beside it, and the peer."""

from __future__ import annotations

import http.client
import json
import os
import pickle
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.filling import opened
from benchmarks.household import App, Household
from benchmarks.load import Script, Step, get, walk
from benchmarks.peer import RESOURCE, Peer, peer
from benchmarks.postgresql import cluster
from benchmarks.recorded import Template, template
from benchmarks.report import ROOT
from benchmarks.server import Server, free_port, portero, portero_env, running
from portero.wiring import House

CONNECTIONS: Final = 16
_PEOPLE: Final = 64  # each with a browser, a session and tokens
_DOCUMENTS: Final = {
    "jwks": "/.well-known/jwks.json",
    "discovery": "/.well-known/openid-configuration",
}
_FLOOR_ETAG: Final = '"floor"'
_SECRET_LENGTH: Final = 43


class Contestants:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        os.chmod(folder, 0o755)  # PostgreSQL runs as another user when we are root
        postgresql = stack.enter_context(cluster(folder, durable=True))
        self.sqlite = PorteroOver("sqlite", folder, stack)
        self.postgresql = PorteroOver(
            "postgresql",
            folder,
            stack,
            database_url=postgresql.new_database("portero"),
            storage=Server(postgresql.server, postgresql.port, 0.0),
        )
        self.handlers, self.bare_scripts = _bare_handlers(folder, stack, self.sqlite)
        self.peer = AskedPeer(stack.enter_context(peer(folder / "peer")))


class PorteroOver:
    """Portero on one database, and beside it the floor that runs the same SQL in the same one."""

    def __init__(
        self,
        kind: str,
        folder: Path,
        stack: ExitStack,
        *,
        database_url: str = "",
        storage: Server | None = None,
    ) -> None:
        self.kind, self.storage = kind, storage
        place, port = folder / f"on_{kind}", free_port()
        place.mkdir()
        more = {"DATABASE_URL": database_url} if database_url else {}
        env = portero_env(place, port, PORTERO_ACCESS_TOKEN_SECONDS="7200", **more)
        house = opened(place, env)
        self.household = Household(house, people=_PEOPLE, port=port)
        self.jwts, self.opaque, self._refresh_tokens = self._tokens()
        templates = self._templates(house)
        url = house.settings.database_url.reveal()
        house.hasher.close()
        house.db.dispose()
        self.server = stack.enter_context(portero(place, env))
        database = url if database_url else str(house.db.url.database)
        self.floor = self._floor(place, stack, database, templates, house.settings.threads)

    @property
    def app(self) -> App:
        return self.household.app

    def own_token(self) -> list[Script]:
        return [self.app.own_token()] * CONNECTIONS

    def introspection(self, tokens: list[str]) -> list[Script]:
        app = self.app if tokens is self.jwts else self.household.opaque_app
        return [app.introspection(each) for each in tokens]

    def userinfo(self, tokens: list[str]) -> list[Script]:
        port = self.server.port
        return [_one(get("/oauth/userinfo", port=port, token=each)) for each in tokens]

    def document(self, name: str, status: str) -> list[Script]:
        headers = {"If_None_Match": self.fetched(name)[1]} if status == "304" else {}
        request = get(_DOCUMENTS[name], port=self.server.port, **headers)
        return [_one(request, status)] * CONNECTIONS

    def fetched(self, name: str) -> tuple[str, str]:
        """The document and its ETag."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        connection.request("GET", _DOCUMENTS[name])
        answer = connection.getresponse()
        told = answer.read().decode(), answer.headers["ETag"]
        connection.close()
        return told

    def flow(self, name: str) -> list[Script]:
        if name == "refresh":
            return [self.app.refreshes(each) for each in self._refresh_tokens]
        return [self.app.code_flow(cookie) for cookie in self._cookies()]

    def floor_scripts(self, name: str) -> list[Script]:
        """The same bytes to the floor, which reads them and does not look at them."""
        app = replace(self.app, port=self.floor.port, authorize="/code/0", token="/code/1")
        held = "x" * _SECRET_LENGTH
        if name == "refresh":
            refresh = replace(app, token="/refresh/0").refreshes(held)
            return [_unheard(refresh, held)] * CONNECTIONS
        return [_unheard(app.code_flow(each), held) for each in self._cookies()]

    def _cookies(self) -> list[str]:
        return [f"portero={secret}" for secret in self.household.browsers]

    def _tokens(self) -> tuple[list[str], list[str], list[str]]:
        home = self.household
        issued = [home.tokens(home.app, each) for each in home.browsers]
        opaque = [home.tokens(home.opaque_app, each) for each in home.browsers]
        refresh = [each.refresh_token for each in issued if each.refresh_token is not None]
        return (
            [each.access_token.reveal() for each in issued],
            [each.access_token.reveal() for each in opaque],
            [each.reveal() for each in refresh],
        )

    def _templates(self, house: House) -> dict[str, list[Template]]:
        home = self.household
        return {
            "code": [
                template(house.db, lambda each=each: home.tokens(home.app, each))  # type: ignore[misc]
                for each in home.browsers
            ],
            "refresh": [template(house.db, _Refreshing(home, each)) for each in home.browsers],
        }

    def _floor(
        self,
        folder: Path,
        stack: ExitStack,
        database: str,
        templates: dict[str, list[Template]],
        threads: int,
    ) -> Server:
        place, port = folder / "floor", free_port()
        place.mkdir()
        told = place / "recorded"
        told.write_bytes(pickle.dumps({"url": database, "flows": templates}))
        module = "benchmarks.floors.transactions"
        command = [sys.executable, "-m", module, str(port), str(threads), str(told)]
        return stack.enter_context(running(command, cwd=place, env=_floor_env(), port=port))


class _Refreshing:
    """One person's refresh token, rotated at each call."""

    def __init__(self, home: Household, browser: str) -> None:
        self._home = home
        self._token = home.tokens(home.app, browser).refresh_token

    def __call__(self) -> None:
        if self._token is None:
            raise RuntimeError("no refresh token")
        asked = {"grant_type": "refresh_token", "refresh_token": self._token.reveal()}
        self._token = self._home.redeem(self._home.app, asked).refresh_token


class AskedPeer:
    """What is asked of the peer. Its tokens come from asking it once for each."""

    def __init__(self, asked: Peer) -> None:
        self.node, self.redis = asked.node, asked.redis
        self._app = asked.app
        self._cookies = [asked.browser() for _ in range(_PEOPLE)]

    def own_token_jwt(self) -> list[Script]:
        return [self._app.own_token(resource=RESOURCE)] * CONNECTIONS

    def own_token_opaque(self) -> list[Script]:
        return [self._app.own_token() for _ in range(_PEOPLE)]

    def introspection(self) -> list[Script]:
        return [self._app.introspection(each.held) for each in self._once(self.own_token_opaque())]

    def flow(self, name: str) -> list[Script]:
        flows = [self._app.code_flow(each) for each in self._cookies]
        if name == "code":
            return flows
        return [self._app.refreshes(each.held) for each in self._once(flows)]

    def _once(self, scripts: list[Script]) -> list[Script]:
        walk(scripts, port=self._app.port, connections=CONNECTIONS, count=len(scripts))
        return scripts


def _bare_handlers(
    folder: Path, stack: ExitStack, beside: PorteroOver
) -> tuple[Server, dict[str, list[Script]]]:
    place, port = folder / "bare", free_port()
    place.mkdir()
    settings = {
        "client_id": beside.app.client_id,
        "secret": beside.app.secret,
        "documents": {f"/{name}": beside.fetched(name)[0] for name in _DOCUMENTS},
    }
    module = "benchmarks.floors.asgi_handler"
    command = [sys.executable, "-m", module, str(port), json.dumps(settings)]
    server = stack.enter_context(running(command, cwd=place, env=_floor_env(), port=port))
    app, token = replace(beside.app, port=port, token="/token", introspect="/json"), beside.jwts[0]
    scripts = {
        "token": app.own_token(),
        "json_post": app.introspection(token),
        "json": _one(get("/json", port=port, token=token)),
    }
    for name in _DOCUMENTS:
        fresh = get(f"/{name}", port=port, If_None_Match=_FLOOR_ETAG)
        scripts[f"{name}_200"] = _one(get(f"/{name}", port=port))
        scripts[f"{name}_304"] = _one(fresh, "304")
    return server, {name: [each] * CONNECTIONS for name, each in scripts.items()}


def _one(request: str, status: str = "200") -> Script:
    return Script([Step(request, status)])


def _unheard(script: Script, held: str) -> Script:
    """The same requests, whatever the answers say."""
    return Script([Step(each.request) for each in script.steps], held)


def _floor_env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}

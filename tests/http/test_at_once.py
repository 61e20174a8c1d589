"""Tokens for services and introspection need no thread, so that a crowd of slow requests does not
hold them up; and whatever has to wait after all gets one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from typing import Any

import httpx2
import pytest

from portero.app import endpoints_of
from portero.kit import waiting
from portero.web.exchange import Request, by_name
from portero.web.front import Front
from tests.http.test_oauth_service import client_of
from tests.support.house import ISSUER, Home
from tests.support.relying_party import relying_party

OWN_TOKEN = {"grant_type": "client_credentials"}
Asked = tuple[str, dict[str, str]]


class BusyPages:
    """Takes the only thread, until it is told to let go."""

    def __init__(self) -> None:
        self.inside, self.over = threading.Event(), threading.Event()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.inside.set()
        assert self.over.wait(30)
        start_response("200 OK", [])
        return [b""]


def statuses(home: Home, while_busy: list[Asked], afterwards: list[Asked]) -> list[int]:
    """The answers of a front whose one thread is taken, and then of the same one at rest."""
    pages = BusyPages()
    front = Front(
        endpoints_of(home.house),
        pages,
        allowed_hosts=home.house.rooms.settings.allowed_hosts,
        threads=1,
        queue=0,
    )

    async def run() -> list[int]:
        transport = httpx2.ASGITransport(app=front)
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
            busy = asyncio.create_task(client.get("/slow"))
            await asyncio.to_thread(pages.inside.wait, 30)
            told = [(await client.post(path, data=form)).status_code for path, form in while_busy]
            pages.over.set()
            assert (await busy).status_code == 200
            return told + [(await client.post(path, data=form)).status_code
                           for path, form in afterwards]  # fmt: skip

    return asyncio.run(run())


def token_of(home: Home, client: tuple[str, str]) -> str:
    answer = home.client().post("/oauth/token", data={**OWN_TOKEN, **proof(client)})
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["access_token"])


def proof(client: tuple[str, str]) -> dict[str, str]:
    return {"client_id": client[0], "client_secret": client[1]}


def test_known_clients_are_answered_while_every_thread_is_busy(home: Home) -> None:
    """A full login queue leaves tokens and their checks quick."""
    client = client_of(home, token_endpoint_auth_method="client_secret_post")
    token = token_of(home, client)
    asked: list[Asked] = [
        ("/oauth/token", {**OWN_TOKEN, **proof(client)}),
        ("/oauth/introspect", {"token": token, **proof(client)}),
    ]
    assert statuses(home, asked, []) == [200, 200]


def test_what_has_to_wait_is_done_once_and_on_a_thread(home: Home) -> None:
    """A wrong secret is counted, an unknown client looked up, an opaque token stored: with no
    thread free that is a 503 which did nothing, with one it is the answer."""
    client = client_of(home, token_endpoint_auth_method="client_secret_post")
    token_of(home, client)
    opaque = client_of(
        home,
        token_endpoint_auth_method="client_secret_post",
        access_token_format="opaque",
    )
    own = {**OWN_TOKEN, **proof(opaque)}
    wrong = {**OWN_TOKEN, "client_id": client[0], "client_secret": "wrong"}
    unknown = {**OWN_TOKEN, "client_id": "nobody", "client_secret": "wrong"}
    asked: list[Asked] = [("/oauth/token", form) for form in (own, wrong, unknown)]
    assert statuses(home, asked, asked) == [503, 503, 503, 200, 401, 401]
    failures = home.house.audit.list_entries(kind="client.auth_failed")
    assert len(failures) == 2


def test_an_opaque_token_is_introspected_by_the_thread_and_then_without(home: Home) -> None:
    client = client_of(
        home,
        token_endpoint_auth_method="client_secret_post",
        access_token_format="opaque",
    )
    token = token_of(home, client)
    asked: list[Asked] = [("/oauth/introspect", {"token": token, **proof(client)})]
    assert statuses(home, asked, asked) == [503, 200]
    assert statuses(home, asked, []) == [200]


def test_a_person_is_told_of_by_the_thread_and_then_without(home: Home) -> None:
    """By UserInfo, whose token may come in a form; a signed answer is made by a thread always."""
    home.register()
    plain, signed = (
        relying_party(home, **more).sign_in()["access_token"]
        for more in ({}, {"userinfo_signed_response_alg": "ES256"})
    )
    asked: list[Asked] = [("/oauth/userinfo", {"access_token": plain})]
    assert statuses(home, asked, asked) == [503, 200]
    assert statuses(home, asked, []) == [200]
    asked = [("/oauth/userinfo", {"access_token": signed})]
    assert statuses(home, asked, asked) == [503, 200]
    assert statuses(home, asked, []) == [503]


def test_protected_is_answered_at_once_and_refuses_on_a_thread(home: Home) -> None:
    """A refusal is said in the reader's language, whose sentences are read from a file at first:
    nobody else waits for that."""
    home.register()
    endpoint = next(each for each in endpoints_of(home.house) if each.path == "/protected")

    def asked(token: str) -> Request:
        named = by_name([("authorization", f"Bearer {token}"), ("accept-language", "de")])
        return Request("GET", "/protected", "", named, b"", "127.0.0.1", "http", "one")

    good, bad = asked(home.log_in()["access_token"]), asked("bad")
    assert endpoint.at_once is not None
    assert endpoint.at_once(good)
    assert waiting.at_once(endpoint.answer, good).status == 200
    with pytest.raises(waiting.WouldWait):
        waiting.at_once(endpoint.answer, bad)
    assert endpoint.answer(bad).status == 401

"""Whoever is turned away leaves a line, by whatever door they came (ASVS 16.3.2, 16.3.3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import httpx2
import pytest

from portero.app import create_front
from tests.support.house import ISSUER, Home, bearer
from tests.support.relying_party import relying_party

FOREIGN = {"Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: the log is the faces' alone."""
    return sqlite_url


def by_the_front(home: Home, path: str, **headers: str) -> int:
    front = create_front(home.house)

    async def run() -> int:
        transport = httpx2.ASGITransport(app=front)
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
            return (await client.get(path, headers=headers)).status_code

    return asyncio.run(run())


def strange_address(home: Home) -> int:
    rp = relying_party(home)
    asked = rp.parameters(redirect_uri="https://evil.example/callback")
    return home.client().get("/oauth/authorize", query_string=asked).status_code


TURNED_AWAY: list[tuple[str, Callable[[Home], int], int, str]] = [
    ("no token", lambda home: home.get("/me").status_code, 401, "GET /me: credentials_required"),
    (
        "a token of nobody",
        lambda home: home.client().delete("/me", headers=bearer("a.b.c")).status_code,
        401,
        "DELETE /me: invalid_token",
    ),
    (
        "the form of another site",
        lambda home: home.client().post("/sign-up", headers=FOREIGN).status_code,
        403,
        "POST /sign-up: cross_site_request",
    ),
    ("an address that nobody registered", strange_address, 400, "GET /oauth/authorize: "),
    (
        "a host that is not ours",
        lambda home: by_the_front(home, "/sign-in", host="evil.example"),
        400,
        "GET /sign-in: unknown_host",
    ),
    (
        "a slash in disguise",
        lambda home: by_the_front(home, "/account%2F..%2Fadmin"),
        400,
        "GET /account%2F..%2Fadmin: bad_target",
    ),
]


@pytest.mark.parametrize(
    ("turned_away", "status", "line"),
    [row[1:] for row in TURNED_AWAY],
    ids=[row[0] for row in TURNED_AWAY],
)
def test_who_is_turned_away_leaves_a_line(
    home: Home,
    caplog: pytest.LogCaptureFixture,
    turned_away: Callable[[Home], int],
    status: int,
    line: str,
) -> None:
    """With the method, the path and the code; and the reason, which the caller is not told."""
    with caplog.at_level(logging.INFO):
        assert turned_away(home) == status
    [told] = [each for each in caplog.records if each.name == "portero.web.exchange"]
    assert told.getMessage().startswith(f"refused {line}")
    assert vars(told)["why"]

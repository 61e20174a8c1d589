"""Away from loopback nothing is reached over plain http (RFC 6749 §3.1, §3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.house import Home, MakeHome
from tests.support.relying_party import relying_party

PUBLIC = "https://id.example"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def addresses_in(told: Any) -> Iterator[str]:
    """Every address in a document, however deep."""
    if isinstance(told, dict):
        told = list(told.values())
    if isinstance(told, list):
        for each in told:
            yield from addresses_in(each)
    elif isinstance(told, str) and "://" in told:
        yield told


@pytest.fixture
def public(make_home: MakeHome) -> Home:
    return make_home(PORTERO_ISSUER=PUBLIC)


@on_sqlite
@pytest.mark.parametrize("name", ["oauth-authorization-server", "openid-configuration"])
def test_every_address_that_is_told_is_https(public: Home, name: str) -> None:
    """A client that follows the metadata never speaks in clear, whatever it was asked by."""
    answer = public.client().get(f"/.well-known/{name}", base_url="http://id.example")
    addresses = list(addresses_in(answer.get_json()))
    assert len(addresses) > 8
    assert {each.partition("://")[0] for each in addresses} == {"https"}
    assert f"{PUBLIC}/oauth/authorize" in addresses


@on_sqlite
def test_a_cookie_is_never_sent_in_clear(public: Home) -> None:
    """Nor does a browser that was here once come again over http."""
    cookie = relying_party(public).begin().headers["Set-Cookie"]
    assert cookie.startswith("__Host-portero=")
    assert "Secure" in cookie
    page = public.client().get("/sign-in")
    assert page.headers["Strict-Transport-Security"].startswith("max-age=63072000")

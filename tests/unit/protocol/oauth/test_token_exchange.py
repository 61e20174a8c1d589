"""Who may exchange which token, and what is said of who acts."""

from __future__ import annotations

from typing import Any

import pytest

from portero.protocol.oauth.errors import InvalidRequest, InvalidScope
from portero.protocol.oauth.token_exchange import (
    MAX_ACTORS,
    act_claim,
    check_may_act,
    exchanged_scope,
    may_exchange,
)

ACTING = {"iss": "https://id.example", "sub": "orders", "client_id": "orders"}


@pytest.mark.parametrize(
    ("resource", "token_client", "audience", "allowed"),
    [
        ("https://orders.example", "orders", "https://other.example", True),  # its own token
        ("https://orders.example", "shop", "https://orders.example", True),  # shown to its API
        ("https://orders.example", "shop", "https://stock.example", False),
        ("", "shop", "", False),  # no resource is not the audience of nothing
        ("", "shop", "https://stock.example", False),
    ],
)
def test_who_has_a_token_rightly(
    resource: str, token_client: str, audience: str, allowed: bool
) -> None:
    """Its client, or the API that it is for."""
    assert allowed is may_exchange(
        client_id="orders",
        default_resource=resource,
        token_client_id=token_client,
        token_audience=audience,
    )


def test_scope_is_what_token_and_client_have_in_common() -> None:
    """And offline_access is never handed on."""
    held, open_to = ("a", "b", "offline_access"), ("b", "c", "offline_access")
    assert exchanged_scope((), held=held, open_to_client=open_to) == ("b",)
    for more in ("a", "c", "offline_access"):
        with pytest.raises(InvalidScope):
            exchanged_scope(("b", more), held=held, open_to_client=open_to)


@pytest.mark.parametrize(
    "named", [{"sub": "orders"}, {"iss": "https://id.example", "client_id": "orders"}]
)
def test_whoever_is_named_may_act(named: dict[str, str]) -> None:
    """RFC 8693 §4.4."""
    check_may_act({"may_act": named}, ACTING)
    check_may_act({}, ACTING)


@pytest.mark.parametrize(
    "named",
    [{"sub": "stock"}, {"sub": "orders", "iss": "https://evil"}, {}, "orders", {"group": "x"}],
)
def test_nobody_else_may_act(named: Any) -> None:
    """A demand that is not understood is not met."""
    with pytest.raises(InvalidRequest):
        check_may_act({"may_act": named}, ACTING)


def test_the_chain_of_actors_ends_somewhere() -> None:
    """The newest outside, none forgotten, and no more than can be read."""
    claims: dict[str, Any] = {}
    for number in range(MAX_ACTORS):
        claims = act_claim(f"actor {number}", claims)
    assert claims["act"]["sub"] == f"actor {MAX_ACTORS - 1}"
    assert claims["act"]["act"]["sub"] == f"actor {MAX_ACTORS - 2}"
    assert act_claim("", claims) == claims
    with pytest.raises(InvalidRequest):
        act_claim("one more", claims)

"""Documents that clients fetch again and again: metadata and keys."""

from __future__ import annotations

import pytest

from portero.core.audit import Actor
from portero.protocol.jose.algorithms import SigningAlg
from tests.support.house import Home

JWKS = "/.well-known/jwks.json"
PATHS = (
    JWKS,
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_document_that_is_known_is_not_sent_again(home: Home, path: str) -> None:
    """RFC 9110 §13.1.2: one tag, one of a list, or one that a proxy made weak."""
    etag = home.client().get(path).headers["ETag"]
    for known in (etag, f'"another", {etag}', f"W/{etag}"):
        answer = home.client().get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == etag
        assert answer.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("path", PATHS)
def test_another_tag_gets_the_document(home: Home, path: str) -> None:
    etag = home.client().get(path).headers["ETag"]
    for known in ('"another"', etag.strip('"')[:-1], ""):
        answer = home.client().get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.headers["ETag"]) == (200, etag)


def test_a_new_key_is_another_document_and_so_is_one_that_went(home: Home) -> None:
    """The key set is made anew when a key comes, and when the clock takes one away."""
    before = home.client().get(JWKS)
    home.house.keys.rotate(Actor.operator(), SigningAlg.ES256)
    with_next = home.client().get(JWKS, headers={"If-None-Match": before.headers["ETag"]})
    assert len(with_next.get_json()["keys"]) == len(before.get_json()["keys"]) + 1
    home.clock.let_pass(days=400)
    without_old = home.client().get(JWKS, headers={"If-None-Match": with_next.headers["ETag"]})
    assert without_old.status_code == 200
    assert len(without_old.get_json()["keys"]) < len(with_next.get_json()["keys"])

"""PKCE: S256 alone, well formed, and never one half without the other (RFC 7636)."""

from __future__ import annotations

import pytest

from portero.protocol.oauth.errors import InvalidGrant, InvalidRequest
from portero.protocol.oauth.pkce import challenge_of, check_verifier, checked_challenge

# The example of RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_the_rfc_fits() -> None:
    """Appendix B, both halves."""
    assert challenge_of(VERIFIER) == CHALLENGE
    assert checked_challenge(CHALLENGE, "S256", required=True) == CHALLENGE
    check_verifier(VERIFIER, expected_challenge=CHALLENGE)


@pytest.mark.parametrize("method", [None, "plain", "s256", "S512"])
def test_only_s256_is_a_method(method: str | None) -> None:
    """Left out it means `plain` (§4.3), which protects against nobody who reads the request."""
    with pytest.raises(InvalidRequest):
        checked_challenge(CHALLENGE, method, required=False)


@pytest.mark.parametrize(
    "challenge", ["a" * 42, "a" * 129, "a" * 42 + "=", "a" * 42 + "\n", "a" * 42 + "é"], ids=repr
)
def test_a_malformed_challenge_is_refused(challenge: str) -> None:
    """§4.2: 43 to 128 unreserved characters."""
    with pytest.raises(InvalidRequest):
        checked_challenge(challenge, "S256", required=False)


def test_a_challenge_may_be_missing_only_where_it_is_not_required() -> None:
    """And a method alone is a challenge that somebody took away."""
    assert checked_challenge(None, None, required=False) == ""
    with pytest.raises(InvalidRequest):
        checked_challenge(None, None, required=True)
    with pytest.raises(InvalidRequest):
        checked_challenge(None, "S256", required=False)


@pytest.mark.parametrize(
    "verifier",
    [None, CHALLENGE, VERIFIER[:-1], VERIFIER + "A", VERIFIER.lower(), "", VERIFIER + "\n"],
    ids=repr,
)
def test_another_verifier_does_not_fit(verifier: str | None) -> None:
    """The challenge itself neither: whoever saw the request knows it."""
    with pytest.raises(InvalidGrant):
        check_verifier(verifier, expected_challenge=CHALLENGE)


def test_a_verifier_for_no_challenge_is_a_downgrade() -> None:
    """RFC 9700 §4.8.2: the client sent a challenge, and it did not arrive."""
    check_verifier(None, expected_challenge="")
    with pytest.raises(InvalidGrant):
        check_verifier(VERIFIER, expected_challenge="")

"""The authorization answer as a JWT (JARM)."""

from __future__ import annotations

from datetime import UTC, datetime

from portero.protocol.oauth.jarm import jarm_alg, jarm_claims
from portero.protocol.oauth.metadata_model import ClientMetadata

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ISSUER = "https://id.example"


def test_the_answer_is_wrapped_for_one_client_and_for_minutes() -> None:
    """§2.1: iss, aud, exp of ten minutes at most, and every parameter as it was."""
    claims = jarm_claims(
        {"code": "c", "state": "s", "iss": ISSUER}, issuer=ISSUER, client_id="notes", now=NOW
    )
    lifetime = claims.pop("exp") - NOW.timestamp()
    assert claims == {"code": "c", "state": "s", "iss": ISSUER, "aud": "notes"}
    assert 0 < lifetime <= 600


def test_a_parameter_can_not_readdress_the_answer() -> None:
    """A state is a value, never a name; and were a name `aud`, ours would win."""
    claims = jarm_claims({"aud": "evil", "exp": "9"}, issuer=ISSUER, client_id="notes", now=NOW)
    assert claims["aud"] == "notes"
    assert isinstance(claims["exp"], int)


def test_it_is_no_id_token() -> None:
    """Neither sub nor iat, which every ID token has: none takes one for the other."""
    assert not {"sub", "iat", "nonce"} & set(
        jarm_claims({"code": "c"}, issuer=ISSUER, client_id="notes", now=NOW)
    )


def test_the_algorithm_is_the_registered_one() -> None:
    """RS256 without one (§3), which FAPI does not allow."""
    assert jarm_alg(ClientMetadata()) == "RS256"
    assert jarm_alg(ClientMetadata(profile="fapi2")) == "ES256"
    assert jarm_alg(ClientMetadata(authorization_signed_response_alg="PS256")) == "PS256"

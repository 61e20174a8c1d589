"""What members of a registration say about each other."""

from __future__ import annotations

from typing import Any

import pytest

from portero.protocol.oauth.client_metadata import InvalidClientMetadata, parse_client_metadata
from portero.protocol.oauth.metadata_policy import JWE_ALGS, JWE_ENCS, MetadataPolicy

CB = "https://rp.example/cb"
JWKS_URI = "https://rp.example/jwks"
CIBA = "urn:openid:params:grant-type:ciba"


def faults(policy: MetadataPolicy | None = None, /, **members: Any) -> dict[str, str]:
    """The code of each member at fault; none if it is accepted."""
    try:
        parse_client_metadata({"redirect_uris": [CB], **members}, policy)
    except InvalidClientMetadata as refused:
        return {fault.name: fault.code for fault in refused.faults}
    return {}


@pytest.mark.parametrize(
    "members",
    [
        {"grant_types": ["client_credentials"], "response_types": ["code"]},
        {"grant_types": ["authorization_code"], "response_types": []},
        {"grant_types": [], "response_types": ["code"]},
    ],
)
def test_grant_and_response_types_agree(members: dict[str, Any]) -> None:
    """RFC 7591 §2.1: a code is asked for exactly by who may redeem it."""
    assert faults(**members) == {"grant_types": "inconsistent"}


@pytest.mark.parametrize("grant", ["password", "implicit", "urn:x"])
def test_grants_that_are_not_offered_are_refused(grant: str) -> None:
    """RFC 9700 §2.4, §2.1.2."""
    assert faults(grant_types=["authorization_code", grant])["grant_types"] in {
        "unsupported",
        "inconsistent",
    }


def test_a_code_client_needs_a_redirect_uri() -> None:
    """OAuth 2.1 §2.3: none registered leaves nothing to compare with."""
    assert faults(redirect_uris=[]) == {"redirect_uris": "required"}
    assert faults(redirect_uris=None) == {"redirect_uris": "required"}


def test_keys_come_one_way() -> None:
    """RFC 7591 §2: jwks and jwks_uri exclude each other; key methods need one."""
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    jwks = {"keys": [key]}
    assert faults(jwks=jwks, jwks_uri=JWKS_URI) == {"jwks": "exclusive"}
    for method in ("private_key_jwt", "self_signed_tls_client_auth"):
        assert faults(token_endpoint_auth_method=method) == {"jwks": "required"}
        assert faults(token_endpoint_auth_method=method, jwks=jwks) == {}
        assert faults(token_endpoint_auth_method=method, jwks_uri=JWKS_URI) == {}
    assert faults(require_signed_request_object=True) == {"jwks": "required"}


@pytest.mark.parametrize(
    ("method", "alg", "fits"),
    [
        ("client_secret_jwt", "HS256", True),
        ("client_secret_jwt", "ES256", False),
        ("private_key_jwt", "ES256", True),
        ("private_key_jwt", "HS256", False),
    ],
)
def test_the_assertion_algorithm_is_of_the_methods_kind(method: str, alg: str, fits: bool) -> None:
    """RFC 8725 §3.1: no key is used with the other kind's algorithm."""
    found = faults(
        token_endpoint_auth_method=method,
        token_endpoint_auth_signing_alg=alg,
        jwks_uri=JWKS_URI,
    )
    assert found == ({} if fits else {"token_endpoint_auth_signing_alg": "inconsistent"})


def test_a_certificate_has_exactly_one_registered_name() -> None:
    """RFC 8705 §2.1.2."""
    tls = {"token_endpoint_auth_method": "tls_client_auth"}
    assert faults(**tls) == {"tls_client_auth_subject_dn": "exclusive"}
    assert faults(**tls, tls_client_auth_san_dns="rp.example") == {}
    two = {"tls_client_auth_san_dns": "rp.example", "tls_client_auth_subject_dn": "CN=rp"}
    assert faults(**tls, **two) == {"tls_client_auth_subject_dn": "exclusive"}


def test_a_public_client_gets_nothing_that_rests_on_its_identity() -> None:
    """RFC 6749 §4.4, RFC 9700 §2.1.1, CIBA §7.1."""
    public = {"token_endpoint_auth_method": "none"}
    assert faults(**public) == {}
    assert faults(**public, require_pkce=False) == {"require_pkce": "public_client"}
    code = "authorization_code"
    for grant in ("client_credentials", CIBA):
        assert faults(**public, grant_types=[code, grant]) == {"grant_types": "public_client"}


def test_pkce_is_waived_only_where_the_policy_lets_it() -> None:
    """A confidential client may, by an operator's hand; a registrant may not."""
    assert faults(require_pkce=False) == {}
    strict = MetadataPolicy(pkce_waivable=False)
    assert faults(strict, require_pkce=False) == {"require_pkce": "public_client"}


@pytest.mark.parametrize("method", ["none", "private_key_jwt"])
def test_hmac_is_for_clients_with_a_secret(method: str) -> None:
    """OpenID Connect Core §10.1: a client without a secret would have its tokens signed by an
    empty key."""
    members = {"token_endpoint_auth_method": method, "jwks_uri": JWKS_URI}
    for name in ("id_token_signed_response_alg", "userinfo_signed_response_alg"):
        assert faults(**members, **{name: "HS256"}) == {name: "inconsistent"}
        assert faults(**{name: "HS256"}) == {}


def test_encryption_needs_alg_and_keys() -> None:
    """OpenID Connect Registration §2; enc has a default."""
    extra = MetadataPolicy(encryption_algs=JWE_ALGS, encryption_encs=JWE_ENCS)
    alg = {"id_token_encrypted_response_alg": "ECDH-ES"}
    assert faults(**alg, jwks_uri=JWKS_URI)["id_token_encrypted_response_alg"] == "unsupported"
    assert faults(extra, **alg) == {"jwks": "required"}
    assert faults(extra, id_token_encrypted_response_enc="A128GCM") == {
        "id_token_encrypted_response_alg": "required"
    }
    made = parse_client_metadata({"redirect_uris": [CB], "jwks_uri": JWKS_URI, **alg}, extra)
    assert made.id_token_encrypted_response_enc == "A128CBC-HS256"


def test_pairwise_subjects_have_one_sector() -> None:
    """OpenID Connect Core §8.1."""
    two = [CB, "https://other.example/cb"]
    missing = {"sector_identifier_uri": "required"}
    assert faults(subject_type="pairwise") == {}
    assert faults(subject_type="pairwise", redirect_uris=[CB, f"{CB}/2"]) == {}
    assert faults(subject_type="pairwise", redirect_uris=two) == missing
    app = {"redirect_uris": ["com.example.app:/cb"], "application_type": "native"}
    assert faults(subject_type="pairwise", **app) == missing
    sector = "https://rp.example/sector.json"
    assert faults(subject_type="pairwise", redirect_uris=two, sector_identifier_uri=sector) == {}


def test_a_device_joins_no_sector_by_a_redirect_uri() -> None:
    """Attack: name a stranger's host, where no code will ever arrive, and get the tokens as a
    device: with that stranger's names of people in them."""
    device = "urn:ietf:params:oauth:grant-type:device_code"
    both = {"subject_type": "pairwise", "grant_types": ["authorization_code", device]}
    assert faults(**both) == {"sector_identifier_uri": "required"}
    assert faults(**both, sector_identifier_uri="https://rp.example/sector.json") == {}
    alone = {"grant_types": [device], "response_types": [], "redirect_uris": []}
    assert faults(subject_type="pairwise", **alone) == {}


@pytest.mark.parametrize(
    ("uri", "ok"),
    [
        ("https://rp.example/out", True),
        ("https://rp.example:443/out", True),
        ("https://rp.example:444/out", False),
        ("https://evil.example/out", False),
        ("http://rp.example/out", False),
        ("javascript:alert(1)", False),
        ("https://rp.example/out#", False),
    ],
)
def test_front_channel_logout_stays_at_the_clients_origin(uri: str, ok: bool) -> None:
    """Front-Channel Logout §2."""
    assert (faults(frontchannel_logout_uri=uri) == {}) is ok


def test_tokens_through_the_browser_need_https() -> None:
    """OpenID Connect Registration §2: only then is loopback not good enough for a web client."""
    hybrid = MetadataPolicy(
        response_types=frozenset({"code id_token"}),
        grant_types=frozenset({"authorization_code", "implicit"}),
    )
    members = {
        "redirect_uris": ["http://localhost/cb"],
        "response_types": ["code id_token"],
        "grant_types": ["authorization_code", "implicit"],
    }
    assert faults(hybrid, **members) == {"redirect_uris": "uri_insecure"}
    assert faults(hybrid, **members, application_type="native") == {}


def test_ciba_polls_unless_it_says_where_to_ring() -> None:
    """CIBA §4."""
    ciba = {"grant_types": [CIBA], "redirect_uris": []}
    assert parse_client_metadata(ciba).backchannel_token_delivery_mode == "poll"
    ping = {"backchannel_token_delivery_mode": "ping"}
    where = "backchannel_client_notification_endpoint"
    assert faults(**ciba, **ping) == {where: "required"}
    assert faults(**ciba, **ping, **{where: "https://rp.example/ping"}) == {}
    assert faults(**ciba, **ping, **{where: "http://rp.example/ping"}) == {where: "uri_insecure"}


def test_nobody_registers_to_have_tokens_pushed() -> None:
    """CIBA §5: what is posted to an address needs no proof of who listens there."""
    pushed = {"grant_types": [CIBA], "backchannel_token_delivery_mode": "push"}
    assert faults(**pushed) == {"backchannel_token_delivery_mode": "unsupported"}


FAPI = {
    "profile": "fapi2",
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks_uri": JWKS_URI,
}


def test_the_fapi2_switch_turns_on_what_it_demands() -> None:
    """FAPI 2.0 §5.3.2: PAR, sender-constrained tokens and a permitted algorithm, by one word."""
    made = parse_client_metadata({"redirect_uris": [CB], **FAPI})
    assert made.require_pushed_authorization_requests
    assert made.dpop_bound_access_tokens
    assert made.require_pkce
    assert made.id_token_signed_response_alg == "ES256"
    bound = {**FAPI, "tls_client_certificate_bound_access_tokens": True}
    assert not parse_client_metadata({"redirect_uris": [CB], **bound}).dpop_bound_access_tokens


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("token_endpoint_auth_method", "client_secret_basic"),
        ("token_endpoint_auth_method", "none"),
        ("dpop_bound_access_tokens", False),
        ("require_pushed_authorization_requests", False),
        ("require_pkce", False),
        ("id_token_signed_response_alg", "RS256"),
        ("token_endpoint_auth_signing_alg", "RS256"),
        ("request_object_signing_alg", "RS256"),
        ("redirect_uris", ["http://127.0.0.1/cb"]),
    ],
)
def test_fapi2_is_not_contradicted(member: str, value: object) -> None:
    """FAPI 2.0 §5.3.2.1, §5.4.1."""
    assert member in faults(**{**FAPI, member: value})


def test_an_algorithm_without_a_key_can_not_be_registered() -> None:
    """It would fail at the first sign-in, with the code spent. Who gets no ID token needs none."""
    few = MetadataPolicy(signing_algs=frozenset({"ES256"}))
    assert faults(few) == {"id_token_signed_response_alg": "unsupported"}
    assert faults(few, id_token_signed_response_alg="PS256") != {}
    assert faults(few, id_token_signed_response_alg="ES256") == {}
    assert faults(few, grant_types=["client_credentials"], response_types=[]) == {}

"""Client metadata: one member at a time, defaults, and telling it again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portero.protocol.oauth.client_metadata import (
    ClientMetadata,
    InvalidClientMetadata,
    parse_client_metadata,
    stored_metadata,
    to_json,
)
from portero.protocol.oauth.metadata_policy import AuthMethod, MetadataPolicy

CB = "https://rp.example/cb"


def faults(document: object, policy: MetadataPolicy | None = None) -> dict[str, str]:
    """The code of each member at fault."""
    with pytest.raises(InvalidClientMetadata) as refused:
        parse_client_metadata(document, policy)
    return {fault.name: fault.code for fault in refused.value.faults}


def test_the_defaults_are_those_of_the_specs() -> None:
    """RFC 7591 §2 and OpenID Connect Registration §2, and PKCE required."""
    made = parse_client_metadata({"redirect_uris": [CB]})
    assert made == ClientMetadata(redirect_uris=(CB,))
    assert made.token_endpoint_auth_method is AuthMethod.SECRET_BASIC
    assert made.grant_types == ("authorization_code",)
    assert made.response_types == ("code",)
    assert made.application_type == "web"
    assert made.subject_type == "public"
    assert made.id_token_signed_response_alg == "RS256"
    assert made.require_pkce is True
    assert made.access_token_format == "jwt"
    assert made.default_max_age is None


def test_unknown_members_are_ignored_and_null_is_absent() -> None:
    """RFC 7591 §2, RFC 7592 §2.2; a registrant can't make itself first-party either."""
    document = {
        "redirect_uris": [CB],
        "whatever": {"deep": [1]},
        "first_party": True,
        "localized": {"client_name#x": "y"},
        "client_name": None,
    }
    assert parse_client_metadata(document) == ClientMetadata(redirect_uris=(CB,))


def test_a_service_needs_no_redirect_uri() -> None:
    """Without a grant that redirects, response types default to none."""
    made = parse_client_metadata({"grant_types": ["client_credentials"], "scope": " a  b a "})
    assert made.response_types == ()
    assert made.redirect_uris == ()
    assert made.scope == "a b"


@pytest.mark.parametrize("document", [None, [], "x", 1, True])
def test_the_document_must_be_an_object(document: object) -> None:
    """Any other JSON value is refused, not an error of ours."""
    with pytest.raises(InvalidClientMetadata):
        parse_client_metadata(document)


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("redirect_uris", CB, "not_an_array"),
        ("redirect_uris", {"0": CB}, "not_an_array"),
        ("redirect_uris", [1], "not_a_string"),
        ("redirect_uris", [None], "not_a_string"),
        ("redirect_uris", [""], "empty"),
        ("grant_types", "authorization_code", "not_an_array"),
        ("grant_types", [["authorization_code"]], "not_a_string"),
        ("contacts", "a@b.example", "not_an_array"),
        ("contacts", ["x"] * 101, "too_many"),
        ("client_name", ["x"], "not_a_string"),
        ("client_name", 7, "not_a_string"),
        ("client_name", "x" * 201, "too_long"),
        ("client_name", "a\nb", "text_malformed"),
        ("client_name", "a\u0000b", "text_malformed"),
        ("client_name", "a\ud800b", "text_malformed"),
        ("client_name", "\u202emoc.elgoog", "text_malformed"),
        ("token_endpoint_auth_method", ["none"], "not_a_string"),
        ("token_endpoint_auth_method", "password", "unsupported"),
        ("token_endpoint_auth_method", "", "unsupported"),
        ("require_pkce", "false", "not_a_boolean"),
        ("require_pkce", 0, "not_a_boolean"),
        ("dpop_bound_access_tokens", "true", "not_a_boolean"),
        ("default_max_age", True, "not_a_number"),
        ("default_max_age", "60", "not_a_number"),
        ("default_max_age", -1, "not_a_number"),
        ("default_max_age", 1.5, "not_a_number"),
        ("scope", ["a"], "not_a_string"),
        ("scope", 'a "b"', "scope_malformed"),
        ("scope", "a\\b", "scope_malformed"),
        ("client_uri", "javascript:alert(1)", "uri_scheme"),
        ("logo_uri", "data:image/png;base64,AA", "uri_scheme"),
        ("tos_uri", "https:\\\\x", "uri_malformed"),
        ("policy_uri", "/privacy", "uri_not_absolute"),
        ("jwks_uri", "http://rp.example/jwks", "uri_insecure"),
        ("jwks_uri", "http://127.0.0.1/jwks", "uri_insecure"),
        ("sector_identifier_uri", "http://rp.example/s", "uri_insecure"),
        ("initiate_login_uri", "http://rp.example/i", "uri_insecure"),
        ("backchannel_logout_uri", "https://rp.example/l#x", "uri_fragment"),
        ("request_uris", ["http://rp.example/r"], "uri_insecure"),
        ("default_resource", "api", "uri_not_absolute"),
        ("default_resource", "https://api.example/#x", "uri_fragment"),
        ("application_type", "desktop", "unsupported"),
        ("subject_type", "secret", "unsupported"),
        ("profile", "fapi1", "unsupported"),
        ("access_token_format", "saml", "unsupported"),
        ("id_token_signed_response_alg", "none", "unsupported"),
        ("id_token_signed_response_alg", "HS1", "unsupported"),
        ("userinfo_signed_response_alg", "none", "unsupported"),
        ("authorization_signed_response_alg", "none", "unsupported"),
        ("request_object_signing_alg", "none", "unsupported"),
        ("token_endpoint_auth_signing_alg", "none", "unsupported"),
        ("id_token_encrypted_response_alg", "RSA1_5", "unsupported"),
        ("post_logout_redirect_uris", ["javascript:alert(1)"], "uri_scheme"),
        ("backchannel_token_delivery_mode", "push", "unsupported"),
    ],
)
def test_a_wrong_value_is_a_fault_of_its_member(member: str, value: object, code: str) -> None:
    """Types and forms are checked strictly, and the fault names the member."""
    assert faults({"redirect_uris": [CB], member: value})[member] == code


def test_other_faults_have_the_other_code() -> None:
    """RFC 7591 §3.2.2: `invalid_client_metadata`, and every fault at once."""
    with pytest.raises(InvalidClientMetadata) as refused:
        parse_client_metadata({"redirect_uris": [CB], "scope": 1, "contacts": 2})
    assert refused.value.code == "invalid_client_metadata"
    assert {fault.name for fault in refused.value.faults} == {"scope", "contacts"}


def test_names_in_other_languages_are_kept() -> None:
    """RFC 7591 §2.2: variants are checked like the member itself and told again."""
    document = {"redirect_uris": [CB], "client_name": "Shop", "client_name#fr-CA": "Boutique"}
    made = parse_client_metadata(document)
    assert made.localized == {"client_name#fr-CA": "Boutique"}
    assert to_json(made)["client_name#fr-CA"] == "Boutique"
    assert faults({**document, "logo_uri#de": "javascript:1"})["logo_uri#de"] == "uri_scheme"
    assert faults({**document, "client_name#<b>": "x"})["client_name"] == "language_tag"


def test_loopback_http_is_fetched_only_by_a_server_on_loopback() -> None:
    """Otherwise a registrant could point the server at its own host."""
    document: dict[str, Any] = {"redirect_uris": [CB], "jwks_uri": "http://127.0.0.1:9/jwks"}
    assert faults(document) == {"jwks_uri": "uri_insecure"}
    assert parse_client_metadata(document, MetadataPolicy(local=True)).jwks_uri


def test_response_types_have_one_spelling() -> None:
    """`id_token code` is `code id_token`; off by default, on where the policy says so."""
    document = {
        "redirect_uris": [CB],
        "response_types": ["id_token code"],
        "grant_types": ["authorization_code", "implicit"],
    }
    assert faults(document) == {"response_types": "unsupported", "grant_types": "unsupported"}
    relaxed = MetadataPolicy(
        response_types=frozenset({"code", "code id_token"}),
        grant_types=frozenset({"authorization_code", "implicit"}),
    )
    assert parse_client_metadata(document, relaxed).response_types == ("code id_token",)


FULL: dict[str, Any] = {
    "redirect_uris": [CB, "http://127.0.0.1/cb"],
    "token_endpoint_auth_method": "client_secret_post",
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "response_types": ["code"],
    "application_type": "native",
    "client_name": "Shop",
    "client_name#fr": "Boutique",
    "client_uri": "https://rp.example/",
    "logo_uri": "https://rp.example/logo.png",
    "tos_uri": "https://rp.example/tos",
    "policy_uri": "https://rp.example/privacy",
    "contacts": ["dev@rp.example"],
    "scope": "openid email",
    "jwks_uri": "https://rp.example/jwks",
    "software_id": "4NRB1",
    "software_version": "2.1",
    "subject_type": "public",
    "id_token_signed_response_alg": "HS256",
    "userinfo_signed_response_alg": "ES256",
    "request_object_signing_alg": "PS256",
    "default_max_age": 0,
    "require_auth_time": True,
    "default_acr_values": ["aal2"],
    "initiate_login_uri": "https://rp.example/start",
    "request_uris": ["https://rp.example/r#abc"],
    "post_logout_redirect_uris": ["https://rp.example/bye"],
    "backchannel_logout_uri": "https://rp.example/bcl",
    "backchannel_logout_session_required": True,
    "frontchannel_logout_uri": "https://rp.example/fcl",
    "authorization_details_types": ["payment"],
    "require_pkce": False,
    "access_token_format": "opaque",
    "default_resource": "urn:example:api",
}


def test_what_is_registered_is_told_again_word_for_word() -> None:
    """RFC 7591 §3.2.1: all registered metadata comes back; it reads to the same value."""
    made = parse_client_metadata(FULL)
    assert to_json(made) == FULL
    assert parse_client_metadata(to_json(made)) == made


def test_defaults_are_told() -> None:
    """RFC 7591 §3.2.1: a client learns what was filled in for it."""
    assert to_json(parse_client_metadata({"redirect_uris": [CB]})) == {
        "redirect_uris": [CB],
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "application_type": "web",
        "subject_type": "public",
        "id_token_signed_response_alg": "RS256",
        "require_pkce": True,
        "access_token_format": "jwt",
    }


def test_stored_metadata_survives_a_stricter_policy() -> None:
    """What the database keeps is read back as it was, whatever may be registered by now."""
    relaxed = MetadataPolicy(unsigned_request_objects=True)
    made = parse_client_metadata({**FULL, "request_object_signing_alg": "none"}, relaxed)
    assert stored_metadata(json.loads(json.dumps(to_json(made)))) == made

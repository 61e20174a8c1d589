"""Rich authorization requests from the request to the token (RFC 9396)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.house import Home, MakeHome
from tests.support.relying_party import RelyingParty, claims_of, relying_party

TYPES = """
[authorization_details.payment]
label = "Pay from your account"

[authorization_details.payment.fields.currency]
type = "string"
required = true

[authorization_details.payment.fields.actions]
type = "strings"
values = ["initiate", "status"]
required = true
"""
WANTED = {"type": "payment", "currency": "EUR", "actions": ["initiate", "status"]}
LESS = {**WANTED, "actions": ["status"]}
MORE = {**WANTED, "currency": "USD"}


@pytest.fixture
def home(make_home: MakeHome, tmp_path: Path) -> Home:
    config = tmp_path / "portero.toml"
    config.write_text(TYPES)
    return make_home(PORTERO_CONFIG=str(config))


def paying(home: Home) -> tuple[RelyingParty, str]:
    """An application, and a code for what it may do."""
    home.register("ana")
    rp = relying_party(home, authorization_details_types=["payment"])
    return rp, rp.authorize(authorization_details=json.dumps([WANTED]))["code"]


def test_what_was_granted_is_told_with_the_token_and_in_it(home: Home) -> None:
    """RFC 9396 §7, §9.1; and the person has read it."""
    home.register("ana")
    rp = relying_party(home, authorization_details_types=["payment"])
    page = rp.begin(authorization_details=json.dumps([WANTED]))
    assert page.status_code == 303
    told = rp.redeem(rp.authorize(authorization_details=json.dumps([WANTED]))["code"]).get_json()
    assert told["authorization_details"] == [WANTED]
    assert claims_of(told["access_token"])["authorization_details"] == [WANTED]
    # Details are asked about each time: no remembered yes covers them.
    assert rp.begin(authorization_details=json.dumps([WANTED])).location.startswith("/consent")
    asked = rp.browser.get(rp.begin(authorization_details=json.dumps([WANTED])).location)
    assert "Pay from your account" in asked.text
    assert "EUR" in asked.text


def test_a_token_request_gets_a_part_and_never_more(home: Home) -> None:
    """§6.1, from the code and at each refresh; the grant keeps the whole."""
    rp, code = paying(home)
    told = rp.redeem(code, authorization_details=json.dumps([LESS])).get_json()
    assert told["authorization_details"] == [LESS]
    whole = rp.refresh(told["refresh_token"]).get_json()
    assert whole["authorization_details"] == [WANTED]
    refused = rp.refresh(whole["refresh_token"], authorization_details=json.dumps([MORE]))
    assert refused.get_json()["error"] == "invalid_authorization_details"
    # A mistake does not cost the token.
    assert rp.refresh(whole["refresh_token"]).status_code == 200


def test_more_than_was_granted_burns_the_code(home: Home) -> None:
    """Whoever guesses has one try."""
    rp, code = paying(home)
    refused = rp.redeem(code, authorization_details=json.dumps([MORE]))
    assert refused.get_json()["error"] == "invalid_authorization_details"
    assert rp.redeem(code).get_json()["error"] == "invalid_grant"

"""People who sign in with a certificate, which a proxy has verified."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask.testing import FlaskClient

from portero.core.audit import Actor
from portero.settings import SettingsError
from tests.support.authenticator_app import enrolled_app
from tests.support.house import Home, MakeHome
from tests.support.relying_party import fields
from tests.unit.protocol.oauth.test_certificates import CN, certificate

PROXY = "10.1.2.3"
SETTINGS = {
    "PORTERO_TRUSTED_PROXIES": "10.1.0.0/16",
    "PORTERO_CLIENT_CERTIFICATE_HEADER": "X-Client-Cert",
    "PORTERO_CLIENT_VERIFIED_HEADER": "X-Client-Verify",
    "PORTERO_CERTIFICATE_SIGN_IN": "email",
}
ANA, EVE = "ana@mail.example", "eve@mail.example"
UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


def mail(*addresses: str) -> x509.Certificate:
    return certificate([(CN, "x")], names=[x509.RFC822Name(each) for each in addresses])


def upn(name: str) -> x509.Certificate:
    value = bytes([0x0C, len(name)]) + name.encode()
    return certificate([(CN, "x")], names=[x509.OtherName(UPN, value)])


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(**SETTINGS)
    home.create("ana", email=ANA)
    return home


def shows(
    browser: FlaskClient,
    shown: x509.Certificate | bytes | None,
    *,
    verdict: str = "SUCCESS",
    peer: str = PROXY,
) -> Any:
    """Press the button, through a proxy that tells that certificate."""
    headers = {"X-Client-Verify": verdict} if verdict else {}
    if shown is not None:
        der = shown if isinstance(shown, bytes) else shown.public_bytes(Encoding.DER)
        headers["X-Client-Cert"] = f":{base64.b64encode(der).decode()}:"
    typed = {**fields(browser.get("/sign-in")), "certificate": "1"}
    environ = {"REMOTE_ADDR": peer}
    return browser.post("/sign-in", data=typed, headers=headers, environ_base=environ)


def test_the_mail_address_in_a_verified_certificate_signs_in(home: Home) -> None:
    """No password is asked; the session says by which method, and at which level."""
    browser = home.client()
    assert shows(browser, mail(ANA)).status_code == 303
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    (session,) = home.house.rooms.sessions.list_live(account_id)
    assert (session.acr, session.amr) == ("aal1", ("pop",))


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("upn", upn("ana")),
        ("upn", upn(ANA)),
        ("subject_cn", certificate([(CN, "ana")])),
    ],
)
def test_other_fields_by_setting(make_home: MakeHome, field: str, shown: x509.Certificate) -> None:
    """A smart card's principal name, or the common name; a username or a mail address in it."""
    home = make_home(**{**SETTINGS, "PORTERO_CERTIFICATE_SIGN_IN": field})
    home.create("ana", email=ANA)
    assert shows(home.client(), shown).status_code == 303


@pytest.mark.parametrize(
    ("shown", "verdict", "peer"),
    [
        (mail(ANA), "", PROXY),  # nobody vouches for the chain
        (mail(ANA), "FAILED:self-signed certificate", PROXY),
        (mail(ANA), "NONE", PROXY),
        (mail(ANA), "SUCCESS", "203.0.113.9"),  # a stranger writes the headers himself
        (None, "SUCCESS", PROXY),
        (mail(EVE), "SUCCESS", PROXY),  # nobody's here
        (mail(ANA, EVE), "SUCCESS", PROXY),  # which of the two?
        (mail("ana"), "SUCCESS", PROXY),  # a username is no mail address
        (certificate([(CN, "ana")]), "SUCCESS", PROXY),  # a field that nobody said to read
        (upn("ana"), "SUCCESS", PROXY),
        (b"no certificate", "SUCCESS", PROXY),
    ],
)
def test_nothing_else_signs_in(
    home: Home, shown: x509.Certificate | bytes | None, verdict: str, peer: str
) -> None:
    """One refusal for all, and a note in the audit log."""
    answer = shows(home.client(), shown, verdict=verdict, peer=peer)
    assert answer.status_code == 401
    assert "no certificate that opens an account" in answer.text
    assert [e.factor for e in home.house.audit.list_entries(kind="login.failed")] == ["certificate"]


def test_every_gate_is_behind_it_too(home: Home, make_home: MakeHome) -> None:
    """A disabled account stays out, and an enrolled second factor is owed."""
    enrolled_app(home)
    page = shows(home.client(), mail(ANA))
    assert page.status_code == 200
    assert 'name="code"' in page.text
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    home.house.rooms.account_admin.disable(Actor.operator(), account_id)
    assert shows(home.client(), mail(ANA)).status_code == 401


def test_a_card_with_a_pin_is_two_factors(make_home: MakeHome) -> None:
    """Where the operator says so."""
    home = make_home(**SETTINGS, PORTERO_CERTIFICATE_LEVEL="phr")
    home.create("ana", email=ANA)
    enrolled_app(home)
    assert shows(home.client(), mail(ANA)).status_code == 303


def test_it_is_off_unless_somebody_turns_it_on(make_home: MakeHome) -> None:
    """Neither a button nor a way; and never without a proxy's word on the chain."""
    off = {k: v for k, v in SETTINGS.items() if k != "PORTERO_CERTIFICATE_SIGN_IN"}
    home = make_home(**off)
    home.create("ana", email=ANA)
    assert "certificate" not in home.client().get("/sign-in").text
    assert shows(home.client(), mail(ANA)).status_code == 401
    unverified = {k: v for k, v in SETTINGS.items() if k != "PORTERO_CLIENT_VERIFIED_HEADER"}
    with pytest.raises(SettingsError, match="PORTERO_CLIENT_VERIFIED_HEADER"):
        make_home(**unverified)

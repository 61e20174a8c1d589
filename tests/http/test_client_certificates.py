"""mTLS client authentication behind a proxy (RFC 8705), and who may say which certificate it was.

The tests are the proxy: they set its headers, from an address that is trusted or not.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from jwt.algorithms import ECAlgorithm
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from tests.http.test_client_assertions import ask, assertion
from tests.http.test_client_assertions import client_of as key_client_of
from tests.support.house import ISSUER, Home, MakeHome
from tests.unit.protocol.oauth.test_certificates import CN, KEY, NAMES, OTHER_KEY, O, certificate

pytestmark = pytest.mark.sqlite_alone


PROXY = "10.1.2.3"
MTLS_URL = "https://mtls.portero.example"
BEHIND_A_PROXY = {
    "PORTERO_TRUSTED_PROXIES": "10.1.0.0/16",
    "PORTERO_CLIENT_CERTIFICATE_HEADER": "X-Client-Cert",
    "PORTERO_CLIENT_VERIFIED_HEADER": "X-Client-Verify",
}
SUBJECT = "CN=billing,O=Acme"
MINE = certificate([(O, "Acme")], [(CN, "billing")], names=NAMES)
# The same name, in a certificate that somebody else made.
FORGED = certificate([(O, "Acme")], [(CN, "billing")], names=NAMES, key=OTHER_KEY)


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    return make_home(**BEHIND_A_PROXY)


def client_of(home: Home, method: str, **more: Any) -> str:
    metadata = {
        "grant_types": ["client_credentials"],
        "response_types": [],
        "scope": "reports:read",
        "token_endpoint_auth_method": method,
        **more,
    }
    return home.house.clients.create(Actor.operator(), metadata).client.client_id


def named_client(home: Home, **more: Any) -> str:
    return client_of(home, "tls_client_auth", **(more or {"tls_client_auth_subject_dn": SUBJECT}))


def self_signed_client(home: Home) -> str:
    jwk = json.loads(ECAlgorithm.to_jwk(KEY.public_key()))
    return client_of(home, "self_signed_tls_client_auth", jwks={"keys": [jwk]})


def escaped(shown: x509.Certificate) -> str:
    """As nginx writes $ssl_client_escaped_cert."""
    return quote(shown.public_bytes(Encoding.PEM).decode(), safe="")


def show(
    home: Home,
    client_id: str,
    value: str | list[str],
    *,
    verdict: str | None = "SUCCESS",
    peer: str = PROXY,
    header: str = "X-Client-Cert",
    **form: str,
) -> TestResponse:
    values = [value] if isinstance(value, str) else value
    headers = [(header, each) for each in values]
    if verdict is not None:
        headers.append(("X-Client-Verify", verdict))
    return home.client().post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "client_id": client_id, **form},
        headers=headers,
        environ_overrides={"REMOTE_ADDR": peer},
    )


@pytest.mark.parametrize(
    "registered",
    [
        {"tls_client_auth_subject_dn": SUBJECT},
        {"tls_client_auth_san_dns": "billing.example"},
        {"tls_client_auth_san_uri": "spiffe://acme/billing"},
        {"tls_client_auth_san_ip": "2001:db8:0::7"},
        {"tls_client_auth_san_email": "Ops@acme.example"},
    ],
)
def test_a_client_gets_a_token_by_its_certificates_name(
    home: Home, registered: dict[str, str]
) -> None:
    """tls_client_auth, with the one name that it registered."""
    client_id = named_client(home, **registered)
    answer = show(home, client_id, escaped(MINE))
    assert answer.status_code == 200, answer.text


def test_a_client_gets_a_token_by_its_registered_key(home: Home) -> None:
    """self_signed_tls_client_auth: no chain is asked for, the registration is what is trusted."""
    client_id = self_signed_client(home)
    assert show(home, client_id, escaped(MINE), verdict="FAILED:18").status_code == 200
    assert show(home, client_id, escaped(FORGED)).status_code == 401


def spelled(shown: x509.Certificate) -> dict[str, str]:
    der = base64.b64encode(shown.public_bytes(Encoding.DER)).decode()
    return {
        "nginx": escaped(shown),
        "RFC 9440": f":{der}:",
        "Traefik": f"{quote(der, safe='')},{der}",
        "bare": der,
    }


@pytest.mark.parametrize("proxy", spelled(MINE))
def test_proxies_spell_a_certificate_in_their_own_ways(home: Home, proxy: str) -> None:
    """One certificate; and it is told from another in each spelling."""
    client_id = self_signed_client(home)
    assert show(home, client_id, spelled(MINE)[proxy]).status_code == 200
    assert show(home, client_id, spelled(FORGED)[proxy]).status_code == 401


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.2.0.1", "192.0.2.7", ""])
def test_the_header_of_an_untrusted_peer_is_ignored(home: Home, peer: str) -> None:
    """CVE-2026-20896 and its kin: a certificate is public, so whoever may write the header is any
    client. X-Forwarded-For makes nobody a proxy."""
    for client_id in (named_client(home), self_signed_client(home)):
        assert show(home, client_id, escaped(MINE), peer=peer).status_code == 401
        answer = home.client().post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "client_id": client_id},
            headers=[
                ("X-Client-Cert", escaped(MINE)),
                ("X-Client-Verify", "SUCCESS"),
                ("X-Forwarded-For", PROXY),
            ],
            environ_overrides={"REMOTE_ADDR": peer},
        )
        assert answer.status_code == 401


@pytest.mark.parametrize("header", ["Client-Cert", "X-SSL-Cert", "X-Forwarded-Client-Cert"])
def test_another_header_is_ignored(home: Home, header: str) -> None:
    """One name, the operator's: the proxy overwrites that one only."""
    assert show(home, named_client(home), escaped(MINE), header=header).status_code == 401


@pytest.mark.parametrize("verdict", [None, "", "NONE", "FAILED:18", "success", "SUCCESS, SUCCESS"])
def test_a_name_without_a_verified_chain_is_nothing(home: Home, verdict: str | None) -> None:
    """The attack: a proxy that takes any certificate (for self-signed ones), and one that somebody
    made with the client's name in it."""
    answer = show(home, named_client(home), escaped(FORGED), verdict=verdict)
    assert answer.status_code == 401


def test_another_name_is_another_client(home: Home) -> None:
    """Verified, and not the one that was registered."""
    other = certificate([(O, "Acme")], [(CN, "payroll")], names=NAMES)
    assert show(home, named_client(home), escaped(other)).status_code == 401


def test_two_certificates_are_refused(home: Home) -> None:
    """The proxy added its header behind the client's own: one of them is a lie."""
    answer = show(home, named_client(home), [escaped(FORGED), escaped(MINE)])
    assert (answer.status_code, answer.json and answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("value", ["garbage!", "::", "-----BEGIN CERTIFICATE-----", "%00", "AAAA"])
def test_a_malformed_header_crashes_nothing(home: Home, value: str) -> None:
    """Whether it is no base64, or base64 of no certificate."""
    assert show(home, named_client(home), value).status_code in {400, 401}


def test_no_certificate_and_no_other_way(home: Home) -> None:
    """The name alone, a secret, or an assertion: none is the method that was registered."""
    for client_id in (named_client(home), self_signed_client(home)):
        assert show(home, client_id, []).status_code == 401
        assert show(home, client_id, escaped(MINE), client_secret="x").status_code == 401  # a guess
        assert ask(home, assertion(client_id)).status_code == 401


def test_a_certificate_proves_no_client_of_another_method(home: Home) -> None:
    """A client with a key of its own does not become weaker by a certificate of that key."""
    jwk = {**json.loads(ECAlgorithm.to_jwk(KEY.public_key())), "kid": "one"}
    client_id = key_client_of(home, jwks={"keys": [jwk]})
    assert show(home, client_id, escaped(MINE)).status_code == 401


def test_metadata_offers_what_the_proxy_can_carry(make_home: MakeHome) -> None:
    """Both methods, the first only where chains are verified, neither without a header."""

    def offered(**settings: str) -> set[str]:
        told: Any = make_home(**settings).get("/.well-known/oauth-authorization-server").json
        return {each for each in told["token_endpoint_auth_methods_supported"] if "tls" in each}

    unverified = {**BEHIND_A_PROXY, "PORTERO_CLIENT_VERIFIED_HEADER": ""}
    assert offered(**BEHIND_A_PROXY) == {"tls_client_auth", "self_signed_tls_client_auth"}
    assert offered(**unverified) == {"self_signed_tls_client_auth"}
    assert offered() == set()


@pytest.mark.parametrize("method", ["tls_client_auth", "self_signed_tls_client_auth"])
def test_what_is_not_offered_is_not_registered(make_home: MakeHome, method: str) -> None:
    """A client that could never authenticate is a fault that its developer hears of at once."""
    home = make_home()
    with pytest.raises(InvalidClientMetadata) as refusal:
        client_of(home, method, tls_client_auth_subject_dn=SUBJECT)
    assert "token_endpoint_auth_method" in [fault.name for fault in refusal.value.faults]


@pytest.mark.parametrize(
    ("member", "given"),
    [("tls_client_auth_subject_dn", "billing"), ("tls_client_auth_san_ip", "billing.example")],
)
def test_a_name_that_can_not_match_is_not_registered(home: Home, member: str, given: str) -> None:
    """RFC 4514, or an address."""
    with pytest.raises(InvalidClientMetadata) as refusal:
        named_client(home, **{member: given})
    assert [fault.name for fault in refusal.value.faults] == [member]


def test_an_address_for_mtls_is_announced_and_is_an_audience(make_home: MakeHome) -> None:
    """RFC 8705 §5: the token endpoint's second address names this server in an assertion too."""
    home = make_home(**BEHIND_A_PROXY, PORTERO_MTLS_URL=MTLS_URL)
    told: Any = home.get("/.well-known/oauth-authorization-server").json
    assert told["mtls_endpoint_aliases"]["token_endpoint"] == f"{MTLS_URL}/oauth/token"
    assert told["token_endpoint"] != told["mtls_endpoint_aliases"]["token_endpoint"]
    asking = ("pushed_authorization_request", "device_authorization", "backchannel_authentication")
    for name in asking:  # a client with a certificate begins there too
        alias = told["mtls_endpoint_aliases"][f"{name}_endpoint"]
        assert alias == told[f"{name}_endpoint"].replace(ISSUER, MTLS_URL)
    client_id = key_client_of(home)
    assert ask(home, assertion(client_id, aud=f"{MTLS_URL}/oauth/token")).status_code == 200
    assert ask(home, assertion(client_id, aud=f"{MTLS_URL}/oauth/revoke")).status_code == 401
    answer = home.client().get("/.well-known/jwks.json", base_url=MTLS_URL)
    assert answer.status_code == 200


def test_a_fapi_client_shows_a_certificate(home: Home) -> None:
    """FAPI 2.0 §5.3.2.1 allows mTLS beside private_key_jwt."""
    client_id = client_of(
        home,
        "tls_client_auth",
        tls_client_auth_subject_dn=SUBJECT,
        profile="fapi2",
        tls_client_certificate_bound_access_tokens=True,
        id_token_signed_response_alg="ES256",
    )
    assert show(home, client_id, escaped(MINE)).status_code == 200


def test_userinfo_refuses_a_certificate_that_is_none(home: Home) -> None:
    """In its own words, as every refusal there: the endpoint is no place for an exception."""
    answer = home.client().get(
        "/oauth/userinfo",
        headers=[("X-Client-Cert", "-"), ("Authorization", "Bearer x")],
        environ_overrides={"REMOTE_ADDR": PROXY},
    )
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]

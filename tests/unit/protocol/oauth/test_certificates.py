"""Whose certificate it is (RFC 8705 §2): names and keys, compared as what they mean."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm

from portero.protocol.oauth.certificates import (
    check_address,
    check_key,
    check_names,
    read_certificate,
    read_subject,
)
from portero.protocol.oauth.errors import InvalidClient
from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.metadata_model import ClientMetadata

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
START = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)

Rdn = list[tuple[x509.ObjectIdentifier, str]]
CN, O, OU, C = (  # noqa: E741  # as the attributes are called
    NameOID.COMMON_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.COUNTRY_NAME,
)


def certificate(
    *rdns: Rdn,
    names: list[x509.GeneralName] | None = None,
    key: ec.EllipticCurvePrivateKey = KEY,
    kind: _ASN1Type | None = None,
) -> x509.Certificate:
    """Expired long ago: who looks at dates is whoever verified the chain."""
    subject = x509.Name(
        x509.RelativeDistinguishedName(
            x509.NameAttribute(oid, text, kind if oid is not C else None) for oid, text in rdn
        )
        for rdn in rdns
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + datetime.timedelta(days=1))
    )
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256())


def matches(found: x509.Certificate, **registered: str) -> bool:
    try:
        check_names(found, registered=ClientMetadata(**registered))  # type: ignore[arg-type]  # texts
    except InvalidClient:
        return False
    return True


SUBJECT: list[Rdn] = [[(C, "DE")], [(O, "Acme, Inc.")], [(OU, "a"), (OU, "b")], [(CN, "Billing")]]


@pytest.mark.parametrize(
    "given",
    [
        r"CN=Billing,OU=a+OU=b,O=Acme\, Inc.,C=DE",
        r"CN=Billing,OU=b+OU=a,O=Acme\, Inc.,C=DE",
        r"CN=Billing,OU=a+OU=b,O=Acme\2C Inc.,C=DE",
        r"2.5.4.3=Billing,OU=a+OU=b,O=Acme\, Inc.,C=DE",
        r"CN=BILLING,OU=A+OU=b,O=acme\,  inc.,C=de",
    ],
)
@pytest.mark.parametrize("kind", [None, _ASN1Type.PrintableString, _ASN1Type.BMPString])
def test_one_subject_has_many_spellings(given: str, kind: _ASN1Type | None) -> None:
    """RFC 4514 and caseIgnoreMatch: escapes, numbers for names, case, and how it was encoded."""
    assert matches(certificate(*SUBJECT, kind=kind), tls_client_auth_subject_dn=given)


@pytest.mark.parametrize(
    "given",
    [
        r"C=DE,O=Acme\, Inc.,OU=a+OU=b,CN=Billing",  # reordered
        r"CN=Billing,OU=a,OU=b,O=Acme\, Inc.,C=DE",  # a set is not a sequence
        r"CN=Billing,OU=a+OU=b,O=Acme\, Inc.",  # a part of it
        "CN=Billing",
        r"CN=Billing,OU=a+OU=b,O=Acme\, Inc.,C=DE,O=x",
        r"OU=Billing,OU=a+OU=b,O=Acme\, Inc.,C=DE",
        "CN=Bi*",
    ],
)
def test_another_subject_is_another_client(given: str) -> None:
    """Whole, in order, attribute by attribute."""
    assert not matches(certificate(*SUBJECT), tls_client_auth_subject_dn=given)


@pytest.mark.parametrize(
    "subject",
    [
        [[(CN, "Billing,O=Acme")]],
        [[(O, "x,CN=Billing"), (CN, "evil")]],
        [[(O, "Acme")], [(CN, "Billing\\")]],
        [[(O, "Acme")], [(CN, "Billing\0.evil")]],
        [[(O, "Acme")], [(CN, "Billıng")]],
        [[(O, "Acme")], [(CN, "Billing"), (OU, "Billing")]],
        [[(O, "Acme")], [(CN, "Billing")], [(CN, "Billing")]],
        [],
    ],
)
def test_the_victims_name_inside_another_is_not_the_victim(subject: list[Rdn]) -> None:
    """CVE-2026-45063: an authority let somebody choose one value, and it looked like a DN."""
    assert not matches(certificate(*subject), tls_client_auth_subject_dn="CN=Billing,O=Acme")


@pytest.mark.parametrize("given", ["", "Billing", "CN=", "CN=a,", "CN=a, O=b", "XX=a", "CN=a\\zz"])
def test_a_malformed_dn_can_not_be_registered(given: str) -> None:
    """It would match nothing, or what nobody meant; an empty one, every nameless certificate."""
    if given:
        with pytest.raises(Unacceptable):
            read_subject(given)
    assert not matches(certificate(), tls_client_auth_subject_dn=given)


NAMES: list[x509.GeneralName] = [
    x509.DNSName("billing.example"),
    x509.DNSName("*.wild.example"),
    x509.UniformResourceIdentifier("spiffe://acme/billing"),
    x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
    x509.RFC822Name("Ops@Acme.example"),
]


@pytest.mark.parametrize(
    ("member", "given", "expected"),
    [
        ("san_dns", "billing.example", True),
        ("san_dns", "Billing.Example", True),
        ("san_dns", "a.wild.example", False),
        ("san_dns", "illing.example", False),
        ("san_dns", "spiffe://acme/billing", False),
        ("san_uri", "spiffe://acme/billing", True),
        ("san_uri", "spiffe://acme/Billing", False),
        ("san_uri", "spiffe://acme/billing/", False),
        ("san_ip", "2001:0db8:0:0::7", True),
        ("san_ip", "2001:db8::8", False),
        ("san_ip", "not an address", False),
        ("san_email", "Ops@acme.EXAMPLE", True),
        ("san_email", "ops@acme.example", False),
    ],
)
def test_alternative_names_are_compared_by_their_kind(
    member: str, given: str, expected: bool
) -> None:
    """A DNS name is no URI, an address is a number, and a wildcard is nobody."""
    found = certificate([(CN, "billing.example")], names=NAMES)
    assert matches(found, **{f"tls_client_auth_{member}": given}) is expected


def test_the_common_name_is_no_dns_name() -> None:
    """RFC 6125 §6.4.4 left that behind."""
    found = certificate([(CN, "billing.example")])
    assert not matches(found, tls_client_auth_san_dns="billing.example")


def test_exactly_one_name_is_registered() -> None:
    """RFC 8705 §2.1.2: with none everybody would match; with two, either would be a guess."""
    found = certificate([(CN, "a")], names=NAMES)
    assert not matches(found)
    assert not matches(
        found, tls_client_auth_subject_dn="CN=a", tls_client_auth_san_dns="billing.example"
    )


def test_an_address_has_to_be_one() -> None:
    """At registration."""
    check_address("::1")
    with pytest.raises(Unacceptable):
        check_address("host.example")


def of_key(key: ec.EllipticCurvePrivateKey, **more: Any) -> dict[str, Any]:
    return {"keys": [{**json.loads(ECAlgorithm.to_jwk(key.public_key())), **more}]}


def is_registered(found: x509.Certificate, jwks: dict[str, Any]) -> bool:
    try:
        check_key(found, found.public_bytes(Encoding.DER), jwks=jwks)
    except InvalidClient:
        return False
    return True


def digest(found: x509.Certificate) -> str:
    value = hashlib.sha256(found.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def test_a_certificate_of_a_registered_key_is_the_clients() -> None:
    """By its key, its digest, or itself: the most exact that was registered."""
    mine, renewed = certificate([(CN, "a")]), certificate([(CN, "a")])
    x5c = [base64.b64encode(mine.public_bytes(Encoding.DER)).decode()]
    assert is_registered(mine, of_key(KEY))
    assert is_registered(renewed, of_key(KEY))
    for exact in (of_key(KEY, x5c=x5c), of_key(KEY, **{"x5t#S256": digest(mine)})):
        assert is_registered(mine, exact)
        assert not is_registered(renewed, exact)


def test_another_key_is_nobodys() -> None:
    """Nor is one among no keys, or beside keys of a kind that is not known."""
    mine = certificate([(CN, "a")], key=OTHER_KEY)
    x25519 = {"kty": "OKP", "crv": "X25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    others: list[dict[str, Any]] = [{}, {"keys": []}, {"keys": [x25519]}]
    for jwks in (of_key(KEY), of_key(KEY, x5c=["!"]), *others):
        assert not is_registered(mine, jwks)
    assert is_registered(mine, {"keys": [x25519, *of_key(OTHER_KEY)["keys"]]})


@pytest.mark.parametrize("der", [b"", b"0", b"-----BEGIN CERTIFICATE-----", b"\x30\x82" * 50])
def test_what_is_no_certificate_is_refused(der: bytes) -> None:
    """As a failed authentication, not as a crash."""
    with pytest.raises(InvalidClient):
        read_certificate(der)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("a003020102", "a003020109"),  # X.509 version 10
        ("06082a8648ce3d030107", "06082a8648ce3d03017f"),  # a curve that there is not
        ("06072a8648ce3d0201", "06072a8648ce3d027f"),  # a kind of key that there is not
    ],
)
def test_a_certificate_of_an_unknown_kind_is_nobodys(written: str, instead: str) -> None:
    """Anybody makes one and shows it: a failed authentication, which is counted, and no crash."""
    der = certificate([(CN, "a")]).public_bytes(Encoding.DER)
    odd = der.replace(bytes.fromhex(written), bytes.fromhex(instead))
    assert odd != der
    with pytest.raises(InvalidClient):
        check_key(read_certificate(odd), odd, jwks=of_key(KEY))

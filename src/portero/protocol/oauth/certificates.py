"""Whose certificate is it? The two ways of RFC 8705 §2, as comparisons of values.

Pure: the client proved in the TLS handshake that it has the key. Whether a trusted authority
signed the certificate was settled there too, and is the caller's to know: `check_names` without
that is worth nothing, because everybody can write any name into a certificate of their own.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from portero.kit.secrets import same_secret
from portero.protocol.jose.jwk import public_key_of
from portero.protocol.oauth.client_keys import is_loadable
from portero.protocol.oauth.errors import InvalidClient
from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.metadata_model import ClientMetadata

# RFC 4514 §3 knows nine short names. These are written in names of machines and companies too
# (ETSI EN 319 412-1, OpenSSL); any other attribute is named by its number.
_MORE_ATTRIBUTES: Final[dict[str, x509.ObjectIdentifier]] = {
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
    "businessCategory": NameOID.BUSINESS_CATEGORY,
    "jurisdictionC": NameOID.JURISDICTION_COUNTRY_NAME,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
}

# What the library raises for a certificate, and for its names when they are first looked at; the
# TypeError is that of a BIT STRING where a text belongs.
UNREADABLE: Final = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)

Certificate = x509.Certificate
Rdn = frozenset[tuple[str, str | bytes]]


def read_certificate(unverified_der: bytes) -> Certificate:
    """The certificate; raises `InvalidClient` for what is none."""
    try:
        return x509.load_der_x509_certificate(unverified_der)
    except UNREADABLE as error:
        raise InvalidClient("the certificate can not be parsed") from error


def check_names(certificate: Certificate, *, registered: ClientMetadata) -> None:
    """`tls_client_auth` (§2.1.2): the one registered name is in the certificate. Raises
    `InvalidClient`."""
    expected = [
        (given, compare)
        for given, compare in (
            (registered.tls_client_auth_subject_dn, _has_subject),
            (registered.tls_client_auth_san_dns, _has_dns),
            (registered.tls_client_auth_san_uri, _has_uri),
            (registered.tls_client_auth_san_ip, _has_ip),
            (registered.tls_client_auth_san_email, _has_email),
        )
        if given
    ]
    if len(expected) != 1:
        raise InvalidClient("not exactly one name is registered")
    [(given, compare)] = expected
    try:
        matches = compare(certificate, given)
    except UNREADABLE as error:
        raise InvalidClient("the names of the certificate can not be read") from error
    if not matches:
        raise InvalidClient("the certificate has another name")


def check_key(certificate: Certificate, unverified_der: bytes, *, jwks: Mapping[str, Any]) -> None:
    """`self_signed_tls_client_auth` (§2.2): the certificate, or its key, is one that the client
    registered. Its dates and its issuer mean nothing: the registration is what is trusted. Raises
    `InvalidClient`."""
    try:
        shown = _spki(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidClient("the key of the certificate is of no known kind") from error
    if not any(_is_of(jwk, unverified_der, shown) for jwk in jwks.get("keys", ())):
        raise InvalidClient("the certificate is none of the registered ones")


def read_subject(given: str) -> Sequence[Rdn]:
    """A registered DN (RFC 4514), ready to be compared; raises `Unacceptable`."""
    try:
        name = x509.Name.from_rfc4514_string(given, _MORE_ATTRIBUTES)
    except ValueError as error:
        raise Unacceptable(
            "dn_malformed", "This must be a DN in the form of RFC 4514, such as CN=a,O=b."
        ) from error
    return _comparable(name)


def check_address(given: str) -> None:
    """A registered `tls_client_auth_san_ip`; raises `Unacceptable`."""
    try:
        ipaddress.ip_address(given)
    except ValueError as error:
        raise Unacceptable("address_malformed", "This must be an IP address.") from error


def _has_subject(certificate: Certificate, given: str) -> bool:
    """Part by part, in order, and not as texts: `CN=a\\,O=b` is one part and `CN=a,O=b` are two
    (CVE-2026-45063: a pattern over the text found the victim's name inside another value)."""
    expected = read_subject(given)
    return bool(expected) and _comparable(certificate.subject) == expected


def _has_dns(certificate: Certificate, given: str) -> bool:
    """Letter by letter but for their case. A wildcard names nobody in particular, so it matches
    itself alone."""
    names = _alternatives(certificate).get_values_for_type(x509.DNSName)
    return given.lower() in [name.lower() for name in names]


def _has_uri(certificate: Certificate, given: str) -> bool:
    return given in _alternatives(certificate).get_values_for_type(x509.UniformResourceIdentifier)


def _has_ip(certificate: Certificate, given: str) -> bool:
    """As numbers (§2.1.2): an IPv6 address has many spellings."""
    return ipaddress.ip_address(given) in _alternatives(certificate).get_values_for_type(
        x509.IPAddress
    )


def _has_email(certificate: Certificate, given: str) -> bool:
    """RFC 5280 §7.5: the host without regard to case, the part before it exactly."""
    names = _alternatives(certificate).get_values_for_type(x509.RFC822Name)
    return _email(given) in [_email(name) for name in names]


def _email(address: str) -> tuple[str, str]:
    local, _, host = address.rpartition("@")
    return local, host.lower()


def _alternatives(certificate: Certificate) -> x509.SubjectAlternativeName:
    try:
        extensions = certificate.extensions
        return extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise InvalidClient("the certificate has no alternative names") from error


def _comparable(name: x509.Name) -> Sequence[Rdn]:
    """Each RDN is a set (RFC 5280 §4.1.2.4), their order counts. How a text was encoded does
    not."""
    return [
        frozenset((each.oid.dotted_string, _text(each.value)) for each in rdn) for rdn in name.rdns
    ]


def _text(value: str | bytes) -> str | bytes:
    """The case of ASCII letters and runs of spaces do not matter (caseIgnoreMatch, RFC 4517
    §4.2.11). Further folding would make two names one (`\u017f` is an `s` to some), so it is
    left out: an honest client's certificate is spelled as it was registered."""
    if isinstance(value, bytes):
        return value
    spaced = " ".join(part for part in value.split(" ") if part)
    return "".join(char.lower() if char.isascii() else char for char in spaced)


def _is_of(jwk: Mapping[str, Any], der: bytes, shown: bytes) -> bool:
    """By the most exact thing that the JWK has: the certificate, its digest, or the key."""
    if jwk.get("x5c"):
        return same_secret(_standard(jwk["x5c"][0]), der)
    if jwk.get("x5t#S256"):
        digest = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=")
        return same_secret(jwk["x5t#S256"].rstrip("="), digest)
    return is_loadable(jwk) and same_secret(_spki(public_key_of(jwk)), shown)


def _standard(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _spki(key: Any) -> bytes:
    """The key in its one spelling: SubjectPublicKeyInfo in DER."""
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded

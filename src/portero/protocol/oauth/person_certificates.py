"""Whom a person's certificate names (X.509, RFC 5280 §4.2.1.6). Pure; that its chain was verified
is the caller's to know, because everybody can write any name into a certificate of their own."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from portero.protocol.oauth.certificates import UNREADABLE

# The user principal name, which smart cards of companies carry ([MS-WCCE] §2.2.2.7.7.4).
_UPN: Final = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_STRING: Final = 0x0C
_SHORT_FORM: Final = 0x80  # a DER length below this is one byte


class NameField(StrEnum):
    """Where in the certificate the person's name stands."""

    EMAIL = "email"  # the one rfc822Name: a mail address
    UPN = "upn"  # the one user principal name
    COMMON_NAME = "subject_cn"  # the one CN of the subject


def name_in(unverified_der: bytes, field: NameField) -> str:
    """The one name in that field; '' for none, for several (which of them is meant?), and for what
    is no certificate."""
    try:
        certificate = x509.load_der_x509_certificate(unverified_der)
        names = _names(certificate, field)
    except (*UNREADABLE, x509.ExtensionNotFound):
        return ""
    name = names[0] if len(names) == 1 else ""
    return name if name.isprintable() else ""


def _names(certificate: x509.Certificate, field: NameField) -> list[str]:
    if field is NameField.COMMON_NAME:
        values = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [each.value for each in values if isinstance(each.value, str)]
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    if field is NameField.EMAIL:
        # Without a host it would be somebody's username.
        addresses = extension.value.get_values_for_type(x509.RFC822Name)
        return [each for each in addresses if "@" in each]
    others = extension.value.get_values_for_type(x509.OtherName)
    return [_utf8(each.value) for each in others if each.type_id == _UPN]


def _utf8(der: bytes) -> str:
    """A UTF8String in DER, of the lengths that names have; raises ValueError for anything else."""
    if len(der) < 2 or der[0] != _UTF8_STRING or der[1] >= _SHORT_FORM or len(der) != der[1] + 2:
        raise ValueError("no UTF8String")
    return der[2:].decode()

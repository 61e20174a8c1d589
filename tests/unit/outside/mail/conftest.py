"""Mail servers with TLS on free ports, under an authority of the tests' own."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.services import free_port
from tests.support.smtp import Mailbox

HOST = "localhost"
Key = ec.EllipticCurvePrivateKey


class Authority:
    """A certificate authority in a folder; `ca_file` is what trusts it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = _certificate("Test CA", "Test CA", self._key, self._key, is_ca=True)
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def server_context(self, host: str) -> ssl.SSLContext:
        """TLS for a server whose certificate names `host`."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(host, "Test CA", key, self._key, is_ca=False)
        chain = self._folder / f"{host}.pem"
        chain.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context


def _certificate(name: str, issuer: str, key: Key, signer: Key, *, is_ca: bool) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, SHA256())
    )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


ServeMail = Callable[..., Mailbox]


@pytest.fixture
def serve_mail() -> Iterator[ServeMail]:
    """`serve_mail(box_type, **of_aiosmtpd)` starts a server on localhost; several may run."""
    running: list[Controller] = []

    def serve(box_type: type[Mailbox] = Mailbox, **more: Any) -> Mailbox:
        for attempt in range(5):
            box = box_type(port=free_port(), host=HOST)
            controller = Controller(box, hostname=HOST, port=box.port, **more)
            try:
                controller.start()
            except OSError:  # somebody else took the port in between
                if attempt == 4:
                    raise
            else:
                running.append(controller)
                return box
        raise AssertionError("unreachable")

    yield serve
    for controller in running:
        controller.stop()

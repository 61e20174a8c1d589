"""The client's certificate, as a trusted proxy tells it in a header (RFC 8705, RFC 9440).

The attack: a certificate is no secret, so whoever may write this header is any client it likes.
It is read only when the connection comes from a proxy that the operator named; from anybody else
it means nothing. The proxy must set it, or take it away, on each request that it passes on.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from portero.kit.addresses import Network
from portero.protocol.oauth.errors import InvalidRequest
from portero.protocol.oauth.metadata_policy import AuthMethod
from portero.web.addresses import is_in
from portero.web.exchange import Request

# nginx ($ssl_client_verify) and Apache (SSL_CLIENT_VERIFY) say this of a chain that they verified.
VERIFIED: Final = "SUCCESS"
_PEM: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*"
)


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """`der` is b"" when none was shown; `verified`: the proxy vouches for its chain."""

    der: bytes = b""
    verified: bool = False


NO_CERTIFICATE: Final = ShownCertificate()


@dataclass(frozen=True, slots=True)
class CertificateSource:
    """The headers, in lower case, '' for none, and of whom they are believed."""

    header: str = ""
    verified_header: str = ""
    proxies: Sequence[Network] = ()

    @property
    def auth_methods(self) -> tuple[str, ...]:
        """What clients can be offered. Without a word on the chain, names prove nothing."""
        named = (AuthMethod.TLS.value,) if self.verified_header else ()
        return (*named, AuthMethod.SELF_SIGNED_TLS.value) if self.header else ()

    def read(self, request: Request) -> ShownCertificate:
        """Raises `InvalidRequest` for a header that is there and is no certificate."""
        if not self.header or not is_in(request.peer, self.proxies):
            return NO_CERTIFICATE
        lines = request.header_lines(self.header)
        if len(lines) > 1:
            # One of them is not the proxy's: it adds where it should replace.
            raise InvalidRequest("There are two client certificates.")
        if not lines or not lines[0].strip():
            return NO_CERTIFICATE
        verdicts = request.header_lines(self.verified_header) if self.verified_header else []
        return ShownCertificate(_der(lines[0].strip()), verified=verdicts == [VERIFIED])


NO_SOURCE: Final = CertificateSource()


def _der(value: str) -> bytes:
    """`:base64:` (RFC 9440 §2.1), a PEM with percent escapes (nginx), or bare base64 (Traefik,
    which puts the chain behind a comma)."""
    if value.startswith(":") and value.endswith(":") and len(value) > 1:
        encoded = value[1:-1]
    elif "BEGIN" in value:
        found = _PEM.fullmatch(unquote(value))
        encoded = "".join(found.group(1).split()) if found else ""
    else:
        encoded = unquote(value).partition(",")[0]
    try:
        der = base64.b64decode(encoded, validate=True)
    except ValueError:
        der = b""
    if not der:
        raise InvalidRequest("The client certificate is malformed.")
    return der

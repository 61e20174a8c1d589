"""The client's certificate, where the server put it: ready-made answers for `Guard(certificate=)`.

Without one, every token that is bound to a certificate is refused. Never take a certificate from a
header unless a proxy of yours removes what clients send under that name.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any


def certificate_from_asgi(scope: Mapping[str, Any]) -> bytes:
    """From the ASGI TLS extension (`client_cert_chain`), as DER; b"" when there is none."""
    tls = (scope.get("extensions") or {}).get("tls") or {}
    chain = tuple(tls.get("client_cert_chain") or ())
    return _der(chain[0]) if chain else b""


def certificate_from_environ(environ: Mapping[str, Any]) -> bytes:
    """From `SSL_CLIENT_CERT`, as mod_ssl and mod_wsgi have it, as DER; b"" when there is none."""
    return _der(environ.get("SSL_CLIENT_CERT") or "")


def _der(pem: object) -> bytes:
    try:
        return ssl.PEM_cert_to_DER_cert(pem) if isinstance(pem, str) and pem else b""
    except ValueError:
        return b""

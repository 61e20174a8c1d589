"""AWS Signature Version 4, for one POST to a service's root without a query.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from portero.kit.secrets import Secret

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


def signed_headers(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    key_id: str,
    secret: Secret,
    region: str,
    service: str,
    now: datetime,
) -> dict[str, str]:
    """The headers (names in lower case) with `x-amz-date` and `authorization`."""
    parts = urlsplit(url)
    moment = f"{now:%Y%m%dT%H%M%SZ}"
    signed = {**headers, "host": parts.netloc, "x-amz-date": moment}
    names = ";".join(sorted(signed))
    canonical = "\n".join(
        (
            "POST",
            parts.path or "/",
            parts.query,
            *(f"{name}:{signed[name].strip()}" for name in sorted(signed)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{_ALGORITHM}\n{moment}\n{scope}\n{digest}"
    key = f"AWS4{secret.reveal()}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    signature = _mac(key, to_sign).hex()
    credential = f"Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    del signed["host"]  # which whoever sends the request adds
    return {**signed, "authorization": f"{_ALGORITHM} {credential}"}


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)

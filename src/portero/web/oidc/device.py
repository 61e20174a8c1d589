"""The device authorization endpoint (RFC 8628 §3.1, §3.2): a form in, two codes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from portero.core.provider.device import Devices, DeviceStarted
from portero.core.provider.model import ClientCall
from portero.kit.addresses import Network
from portero.web.certificates import CertificateSource
from portero.web.endpoints import Endpoint
from portero.web.exchange import Response, json_response
from portero.web.oidc.cors import CORS, preflight
from portero.web.oidc.oauth import UNCACHED, client_endpoint
from portero.web.places import DEVICE_PAGE_PATH, DEVICE_PATH


def device_endpoints(
    *,
    devices: Devices,
    issuer: str,
    trusted_proxies: Sequence[Network],
    certificates: CertificateSource,
    fresh_nonce: Callable[[], str],
) -> list[Endpoint]:
    def begin(call: ClientCall) -> Response:
        told = _told(devices.begin(call), issuer + DEVICE_PAGE_PATH)
        return json_response(200, told, *UNCACHED, *CORS)

    return [
        client_endpoint(DEVICE_PATH, begin, trusted_proxies, certificates, fresh_nonce),
        preflight(DEVICE_PATH, ("POST",)),
    ]


def _told(started: DeviceStarted, page: str) -> dict[str, object]:
    return {
        "device_code": started.device_code.reveal(),
        "user_code": started.user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?{urlencode({'user_code': started.user_code})}",
        "expires_in": started.expires_in,
        "interval": started.interval,
    }

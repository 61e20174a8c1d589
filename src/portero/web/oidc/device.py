"""The device authorization endpoint (RFC 8628 §3.1, §3.2): a form in, two codes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from portero.core.provider.device import Devices, DeviceStarted
from portero.kit.refusals import Refusal
from portero.web.addresses import Network
from portero.web.certificates import CertificateSource
from portero.web.endpoints import Endpoint
from portero.web.exchange import Request, Response, json_response
from portero.web.oidc.cors import CORS, NONCE_HEADER, preflight
from portero.web.oidc.oauth import UNCACHED, client_call, refused
from portero.web.places import DEVICE_PAGE_PATH, DEVICE_PATH

_BODY_CAP: Final = 32 * 1024  # bytes; a form with one assertion


def device_endpoints(
    *,
    devices: Devices,
    issuer: str,
    trusted_proxies: Sequence[Network],
    certificates: CertificateSource,
    fresh_nonce: Callable[[], str],
) -> list[Endpoint]:
    def answer(request: Request) -> Response:
        said = begin(request)
        if not request.header_lines("dpop"):
            return said
        return replace(said, headers=(*said.headers, (NONCE_HEADER, fresh_nonce())))

    def begin(request: Request) -> Response:
        try:
            started = devices.begin(client_call(request, trusted_proxies, certificates))
        except Refusal as refusal:
            return refused(refusal, request)
        return json_response(200, _told(started, issuer + DEVICE_PAGE_PATH), *UNCACHED, *CORS)

    return [
        Endpoint(DEVICE_PATH, frozenset({"POST"}), answer, body_cap=_BODY_CAP),
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

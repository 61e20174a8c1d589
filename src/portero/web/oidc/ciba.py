"""The backchannel authentication endpoint (CIBA Core 1.0 §7): a form in, a name for it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from portero.core.provider.ciba import CibaAsking
from portero.core.provider.model import ClientCall
from portero.kit.addresses import Network
from portero.web.certificates import CertificateSource
from portero.web.endpoints import Endpoint
from portero.web.exchange import Response, json_response
from portero.web.oidc.oauth import UNCACHED, client_endpoint
from portero.web.places import CIBA_PATH


def ciba_endpoints(
    *,
    asking: CibaAsking,
    trusted_proxies: Sequence[Network],
    certificates: CertificateSource,
    fresh_nonce: Callable[[], str],
) -> list[Endpoint]:
    def begin(call: ClientCall) -> Response:
        started = asking.begin(call)
        told = {
            "auth_req_id": started.auth_req_id.reveal(),
            "expires_in": started.expires_in,
            "interval": started.interval,
        }
        return json_response(200, told, *UNCACHED)

    return [client_endpoint(CIBA_PATH, begin, trusted_proxies, certificates, fresh_nonce)]

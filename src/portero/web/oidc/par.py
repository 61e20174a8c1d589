"""The pushed authorization request endpoint (RFC 9126 §2): a form in, a name for it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from portero.core.provider.model import ClientCall
from portero.core.provider.par import PushedRequests
from portero.kit.addresses import Network
from portero.web.certificates import CertificateSource
from portero.web.endpoints import Endpoint
from portero.web.exchange import Response, json_response
from portero.web.oidc.cors import CORS, preflight
from portero.web.oidc.oauth import UNCACHED, client_endpoint
from portero.web.places import PAR_PATH


def par_endpoints(
    *,
    pushed: PushedRequests,
    trusted_proxies: Sequence[Network],
    certificates: CertificateSource,
    fresh_nonce: Callable[[], str],
) -> list[Endpoint]:
    def push(call: ClientCall) -> Response:
        named = pushed.push(call)
        told = {"request_uri": named.request_uri.reveal(), "expires_in": named.expires_in}
        return json_response(201, told, *UNCACHED, *CORS)

    return [
        client_endpoint(PAR_PATH, push, trusted_proxies, certificates, fresh_nonce),
        preflight(PAR_PATH, ("POST",)),
    ]

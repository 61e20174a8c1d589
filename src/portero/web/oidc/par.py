"""The pushed authorization request endpoint (RFC 9126 §2): a form in, a name for it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from portero.core.provider.par import PushedRequests
from portero.kit.refusals import Refusal
from portero.web.addresses import Network
from portero.web.certificates import CertificateSource
from portero.web.endpoints import Endpoint
from portero.web.exchange import Request, Response, json_response
from portero.web.oidc.cors import CORS, NONCE_HEADER, preflight
from portero.web.oidc.oauth import UNCACHED, client_call, refused
from portero.web.places import PAR_PATH

_BODY_CAP: Final = 32 * 1024  # bytes; a signed request object and an assertion


def par_endpoints(
    *,
    pushed: PushedRequests,
    trusted_proxies: Sequence[Network],
    certificates: CertificateSource,
    fresh_nonce: Callable[[], str],
) -> list[Endpoint]:
    def answer(request: Request) -> Response:
        said = push(request)
        if not request.header_lines("dpop"):
            return said
        # RFC 9449 §8.2: a proof with an old nonce was refused, or the next one will need a new one.
        return replace(said, headers=(*said.headers, (NONCE_HEADER, fresh_nonce())))

    def push(request: Request) -> Response:
        try:
            named = pushed.push(client_call(request, trusted_proxies, certificates))
        except Refusal as refusal:
            return refused(refusal, request)
        told = {"request_uri": named.request_uri.reveal(), "expires_in": named.expires_in}
        return json_response(201, told, *UNCACHED, *CORS)

    return [
        Endpoint(PAR_PATH, frozenset({"POST"}), answer, body_cap=_BODY_CAP),
        preflight(PAR_PATH, ("POST",)),
    ]

"""Token, introspection and revocation endpoints: a form in, JSON out, no rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from portero.core.audit import Actor, Origin
from portero.core.provider.introspect import SIGNED_TYPE, Introspection
from portero.core.provider.model import ClientCall, IssuedToken
from portero.core.provider.revoke import Revocation
from portero.core.provider.token_endpoint import TokenEndpoint
from portero.kit.addresses import Network
from portero.kit.refusals import Busy, Limited, Refusal
from portero.protocol.oauth.errors import InvalidClient, OAuthRefusal
from portero.web.addresses import client_address
from portero.web.certificates import NO_SOURCE, CertificateSource
from portero.web.endpoints import Endpoint
from portero.web.exchange import (
    JSON_TYPE,
    NO_STORE,
    FixedHeaders,
    Request,
    Response,
    json_body,
    json_response,
    log_refusal,
)
from portero.web.oidc.cors import CORS, NONCE_HEADER, preflight
from portero.web.oidc.form_body import form_alone
from portero.web.problems import extra_headers

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105  # a path
INTROSPECTION_PATH: Final = "/oauth/introspect"
REVOCATION_PATH: Final = "/oauth/revoke"
_BODY_CAP: Final = 32 * 1024  # bytes; a form with one token or request object, and one assertion
# RFC 6749 §5.1 asks for both; the second is for caches of the last century.
UNCACHED: Final = (NO_STORE, ("Pragma", "no-cache"))

_ISSUED: Final = FixedHeaders(("Content-Type", JSON_TYPE), *UNCACHED, *CORS)
# RFC 9110 §12.5.5: whoever keeps answers in spite of it must not mix up the two kinds.
_VARY: Final = ("Vary", "Accept")
_INTROSPECTED: Final = FixedHeaders(("Content-Type", JSON_TYPE), *UNCACHED, _VARY)

Work = Callable[[ClientCall], Response]


def oauth_endpoints(
    *,
    token: TokenEndpoint,
    introspection: Introspection,
    revocation: Revocation,
    trusted_proxies: Sequence[Network],
    certificates: CertificateSource = NO_SOURCE,
) -> list[Endpoint]:
    def issue(call: ClientCall) -> Response:
        return Response(200, json_body(_told(token.answer(call))), _ISSUED)

    def introspect(call: ClientCall) -> Response:
        told = introspection.answer(call)
        if isinstance(told, str):
            media_type = ("Content-Type", f"application/{SIGNED_TYPE}")
            return Response(200, told.encode(), (media_type, *UNCACHED, _VARY))
        return Response(200, json_body(told), _INTROSPECTED)

    def revoke(call: ClientCall) -> Response:
        revocation.revoke(call)
        return Response(200, b"", (NO_STORE, *CORS))

    return [
        client_endpoint(
            TOKEN_PATH,
            issue,
            trusted_proxies,
            certificates,
            token.fresh_nonce,
            at_once=_asks_for_own_token,
        ),
        client_endpoint(
            INTROSPECTION_PATH, introspect, trusted_proxies, certificates, at_once=_shows_a_secret
        ),
        client_endpoint(REVOCATION_PATH, revoke, trusted_proxies, certificates),
        preflight(TOKEN_PATH, ("POST",)),
        preflight(REVOCATION_PATH, ("POST",)),
    ]


def client_endpoint(
    path: str,
    work: Work,
    trusted_proxies: Sequence[Network],
    certificates: CertificateSource = NO_SOURCE,
    fresh_nonce: Callable[[], str] | None = None,
    *,
    at_once: Callable[[Request], bool] | None = None,
) -> Endpoint:
    """POST of a form by a client that proves itself. `fresh_nonce`: a key may be proven here too,
    and then the next proof may need a nonce (RFC 9449 §8.2): it comes with every answer, refusals
    too, so that a client always has one that is fresh."""

    def answer(request: Request) -> Response:
        try:
            said = work(client_call(request, trusted_proxies, certificates))
        except Refusal as refusal:
            said = refused(refusal, request)
        if fresh_nonce is None or not request.header_lines("dpop"):
            return said
        return replace(said, headers=(*said.headers, (NONCE_HEADER, fresh_nonce())))

    return Endpoint(path, frozenset({"POST"}), answer, at_once=at_once, body_cap=_BODY_CAP)


def _asks_for_own_token(request: Request) -> bool:
    return b"client_credentials" in request.body and _shows_a_secret(request)


def _shows_a_secret(request: Request) -> bool:
    """Whether the client proves itself by a secret and nothing else: its client is in memory, and
    one hash compares it. Proofs and assertions are noted, keys may have to be fetched, and an
    answer signed for the caller is slow."""
    if b"client_assertion" in request.body or request.header_lines("dpop"):
        return False
    shown = request.header_lines("authorization") or b"client_secret=" in request.body
    return bool(shown) and not _accepts(request, f"application/{SIGNED_TYPE}")


def client_call(
    request: Request,
    trusted_proxies: Sequence[Network],
    certificates: CertificateSource = NO_SOURCE,
) -> ClientCall:
    """The request as a value; raises `InvalidRequest` for a body that is no form."""
    shown = certificates.read(request)
    return ClientCall(
        actor_of(request, trusted_proxies),
        form_alone(request),
        authorization=tuple(request.header_lines("authorization")),
        proofs=tuple(request.header_lines("dpop")),
        certificate=shown.der,
        certificate_verified=shown.verified,
        wants_jwt=_accepts(request, f"application/{SIGNED_TYPE}"),
    )


def _accepts(request: Request, media_type: str) -> bool:
    """Whether it is named in Accept, and not with q=0 (RFC 9110 §12.5.1). A wildcard names nothing:
    who sends `*/*` expects the usual answer."""
    for line in request.header_lines("accept"):
        for part in line.lower().split(","):
            name, *parameters = (each.strip() for each in part.split(";"))
            if name == media_type:
                return not any(re.fullmatch(r"q=0(\.0*)?", each) for each in parameters)
    return False


def actor_of(request: Request, trusted_proxies: Sequence[Network]) -> Actor:
    forwarded = request.header_lines("x-forwarded-for")
    return Actor.anonymous(
        Origin(
            request_id=request.request_id,
            address=client_address(request.peer, forwarded, trusted_proxies),
            user_agent=request.header("user-agent") or "",
        )
    )


def _told(issued: IssuedToken) -> dict[str, object]:
    told: dict[str, object] = {
        "access_token": issued.access_token.reveal(),
        "token_type": issued.token_type,
        "expires_in": issued.expires_in,
    }
    if issued.scope:
        told["scope"] = issued.scope
    if issued.refresh_token is not None:
        told["refresh_token"] = issued.refresh_token.reveal()
    if issued.id_token is not None:
        told["id_token"] = issued.id_token.reveal()
    told.update(issued.more)
    return told


def refused(refusal: Refusal, request: Request) -> Response:
    """RFC 6749 §5.2. A refusal that is no OAuth one (busy, limited) keeps its own status."""
    log_refusal(request.method, request.path, refusal.code, refusal.detail)
    headers: list[tuple[str, str]] = [*UNCACHED, *CORS, *extra_headers(refusal).items()]
    if isinstance(refusal, OAuthRefusal):
        if isinstance(refusal, InvalidClient) and request.header("authorization") is not None:
            headers.append(("WWW-Authenticate", 'Basic realm="oauth"'))
        told = {"error": refusal.code, "error_description": refusal.description}
        return json_response(refusal.status, told, *headers)
    told = {"error": "temporarily_unavailable", "error_description": refusal.public}
    return json_response(status_of(refusal), told, *headers)


def status_of(refusal: Refusal) -> int:
    """Of a refusal that no specification names: busy, limited."""
    return 429 if isinstance(refusal, Limited) else 503 if isinstance(refusal, Busy) else 400

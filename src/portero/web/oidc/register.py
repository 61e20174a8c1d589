"""Client registration (RFC 7591) and management (RFC 7592): JSON in, JSON out, no rule.

The registration's own URL (`registration_client_uri`) is this path with the client's id in its
query. A page may call from its own origin: no cookie is read, and only a token lets it change a
client.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from portero.core.audit import Actor
from portero.core.provider.register import ClientRegistration
from portero.core.provider.register.errors import RegistrationTokenRefused
from portero.kit.addresses import Network
from portero.kit.refusals import Conflict, Refusal
from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from portero.protocol.oauth.errors import OAuthRefusal
from portero.protocol.oauth.parameters import read_parameters
from portero.web.endpoints import Endpoint
from portero.web.exchange import NO_STORE, Request, Response, json_response, log_refusal
from portero.web.oidc.cors import CORS, preflight
from portero.web.oidc.oauth import actor_of, status_of
from portero.web.problems import extra_headers
from portero_guard.errors import TokenRefused
from portero_guard.jws import json_object

REGISTRATION_PATH: Final = "/oauth/register"
_BODY_CAP: Final = 64 * 1024  # bytes; twenty keys with their certificates fit
_BEARER: Final = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")
# RFC 6749 §5.2: what an error_description may hold
_UNSPEAKABLE: Final = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_MAX_TOLD_FAULTS: Final = 10

Work = Callable[[Request, Actor, str], Response]


def registration_endpoints(
    registration: ClientRegistration, trusted_proxies: Sequence[Network]
) -> list[Endpoint]:
    """None where registration is off: the path is then as unknown as any other."""
    if not registration.is_on:
        return []

    def register(request: Request, actor: Actor, token: str) -> Response:
        told = registration.register(actor, _document(request), token)
        return json_response(201, told, NO_STORE, *CORS)

    def read(request: Request, actor: Actor, token: str) -> Response:
        return json_response(
            200, registration.read(actor, _client_id(request), token), NO_STORE, *CORS
        )

    def replace(request: Request, actor: Actor, token: str) -> Response:
        told = registration.replace(actor, _client_id(request), token, _document(request))
        return json_response(200, told, NO_STORE, *CORS)

    def delete(request: Request, actor: Actor, token: str) -> Response:
        registration.delete(actor, _client_id(request), token)
        return Response(204, b"", (NO_STORE, *CORS))

    def endpoint(method: str, work: Work) -> Endpoint:
        def answer(request: Request) -> Response:
            try:
                return work(request, actor_of(request, trusted_proxies), _token(request))
            except Refusal as refusal:
                log_refusal(method, request.path, refusal.code, refusal.detail)
                return _refused(refusal)

        return Endpoint(REGISTRATION_PATH, frozenset({method}), answer, body_cap=_BODY_CAP)

    return [
        endpoint("POST", register),
        endpoint("GET", read),
        endpoint("PUT", replace),
        endpoint("DELETE", delete),
        preflight(REGISTRATION_PATH, ("POST", "GET", "PUT", "DELETE")),
    ]


def _document(request: Request) -> dict[str, Any]:
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        # RFC 7591 §3.1. It also keeps out forms, which other sites can send without a preflight.
        raise InvalidClientMetadata("the body is not application/json")
    try:
        return json_object(request.body)
    except TokenRefused as refusal:
        raise InvalidClientMetadata(refusal.detail) from refusal


def _client_id(request: Request) -> str:
    return read_parameters(request.query_string).get("client_id") or ""


def _token(request: Request) -> str:
    """The bearer token; '' for none, and for what is none."""
    lines = request.header_lines("authorization")
    found = _BEARER.fullmatch(lines[0]) if len(lines) == 1 else None
    return found[1] if found else ""


def _refused(refusal: Refusal) -> Response:
    """RFC 7591 §3.2.2, RFC 6750 §3."""
    headers = [NO_STORE, *CORS, *extra_headers(refusal).items()]
    if isinstance(refusal, InvalidClientMetadata):
        return _error(400, refusal.code, _faults_of(refusal), headers)
    if isinstance(refusal, RegistrationTokenRefused):
        shown = ' error="invalid_token"' if refusal.was_shown else ""
        headers.append(("WWW-Authenticate", f"Bearer{shown}"))
    if isinstance(refusal, OAuthRefusal):
        return _error(refusal.status, refusal.code, refusal.description, headers)
    if isinstance(refusal, Conflict):
        return _error(409, "temporarily_unavailable", refusal.public, headers)
    return _error(status_of(refusal), "temporarily_unavailable", refusal.public, headers)


def _faults_of(refusal: InvalidClientMetadata) -> str:
    """Each member at fault with its sentence, so that a developer sees everything at once."""
    told = [f"{fault.name}: {fault.public}" for fault in refusal.faults[:_MAX_TOLD_FAULTS]]
    return " ".join(told) or f"{refusal.public} It must be one JSON object."


def _error(
    status: int, code: str, description: str, headers: Sequence[tuple[str, str]]
) -> Response:
    told = {"error": code, "error_description": _UNSPEAKABLE.sub("", description)}
    return json_response(status, told, *headers)


__all__ = ["REGISTRATION_PATH", "registration_endpoints"]

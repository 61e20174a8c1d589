"""The UserInfo endpoint: a token in, claims out (OpenID Connect Core §5.3, RFC 6750)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import quote

from portero.core.provider.checking import TokenCheck
from portero.core.provider.userinfo import UserInfo
from portero.protocol.oauth.errors import InvalidRequest
from portero.web.certificates import CertificateSource
from portero.web.endpoints import Endpoint
from portero.web.exchange import (
    JSON_TYPE,
    NO_STORE,
    FixedHeaders,
    Request,
    Response,
    json_body,
    log_refusal,
)
from portero.web.oidc.cors import CORS, preflight
from portero.web.oidc.form_body import is_form, read_form
from portero_guard.credentials import RequestHead
from portero_guard.errors import Refused, RequestRefused
from portero_guard.errors import answer as refusal_answer

USERINFO_PATH: Final = "/oauth/userinfo"
_TOLD: Final = FixedHeaders(("Content-Type", JSON_TYPE), NO_STORE, *CORS)
_BODY_CAP: Final = 16 * 1024  # bytes; one token


def userinfo_endpoints(
    *, userinfo: UserInfo, tokens: TokenCheck, url: str, certificates: CertificateSource
) -> list[Endpoint]:
    """`url` is the endpoint's own, which is the audience of the tokens that open it."""

    def answer(request: Request) -> Response:
        try:
            head = _head(request, _certificate(request, certificates))
            told = userinfo.answer(tokens.admit(head, audience=url))
        except Refused as refusal:
            log_refusal(request.method, request.path, refusal.error or "", refusal.detail)
            said = refusal_answer(refusal)
            return Response(said.status, said.body, (*said.headers, *CORS))
        if isinstance(told, str):
            headers = (("Content-Type", "application/jwt"), NO_STORE, *CORS)
            return Response(200, told.encode(), headers)
        return Response(200, json_body(told), _TOLD)

    methods = frozenset({"GET", "POST"})
    return [
        Endpoint(USERINFO_PATH, methods, answer, at_once=_needs_no_proof, body_cap=_BODY_CAP),
        preflight(USERINFO_PATH, ("GET", "POST")),
    ]


def _needs_no_proof(request: Request) -> bool:
    """Nothing has to be noted: tokens and accounts are in memory."""
    return not request.header_lines("dpop")


def _certificate(request: Request, certificates: CertificateSource) -> bytes:
    try:
        return certificates.read(request).der
    except InvalidRequest as refusal:
        raise RequestRefused(refusal.description) from refusal


def _head(request: Request, certificate: bytes) -> RequestHead:
    """What decides who is asking. A token in the URL is never looked at (RFC 9700 §4.3.2)."""
    head = RequestHead(
        method=request.method,
        scheme=request.scheme,
        host=request.header("host") or "",
        authorization=tuple(request.header_lines("authorization")),
        path=quote(request.path),
        proofs=tuple(request.header_lines("dpop")),
        certificate=certificate,
    )
    in_body = _token_in_body(request)
    if not in_body:
        return head
    if head.authorization:
        raise RequestRefused("a token in the header and one in the body")  # RFC 6750 §2
    return replace(head, authorization=(f"Bearer {in_body}",))


def _token_in_body(request: Request) -> str:
    """RFC 6750 §2.2; '' for none."""
    content_type = request.header("content-type")
    if request.method != "POST" or not is_form(content_type):
        return ""
    try:
        return read_form(content_type, request.body).get("access_token") or ""
    except InvalidRequest:
        raise RequestRefused("the body is not form-encoded") from None

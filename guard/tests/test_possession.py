"""Bound tokens: only with the key or the certificate that they name (RFC 9449 §7, RFC 8705 §3)."""

# Django ships no types.
# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import hashlib
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from guard.tests.jwt_corpus.good import b64
from guard.tests.local_issuer import AUDIENCE, LocalIssuer, Moving, claims, token
from guard.tests.proofs import ProvingKey
from portero_guard import Credentials, CurrentUser, Guard, Issuer, Refused
from portero_guard import asgi as in_asgi
from portero_guard import django as in_django
from portero_guard import flask as in_flask
from portero_guard.certificates import certificate_from_asgi, certificate_from_environ
from portero_guard.credentials import RequestHead
from portero_guard.dpop import PROOF_SECONDS, CheckedProof
from portero_guard.errors import NoCredentials, ProofRefused, RequestRefused, TokenRefused, answer
from portero_guard.guard import Demand, Options

URL = "https://api.example/notes"
KEY, OTHER = ProvingKey(), ProvingKey()
CERTIFICATE = b"the octets of a certificate"
X5T = b64(hashlib.sha256(CERTIFICATE).digest())

if not settings.configured:
    settings.configure(SECRET_KEY="for these tests alone")
    django.setup()


def head(*authorization: str, proofs: tuple[str, ...] = (), **more: Any) -> RequestHead:
    asked: dict[str, Any] = {"method": "GET", "scheme": "https", "host": "api.example"}
    asked |= {"path": "/notes", "authorization": authorization, "proofs": proofs} | more
    return RequestHead(**asked)


def bound(issuer: LocalIssuer, **changes: Any) -> str:
    return issuer.token(**({"cnf": {"jkt": KEY.jkt}} | changes))


def ask(guard: Guard, made: str, *proofs: str, scheme: str = "DPoP", **more: Any) -> CurrentUser:
    return guard.admit(head(f"{scheme} {made}", proofs=proofs, **more), Demand())


def challenge_of(refusal: Refused) -> str:
    return dict(answer(refusal).headers)["WWW-Authenticate"]


def test_a_bound_token_with_its_key(guard: Guard, issuer: LocalIssuer) -> None:
    """Also from memory; a new proof each time. The scheme has no case."""
    made = bound(issuer)
    for scheme in ("DPoP", "dpop", "DPOP"):
        assert ask(guard, made, KEY.proof(URL, token=made), scheme=scheme).username == "alice"


def test_a_bound_token_is_no_bearer_token(guard: Guard, issuer: LocalIssuer) -> None:
    """§7.2: else a thief would leave the proof out. With a proof beside it, too; and after the
    token was remembered."""
    made = bound(issuer)
    assert ask(guard, made, KEY.proof(URL, token=made))
    for proofs in ((), (KEY.proof(URL, token=made),)):
        with pytest.raises(TokenRefused) as caught:
            ask(guard, made, *proofs, scheme="Bearer")
        assert caught.value.status == 401
        assert challenge_of(caught.value).startswith('DPoP algs="ES256 ')
        assert 'error="invalid_token"' in challenge_of(caught.value)


def test_a_bearer_token_is_no_dpop_token(guard: Guard, issuer: LocalIssuer) -> None:
    """A key of the sender's own choice proves nothing about a token that names none."""
    made = issuer.token()
    with pytest.raises(TokenRefused) as caught:
        ask(guard, made, OTHER.proof(URL, token=made))
    assert challenge_of(caught.value).startswith("DPoP ")
    assert ask(guard, made, scheme="Bearer")


def test_a_thief_with_a_key_of_his_own(guard: Guard, issuer: LocalIssuer) -> None:
    """A stolen token and a flawless proof of another key."""
    made = bound(issuer)
    with pytest.raises(TokenRefused):
        ask(guard, made, OTHER.proof(URL, token=made))


def test_a_proof_is_asked_for_at_every_request(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """From memory as at first: none, two, of another method, URL or token, old, or shown before."""
    made, other = bound(issuer), bound(issuer, jti="j-2")
    used = KEY.proof(URL, token=made)
    assert ask(guard, made, used)
    old = KEY.proof(URL, token=made)
    wrong: list[tuple[str, ...]] = [
        (),
        (used,),
        (KEY.proof(URL, token=made), KEY.proof(URL, token=made)),
        (KEY.proof(URL, token=made, method="POST"),),
        (KEY.proof("https://api.example/other", token=made),),
        (KEY.proof("https://evil.example/notes", token=made),),
        (KEY.proof(URL, token=other),),
        (KEY.proof(URL),),
    ]
    for proofs in wrong:
        with pytest.raises(ProofRefused) as caught:
            ask(guard, made, *proofs)
        assert caught.value.status == 401
        assert 'error="invalid_dpop_proof"' in challenge_of(caught.value)
    moving.advance(PROOF_SECONDS + 1)
    with pytest.raises(ProofRefused):
        ask(guard, made, old)


def test_of_twenty_at_once_one_proof_opens_once(guard: Guard, issuer: LocalIssuer) -> None:
    """A captured request, sent again while the first is still on its way."""
    made = bound(issuer)
    proof = KEY.proof(URL, token=made)

    def tried(_: int) -> bool:
        try:
            return bool(ask(guard, made, proof))
        except ProofRefused:
            return False

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(tried, range(20))) == 1


def test_a_proof_of_another_clients_request_is_not_spent(guard: Guard, issuer: LocalIssuer) -> None:
    """Whoever has no good token can't use up anybody's proofs."""
    made = bound(issuer)
    proof = KEY.proof(URL, token=made)
    with pytest.raises(TokenRefused):
        ask(guard, issuer.token(exp=1, cnf={"jkt": KEY.jkt}), proof)
    assert ask(guard, made, proof)


def test_workers_may_share_what_was_spent(issuer: LocalIssuer, moving: Moving) -> None:
    """`spend_proof` instead of the process's own memory."""
    seen: set[str] = set()

    def spend(proof: CheckedProof, now: datetime) -> bool:
        fresh = proof.jti not in seen
        seen.add(proof.jti)
        return fresh

    one, two = (
        Guard(issuers=issuer.url, audience=AUDIENCE, clock=moving.now, spend_proof=spend)
        for _ in range(2)
    )
    made = bound(issuer)
    proof = KEY.proof(URL, token=made)
    assert ask(one, made, proof)
    with pytest.raises(ProofRefused):
        ask(two, made, proof)


def test_two_schemes_at_once_are_refused(guard: Guard, issuer: LocalIssuer) -> None:
    """RFC 9449 §7.2, as two lines and as WSGI servers join them."""
    made = bound(issuer)
    proofs = (KEY.proof(URL, token=made),)
    for lines in (
        (f"DPoP {made}", f"Bearer {made}"),
        (f"Bearer {made}", f"DPoP {made}"),
        (f"DPoP {made},Bearer {made}",),
    ):
        with pytest.raises(RequestRefused):
            guard.admit(head(*lines, proofs=proofs), Demand())


def test_a_proof_alone_is_no_credential(guard: Guard) -> None:
    """Without a token nobody is asking."""
    with pytest.raises(NoCredentials):
        guard.admit(head(proofs=(KEY.proof(URL),)), Demand())


def test_refusals_answer_in_the_scheme_that_was_used(guard: Guard, issuer: LocalIssuer) -> None:
    """An expired token and a missing scope, shown as DPoP."""
    with pytest.raises(TokenRefused) as caught:
        ask(guard, bound(issuer, exp=1))
    assert challenge_of(caught.value).startswith('DPoP algs="')
    made = bound(issuer)
    sent = head(f"DPoP {made}", proofs=(KEY.proof(URL, token=made),))
    with pytest.raises(Refused) as missing:
        guard.admit(sent, Demand.of(scopes="admin"))
    assert challenge_of(missing.value).startswith('DPoP algs="')
    assert 'scope="admin"' in challenge_of(missing.value)


def test_behind_a_proxy_the_operator_names_the_url(issuer: LocalIssuer, moving: Moving) -> None:
    """`base_url` replaces scheme, host and what the proxy cuts off; the Host header is not asked,
    so that a proof made for another site does not fit by naming that site."""
    guard = Guard(
        issuers=issuer.url, audience=AUDIENCE, clock=moving.now, base_url="https://out.example/v1/"
    )
    made = bound(issuer)
    outer = KEY.proof("https://out.example/v1/notes", token=made)
    assert ask(guard, made, outer, scheme="DPoP", host="inner:8080")
    evil = KEY.proof("https://evil.example/notes", token=made)
    with pytest.raises(ProofRefused):
        ask(guard, made, evil, host="evil.example")


@pytest.mark.parametrize("cnf", [{}, None, "text", {"kid": "k"}, {"jkt": 7}, {"jkt": None}, []])
def test_a_binding_that_is_not_understood_is_refused(
    guard: Guard, issuer: LocalIssuer, cnf: Any
) -> None:
    """Closed: it says that a bearer must not pass, so none does."""
    made = token({**claims(issuer.url), "cnf": cnf}, issuer.keys[0])
    for scheme in ("DPoP", "Bearer"):
        with pytest.raises(Refused):
            ask(guard, made, KEY.proof(URL, token=made), scheme=scheme)


def test_check_alone_refuses_bound_tokens(guard: Guard, issuer: LocalIssuer) -> None:
    """It sees no request, so nothing can be proven."""
    with pytest.raises(TokenRefused):
        guard.check(bound(issuer))


def test_an_opaque_token_may_be_bound(issuer: LocalIssuer, moving: Moving) -> None:
    """RFC 9449 §6.2: introspection tells `cnf`."""
    asked = Issuer(issuer.url, introspection=Credentials("notes-api", SECRET))
    guard = Guard(issuers=asked, audience=AUDIENCE, clock=moving.now, monotonic=moving.monotonic)
    at = int(moving.now().timestamp())
    issuer.active["opaque"] = {
        "active": True,
        "sub": "s",
        "client_id": "c",
        "aud": AUDIENCE,
        "exp": at + 600,
        "cnf": {"jkt": KEY.jkt},
    }
    assert ask(guard, "opaque", KEY.proof(URL, token="opaque")).id == "s"
    with pytest.raises(TokenRefused):
        ask(guard, "opaque", scheme="Bearer")


SECRET = "an introspection secret: 100 %"


def test_a_certificate_bound_token(guard: Guard, issuer: LocalIssuer) -> None:
    """With its certificate; not with another one, and not where none is known."""
    made = issuer.token(cnf={"x5t#S256": X5T})
    assert ask(guard, made, scheme="Bearer", certificate=CERTIFICATE)
    for certificate in (b"", b"another one"):
        with pytest.raises(TokenRefused):
            ask(guard, made, scheme="Bearer", certificate=certificate)


def test_bound_to_both_needs_both(guard: Guard, issuer: LocalIssuer) -> None:
    """A token that names a key and a certificate."""
    made = issuer.token(cnf={"jkt": KEY.jkt, "x5t#S256": X5T})
    assert ask(guard, made, KEY.proof(URL, token=made), certificate=CERTIFICATE)
    with pytest.raises(TokenRefused):
        ask(guard, made, KEY.proof(URL, token=made))
    with pytest.raises(TokenRefused):
        ask(guard, made, scheme="Bearer", certificate=CERTIFICATE)


def test_certificates_where_servers_put_them() -> None:
    """ASGI's TLS extension and mod_ssl's variable; rubbish is no certificate."""
    pem = ssl.DER_cert_to_PEM_cert(CERTIFICATE)
    scope: dict[str, Any] = {"extensions": {"tls": {"client_cert_chain": [pem, "more"]}}}
    assert certificate_from_asgi(scope) == CERTIFICATE
    assert certificate_from_environ({"SSL_CLIENT_CERT": pem}) == CERTIFICATE
    for empty in ({}, {"extensions": None}, {"extensions": {"tls": {"client_cert_chain": ["x"]}}}):
        assert certificate_from_asgi(empty) == b""
    assert certificate_from_environ({}) == b""
    assert certificate_from_environ({"SSL_CLIENT_CERT": "rubbish"}) == b""


def sent(made: str, *proofs: str, scheme: str = "DPoP") -> dict[str, str]:
    headers = {"Authorization": f"{scheme} {made}"}
    return headers | ({"DPoP": ", ".join(proofs)} if proofs else {})


def test_in_flask(guard: Guard, issuer: LocalIssuer) -> None:
    """The URL as the client asked for it, whatever letters are in it."""
    app = Flask("notes")
    in_flask.PorteroGuard(app, guard)

    @app.get("/notes/<name>")
    @in_flask.token_required
    def note(current_user: CurrentUser, name: str) -> str:
        return name

    made, client = bound(issuer), app.test_client()
    for name in ("a", "b%20c", "%C3%A9", "x:y", "x%3Ay"):
        proof = KEY.proof(f"http://localhost/notes/{name}", token=made)
        assert client.get(f"/notes/{name}?q=1", headers=sent(made, proof)).status_code == 200, name
    assert client.get("/notes/a", headers=sent(made, proof)).status_code == 401
    refused = client.get("/notes/a", headers=sent(made, scheme="Bearer"))
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("DPoP ")
    two = [KEY.proof("http://localhost/notes/a", token=made) for _ in range(2)]
    assert client.get("/notes/a", headers=sent(made, *two)).status_code == 401


def test_in_flask_the_certificate_comes_from_a_hook(issuer: LocalIssuer, moving: Moving) -> None:
    """Without the hook a bound token is refused."""
    made = issuer.token(cnf={"x5t#S256": X5T})
    environ = {"SSL_CLIENT_CERT": ssl.DER_cert_to_PEM_cert(CERTIFICATE)}
    known: Options = {"clock": moving.now}
    hooked: Options = {"clock": moving.now, "certificate": certificate_from_environ}
    for options, status in ((hooked, 200), (known, 401)):
        app = Flask("notes")
        guard = Guard(issuers=issuer.url, audience=AUDIENCE, **options)
        in_flask.PorteroGuard(app, guard)
        app.add_url_rule("/x", view_func=in_flask.token_required(lambda current_user: "x"))
        said = app.test_client().get(
            "/x", headers=sent(made, scheme="Bearer"), environ_base=environ
        )
        assert said.status_code == status


def test_in_asgi(guard: Guard, issuer: LocalIssuer) -> None:
    """Each DPoP line by itself; a WebSocket opens with a GET."""

    @in_asgi.token_required
    async def note(request: Request, user: CurrentUser) -> Response:
        return PlainTextResponse(user.id)

    async def socket(websocket: WebSocket) -> None:
        await in_asgi.admit(guard, websocket.scope, Demand())
        await websocket.accept()
        await websocket.close()

    app = Starlette(routes=[Route("/notes/{name}", note), WebSocketRoute("/ws", socket)])
    in_asgi.install(app, guard)
    made, client = bound(issuer), TestClient(app)
    for name in ("a", "b%20c", "%C3%A9"):
        proof = KEY.proof(f"http://testserver/notes/{name}", token=made)
        assert client.get(f"/notes/{name}", headers=sent(made, proof)).status_code == 200, name
    assert client.get("/notes/a", headers=sent(made, proof)).status_code == 401
    one, two = (KEY.proof("http://testserver/notes/a", token=made) for _ in range(2))
    lines = [("Authorization", f"DPoP {made}"), ("DPoP", one), ("DPoP", two)]
    assert client.get("/notes/a", headers=lines).status_code == 401
    assert client.get("/notes/a", headers=sent(made, scheme="Bearer")).status_code == 401

    opening = KEY.proof("http://testserver/ws", token=made)
    with client.websocket_connect("/ws", headers=sent(made, opening)):
        pass
    with (
        pytest.raises((Refused, WebSocketDisconnect)),
        client.websocket_connect("/ws", headers=sent(made, opening)),
    ):
        pass


@in_django.token_required
def django_note(request: HttpRequest, current_user: CurrentUser, name: str) -> HttpResponse:
    return HttpResponse(name)


urlpatterns = [path("notes/<str:name>", django_note)]


def test_in_django(guard: Guard, issuer: LocalIssuer) -> None:
    """Behind WSGI and behind ASGI, where Django keeps the path in other words."""
    made = bound(issuer)
    asynchronous = TestClient(ASGIHandler())
    with override_settings(
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"], MIDDLEWARE=[], PORTERO_GUARD=guard
    ):
        for name in ("a", "b%20c", "%C3%A9", "%E6%97%A5"):
            url = f"http://testserver/notes/{name}"
            one, two = (KEY.proof(url, token=made) for _ in range(2))
            assert Client().get(f"/notes/{name}", headers=sent(made, one)).status_code == 200, name
            said = asynchronous.get(f"/notes/{name}", headers=sent(made, two))
            assert said.status_code == 200, name
            assert Client().get(f"/notes/{name}", headers=sent(made, one)).status_code == 401
        refused = Client().get("/notes/a", headers=sent(made, scheme="Bearer"))
        assert (refused.status_code, refused["WWW-Authenticate"][:5]) == (401, "DPoP ")

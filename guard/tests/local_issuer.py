"""An issuer on a free loopback port: real keys, real HTTP, and a count of what it was asked."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from guard.tests.jwt_corpus.good import Key
from portero_guard.checks import PublicKey

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
AUDIENCE = "https://api.example/notes"
SECRET = "an introspection secret: 100 %"


class Moving:
    """A clock that moves when it is told to: both the time of day and the monotonic one."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds


class SigningKey:
    def __init__(self, kid: str) -> None:
        self.kid = kid
        self.private = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> PublicKey:
        return self.private.public_key()

    def jwk(self) -> dict[str, Any]:
        bare: dict[str, Any] = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**bare, "kid": self.kid, "use": "sig", "alg": "ES256"}


def claims(issuer: str, now: datetime = NOW, **changes: Any) -> dict[str, Any]:
    """The claims of a good first-party token; a change to None leaves the claim out."""
    at = int(now.timestamp())
    full = {
        "iss": issuer,
        "sub": "0193-alice",
        "aud": AUDIENCE,
        "exp": at + 600,
        "iat": at,
        "jti": "j-1",
        "client_id": "portero",
        "scope": "notes:read notes:write",
        "sid": "s-1",
        "auth_time": at - 30,
        "acr": "aal2",
        "amr": ["pwd", "otp"],
        "user_id": "0193-alice",
        "username": "alice",
    } | changes
    return {name: value for name, value in full.items() if value is not None}


def token(content: Mapping[str, Any], key: SigningKey, **header: Any) -> str:
    headers = {"typ": "at+jwt", "kid": key.kid} | header
    return jwt.encode(dict(content), key.private, algorithm="ES256", headers=headers)


class LocalIssuer:
    """`paths` counts requests; `down` answers 500 to all; `active` maps opaque tokens to what
    introspection says of them; `lists` maps paths to status lists as they are sent."""

    def __init__(self) -> None:
        self.keys: list[SigningKey | Key] = [SigningKey("k-1")]
        self.paths: Counter[str] = Counter()
        self.down = False
        self.has_openid = True
        self.has_metadata = True
        self.speaks_for: str | None = None
        self.active: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _requests_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> LocalIssuer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def token(self, now: datetime = NOW, **changes: Any) -> str:
        """An access token of this issuer, signed with its newest key."""
        return token(claims(self.url, now, **changes), self.keys[-1])

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.speaks_for or self.url,
            "jwks_uri": f"{self.url}/jwks.json",
            "introspection_endpoint": f"{self.url}/introspect",
        }

    def said(self, method: str, path: str, body: str, authorization: str) -> tuple[int, Any]:
        self.paths[path] += 1
        if self.down:
            return 500, {}
        match method, path:
            case "GET", "/.well-known/openid-configuration" if self.has_openid:
                return 200, self.metadata()
            case "GET", "/.well-known/oauth-authorization-server" if self.has_metadata:
                return 200, self.metadata()
            case "GET", "/jwks.json" | "/.well-known/jwks.json":
                return 200, {"keys": [key.jwk() for key in self.keys]}
            case "GET", _ if path in self.lists:
                return 200, self.lists[path]
            case "POST", "/introspect":
                expected = base64.b64encode(b"notes-api:an+introspection+secret%3A+100+%25")
                if authorization != f"Basic {expected.decode()}":
                    return 401, {"error": "invalid_client"}
                return 200, self.active.get(parse_qs(body)["token"][0], {"active": False})
        return 404, {}


def _requests_of(issuer: LocalIssuer) -> type[BaseHTTPRequestHandler]:
    class Requests(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            authorization = self.headers.get("Authorization", "")
            status, said = issuer.said(self.command, self.path, body, authorization)
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815  # the names that http.server looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # overridden
            """Quiet."""

    return Requests

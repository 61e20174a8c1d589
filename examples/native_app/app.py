"""A program on somebody's own machine that signs them in at Portero (RFC 8252).

PORTERO_ISSUER=http://127.0.0.1:8000 CLIENT_ID=... python app.py
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import webbrowser
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen


class Callback(BaseHTTPRequestHandler):
    """Takes the one request that the browser is sent back with."""

    answer: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/callback":
            Callback.answer = dict(parse_qsl(urlsplit(self.path).query))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"You can close this window.")


def fetched(url: str, form: dict[str, str] | None = None, token: str = "") -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    # Every address here is the issuer's or in its own metadata, which sign_in has read.
    asked = Request(url, urlencode(form).encode() if form else None, headers)  # noqa: S310  # above
    with urlopen(asked, timeout=20) as answer:  # noqa: S310  # above
        told: dict[str, Any] = json.load(answer)
        return told


def sign_in(issuer: str, client_id: str, show: Callable[[str], Any]) -> dict[str, Any]:
    """Let somebody sign in in the browser; who it was. `show` opens an address there."""
    metadata = fetched(f"{issuer}/.well-known/openid-configuration")
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    digest = hashlib.sha256(verifier.encode()).digest()
    with HTTPServer(("127.0.0.1", 0), Callback) as server:  # 0: any port that is free
        back = f"http://127.0.0.1:{server.server_port}/callback"
        asked = {"response_type": "code", "client_id": client_id, "redirect_uri": back}
        asked |= {"scope": "openid profile", "state": state, "code_challenge_method": "S256"}
        asked["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        show(f"{metadata['authorization_endpoint']}?{urlencode(asked)}")
        while not Callback.answer:
            server.handle_request()
    answer, Callback.answer = Callback.answer, {}
    if (answer.get("state"), answer.get("iss")) != (state, issuer) or "code" not in answer:
        raise SystemExit(
            f"not signed in: {answer.get('error', 'an answer that was not asked for')}"
        )
    form = {"grant_type": "authorization_code", "client_id": client_id, "redirect_uri": back}
    token = fetched(
        metadata["token_endpoint"], form | {"code": answer["code"], "code_verifier": verifier}
    )
    return fetched(metadata["userinfo_endpoint"], token=token["access_token"])


if __name__ == "__main__":
    found = sign_in(os.environ["PORTERO_ISSUER"], os.environ["CLIENT_ID"], webbrowser.open)
    print(f"Hello, {found['preferred_username']}!")

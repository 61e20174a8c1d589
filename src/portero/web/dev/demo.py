"""A client to look at: the code flow with PKCE against this very server, at `/demo`.

It knows no more than any application does: it reads the metadata, sends people to the
authorization endpoint, redeems the code, checks the ID token with the published keys, and shows
each thing that it received.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from flask import Flask, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.protocol.oauth.parameters import FORM_TYPE
from portero.web.dev import tokens
from portero.web.dev.here import only_here
from portero.web.exchange import Headers, Response
from portero.web.forms import Forms
from portero.web.pages import html
from portero.web.places import DEMO_PATH, DISCOVERY_PATH
from portero.web.rooms import Rooms

_CALLBACK: Final = f"{DEMO_PATH}/callback"
_COOKIE: Final = "portero_demo"
_COOKIE_SECONDS: Final = 600
_SCOPE: Final = "openid profile email offline_access"
_SECRETS: Final = ("state", "nonce", "verifier")


@dataclass(frozen=True, slots=True)
class DemoServer:
    """What the demo has of the server that is no protocol: `register` makes sure that a client of
    that id and metadata is there. `ask` is an HTTP request: method, URL, headers, body."""

    register: Callable[[str, Mapping[str, object]], None]
    ask: Callable[[str, str, Headers, bytes], Response]


def mount(host: Flask, rooms: Rooms, forms: Forms, server: DemoServer) -> None:
    demo = _Demo(rooms, forms, server)
    here = only_here(rooms.settings)
    host.add_url_rule(
        DEMO_PATH, endpoint="dev.demo", view_func=here(demo.page), methods=["GET", "POST"]
    )
    host.add_url_rule(_CALLBACK, endpoint="dev.demo.callback", view_func=here(demo.callback))


class _Failed(Exception):
    """The flow ends here, and the page says why."""


class _Demo:
    def __init__(self, rooms: Rooms, forms: Forms, server: DemoServer) -> None:
        self._issuer = rooms.settings.issuer
        self._at = rooms.settings.at
        self._new_secret = rooms.new_secret
        self._forms = forms
        self._server = server
        self._client_id = f"demo-{hashlib.sha256(self._issuer.encode()).hexdigest()[:8]}"
        self._back = self._issuer + _CALLBACK

    def page(self) -> AnyResponse:
        if request.host != urlsplit(self._issuer).netloc:
            return redirect(self._issuer + DEMO_PATH, 303)  # where its cookie comes back to
        if request.method != "POST":
            return html("dev/demo.html", here=DEMO_PATH, scope=_SCOPE, client_id=self._client_id)
        self._forms.check()
        return self._begin()

    def _begin(self) -> AnyResponse:
        metadata = {
            "client_name": "Demo",
            "redirect_uris": [self._back],
            "post_logout_redirect_uris": [self._issuer + DEMO_PATH],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            "id_token_signed_response_alg": "ES256",
        }
        self._server.register(self._client_id, metadata)
        kept = {name: self._new_secret() for name in _SECRETS}
        challenge = hashlib.sha256(kept["verifier"].encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._back,
            "scope": _SCOPE,
            "state": kept["state"],
            "nonce": kept["nonce"],
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        place = self._metadata()["authorization_endpoint"]
        answer = redirect(f"{place}?{urlencode(asked)}", 303)
        answer.set_cookie(
            _COOKIE,
            ".".join(kept.values()),
            max_age=_COOKIE_SECONDS,
            path=self._at(DEMO_PATH),
            httponly=True,
            samesite="Lax",
        )
        return answer

    def callback(self) -> AnyResponse:
        shown: dict[str, Any] = {"came": request.args.to_dict(), "fault": ""}
        try:
            self._walk(shown)
        except _Failed as failed:
            shown["fault"] = str(failed)
        return html("dev/demo_answer.html", here=DEMO_PATH, **shown)

    def _walk(self, shown: dict[str, Any]) -> None:
        """1. The answer is to our question. 2. The code for tokens. 3. The ID token is checked.
        4. Who it is, by the access token. Each leaves in `shown` what it received."""
        kept = dict(zip(_SECRETS, request.cookies.get(_COOKIE, "").split("."), strict=False))
        came = shown["came"]
        if "verifier" not in kept or came.get("state") != kept["state"]:
            raise _Failed("This answers another question: its state is not the one that was sent.")
        if "code" not in came:
            raise _Failed(f"{came.get('error')}: {came.get('error_description', '')}")
        metadata = self._metadata()
        form = {
            "grant_type": "authorization_code",
            "client_id": self._client_id,
            "redirect_uri": self._back,
            "code": came["code"],
            "code_verifier": kept["verifier"],
        }
        shown["sent"] = form
        told = self._json("POST", metadata["token_endpoint"], (("content-type", FORM_TYPE),), form)
        shown["told"] = told
        if "id_token" not in told:
            raise _Failed(f"{told.get('error')}: {told.get('error_description', '')}")
        same_issuer = (
            "iss of the way back is the server that was asked (RFC 9207)",
            came.get("iss") == self._issuer,
        )
        shown["checks"] = [
            same_issuer,
            *tokens.checks_of(
                told["id_token"],
                self._json("GET", metadata["jwks_uri"]),
                issuer=self._issuer,
                client_id=self._client_id,
                nonce=kept["nonce"],
            ),
        ]
        shown["id_token"] = tokens.shown(told["id_token"])
        shown["access_token"] = tokens.shown(told["access_token"])
        bearer = (("authorization", f"Bearer {told['access_token']}"),)
        shown["person"] = tokens.explained(self._json("GET", metadata["userinfo_endpoint"], bearer))
        hint = {
            "id_token_hint": told["id_token"],
            "post_logout_redirect_uri": self._issuer + DEMO_PATH,
        }
        shown["sign_out"] = f"{metadata['end_session_endpoint']}?{urlencode(hint)}"

    def _metadata(self) -> dict[str, Any]:
        return self._json("GET", self._issuer + DISCOVERY_PATH)

    def _json(
        self, method: str, url: str, headers: Headers = (), form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        answer = self._server.ask(method, url, headers, urlencode(form or {}).encode())
        found: dict[str, Any] = json.loads(answer.body)
        return found

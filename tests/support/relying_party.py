"""A relying party in a test: registers itself, walks the pages as a browser does, redeems codes.

Speaks HTTP to the house through Flask's own client, which keeps cookies as a browser would.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from tests.support.house import PASSWORD, Home, basic

REDIRECT_URI = "https://app.example/callback"
_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Pkce:
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(slots=True)
class RelyingParty:
    """One client, and one browser in which somebody uses it."""

    home: Home
    client_id: str
    secret: str
    browser: FlaskClient
    redirect_uri: str = REDIRECT_URI
    pkce: Pkce = field(default_factory=Pkce)

    def parameters(self, **more: str | None) -> dict[str, str]:
        """A good request; a keyword replaces a parameter, None leaves it out."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile email",
            "state": "af0ifjsldkj",
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": self.pkce.challenge,
            "code_challenge_method": "S256",
            **more,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def begin(self, **more: str | None) -> TestResponse:
        return self.browser.get(f"/oauth/authorize?{urlencode(self.parameters(**more))}")

    def walk(self, answer: TestResponse, *, agree: bool = True, **person: str) -> TestResponse:
        """Follow the pages (sign in, consent) until the browser leaves this server."""
        for _ in range(8):
            if answer.status_code == 303 and answer.location.startswith("/"):
                answer = self.browser.get(answer.location)
            elif answer.status_code == 200 and self._shows("/sign-in", answer):
                form = fields(answer)
                form["username"] = person.get("username", "ana")
                form["password"] = person.get("password", PASSWORD)
                answer = self.browser.post("/sign-in", data=form)
            elif answer.status_code == 200 and (offer := self._offered(answer)):
                answer = self.browser.post(offer, data={**fields(answer), "not_now": "1"})
            elif answer.status_code == 200 and self._shows("/consent", answer):
                form = fields(answer)
                form["decision"] = "allow" if agree else "deny"
                answer = self.browser.post("/consent", data=form)
            else:
                return answer
        raise AssertionError("the pages go in a circle")

    def _offered(self, answer: TestResponse) -> str:
        """The page of something that may be had and need not: what it is posted to."""
        offers = ("/passkey-offer", "/recovery-codes")
        return next((path for path in offers if self._shows(path, answer)), "")

    def _shows(self, form: str, page: TestResponse) -> bool:
        return f'action="{self.home.at(form)}"' in page.text

    def authorize(self, **more: str | None) -> dict[str, str]:
        """The parameters of the authorization response, the person having agreed to all."""
        return query_of(self.walk(self.begin(**more)))

    def token(self, **form: str | None) -> TestResponse:
        return self.ask("/oauth/token", **form)

    def ask(self, path: str, **form: str | None) -> TestResponse:
        """Post to an endpoint for clients; this one proves itself as it registered."""
        sent = {name: value for name, value in form.items() if value is not None}
        headers = basic(self.client_id, self.secret) if self.secret else {}
        if not self.secret:
            sent.setdefault("client_id", self.client_id)
        return self.home.client().post(path, data=sent, headers=headers)

    def redeem(self, code: str, **more: str | None) -> TestResponse:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.pkce.verifier,
            **more,
        }
        return self.token(**form)

    def sign_in(self, **more: str | None) -> dict[str, Any]:
        """The whole flow; the token answer."""
        answer = self.redeem(self.authorize(**more)["code"])
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.get_json()
        return told

    def refresh(self, token: str, **more: str | None) -> TestResponse:
        return self.token(grant_type="refresh_token", refresh_token=token, **more)


def relying_party(
    home: Home, *, client_id: str = "", first_party: bool = False, **metadata: Any
) -> RelyingParty:
    """Register a confidential web application, or what `metadata` says."""
    asked = {
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"],
        "client_name": "Notes",
        "id_token_signed_response_alg": "ES256",  # the house of the tests makes no RSA key
        **metadata,
    }
    created = home.house.clients.create(
        Actor.operator(), asked, client_id=client_id or None, first_party=first_party
    )
    secret = created.secret.reveal() if created.secret is not None else ""
    return RelyingParty(
        home,
        created.client.client_id,
        secret,
        home.client(),
        redirect_uri=next(iter(asked["redirect_uris"]), ""),
    )


def fields(page: TestResponse) -> dict[str, str]:
    """The fields of the page's form as they are when nobody has typed yet."""
    return hidden(page.text)


def hidden(text: str) -> dict[str, str]:
    """Those of a page's text."""
    found = [dict(_ATTRIBUTE.findall(tag)) for tag in _INPUT.findall(text)]
    sent = [each for each in found if "name" in each and each.get("type") != "checkbox"]
    return {each["name"]: html.unescape(each.get("value", "")) for each in sent}


def query_of(answer: TestResponse) -> dict[str, str]:
    """The parameters of a redirect that leaves this server."""
    assert answer.status_code == 303, answer.text
    assert not answer.location.startswith("/"), answer.location
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}


def claims_of(token: str) -> dict[str, Any]:
    """The payload of a JWT, not checked."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return claims

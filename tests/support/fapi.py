"""A client as FAPI 2.0 wants it: it pushes its requests, proves itself with its key, and holds the
key that its tokens are bound to."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from werkzeug.test import TestResponse

from guard.tests.proofs import ProvingKey
from portero.core.audit import Actor
from portero.protocol.oauth.client_assertion import ASSERTION_TYPE
from tests.support.house import ISSUER, Home
from tests.support.relying_party import REDIRECT_URI, Pkce, RelyingParty, query_of

KEY = ec.generate_private_key(ec.SECP256R1())


def jwks() -> dict[str, Any]:
    made: dict[str, Any] = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    return {"keys": [{**made, "kid": "one", "use": "sig"}]}


def signed(claims: dict[str, Any], **header: Any) -> str:
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": "one", **header})


@dataclass(slots=True)
class FapiParty:
    home: Home
    client_id: str
    proving: ProvingKey = field(default_factory=ProvingKey)
    walker: RelyingParty = field(init=False)

    def __post_init__(self) -> None:
        self.walker = RelyingParty(self.home, self.client_id, "", self.home.client(), pkce=Pkce())

    def assertion(self, **changed: Any) -> str:
        now = int(self.home.clock.now().timestamp())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": ISSUER, "iat": now}
        return signed({**claims, "exp": now + 60, "jti": f"{time.time_ns()}", **changed})

    def request_object(self, **changed: Any) -> str:
        """The whole request, signed; a claim of None is left out."""
        now = int(self.home.clock.now().timestamp())
        envelope = {"iss": self.client_id, "aud": ISSUER, "nbf": now, "exp": now + 60}
        claims = {**self.walker.parameters(), **envelope, **changed}
        kept = {name: value for name, value in claims.items() if value is not None}
        return signed(kept, typ="oauth-authz-req+jwt")

    def post(self, path: str, *, bound: bool = False, **form: str | None) -> TestResponse:
        """With the client's assertion, and a proof of its key where it is `bound`."""
        sent = {
            "client_id": self.client_id,
            "client_assertion": self.assertion(),
            "client_assertion_type": ASSERTION_TYPE,
            **form,
        }
        kept = {name: value for name, value in sent.items() if value is not None}
        headers = {"DPoP": self.proof(path)} if bound else {}
        return self.home.client().post(path, data=kept, headers=headers)

    def proof(self, path: str, **how: Any) -> str:
        """Of a POST, unless it says otherwise."""
        asked = {"method": "POST", "now": self.home.clock.now(), **how}
        return self.proving.proof(ISSUER + path, **asked)

    def push(self, **more: str | None) -> TestResponse:
        return self.post("/oauth/par", **{**self.walker.parameters(), **more})

    def follow(self, pushed: TestResponse) -> dict[str, str]:
        """The answer that the browser brings back for a pushed request."""
        assert pushed.status_code == 201, pushed.text
        assert pushed.json is not None
        asked = {"client_id": self.client_id, "request_uri": pushed.json["request_uri"]}
        begun = self.walker.browser.get("/oauth/authorize", query_string=asked)
        return query_of(self.walker.walk(begun))

    def redeem(self, code: str, *, bound: bool = True, **more: str | None) -> TestResponse:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": self.walker.pkce.verifier,
            **more,
        }
        return self.post("/oauth/token", bound=bound, **form)


METADATA: dict[str, Any] = {
    "redirect_uris": [REDIRECT_URI],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "private_key_jwt",
    "client_name": "Bank",
}


def fapi_party(home: Home, **metadata: Any) -> FapiParty:
    """Registered by an operator. It says nothing of FAPI: the server, or `metadata`, does."""
    asked = {**METADATA, "jwks": jwks(), **metadata}
    return FapiParty(home, home.house.clients.create(Actor.operator(), asked).client.client_id)

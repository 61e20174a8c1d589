"""People with a session in a browser, a client, and tokens: what the provider is measured with.

All of it is made through the product's own verbs before its server starts, in the same database.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.filling import fill
from benchmarks.load import HELD, Script, Step, get, post_form
from portero.core.audit import Actor, Origin
from portero.core.provider.authorize import Answer
from portero.core.provider.model import ClientCall, IssuedToken
from portero.core.sessions.model import Proven
from portero.kit.db import Tx
from portero.protocol.oauth.parameters import Parameters
from portero.wiring import House

REDIRECT_URI: Final = "https://app.example/callback"
SCOPE: Final = "openid profile email"
STATE: Final = "af0ifjsldkj"
NONCE: Final = "n-0S6_WzA2Mj"
VERIFIER: Final = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk-one-for-all"
CHALLENGE: Final = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
_CODE: Final = r"[?&]code=([^&\s]+)"
_ACCESS_TOKEN: Final = r'"access_token":"([^"]+)"'
_REFRESH_TOKEN: Final = r'"refresh_token":"([^"]+)"'
_ACTOR: Final = Actor.anonymous(Origin("0" * 32, "127.0.0.1"))


@dataclass(frozen=True, slots=True)
class App:
    """A client at a provider, whichever; `authorize` and `token` are paths."""

    client_id: str
    secret: str
    port: int
    authorize: str = "/oauth/authorize"
    token: str = "/oauth/token"  # a path
    introspect: str = "/oauth/introspect"

    @property
    def proof(self) -> dict[str, str]:
        return {"client_id": self.client_id, "client_secret": self.secret}

    def own_token(self, **more: str) -> Script:
        asked = {"grant_type": "client_credentials", **self.proof, **more}
        return Script([Step(post_form(self.token, asked, port=self.port), take=_ACCESS_TOKEN)])

    def introspection(self, token: str) -> Script:
        asked = {"token": token, **self.proof}
        request = post_form(self.introspect, asked, port=self.port)
        return Script([Step(request, take='("active":true)')])

    def code_flow(self, cookie: str) -> Script:
        """Authorize with a session, then redeem the code. Holds the refresh token at its end."""
        query = "&".join(f"{name}={value}" for name, value in authorization(self).items())
        begin = get(f"{self.authorize}?{query}", port=self.port, Cookie=cookie)
        redeem = post_form(self.token, redemption(self, HELD), port=self.port)
        return Script([Step(begin, "303", _CODE), Step(redeem, take=_REFRESH_TOKEN)])

    def refreshes(self, first_token: str) -> Script:
        asked = {"grant_type": "refresh_token", **self.proof, "refresh_token": HELD}
        request = post_form(self.token, asked, port=self.port)
        return Script([Step(request, take=_REFRESH_TOKEN)], first_token)


def authorization(app: App) -> dict[str, str]:
    """The authorization request, as it stands in a URL."""
    return {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": "https%3A%2F%2Fapp.example%2Fcallback",
        "scope": SCOPE.replace(" ", "+"),
        "state": STATE,
        "nonce": NONCE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def redemption(app: App, code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
        **app.proof,
    }


class Household:
    """`browsers` are the secrets in their cookies, each with one person's session."""

    def __init__(self, house: House, *, people: int, port: int) -> None:
        self._house = house
        self.app = self._register(port)
        self.opaque_app = self._register(port, access_token_format="opaque")
        fill(house, people)
        accounts = house.rooms.accounts.list_accounts(limit=people)
        self.browsers = house.db.write(
            lambda tx: [self._signed_in(tx, each.id) for each in accounts]
        )

    def code(self, app: App, browser: str) -> str:
        """An authorization code, by the verb itself."""
        asked = {**authorization(app), "redirect_uri": REDIRECT_URI, "scope": SCOPE}
        authorize = self._house.rooms.provider.authorize
        outcome = authorize.begin(_ACTOR, _parameters(asked), browser)
        if not isinstance(outcome, Answer):
            raise RuntimeError(f"somebody has to be asked: {outcome}")
        return outcome.parameters["code"]

    def redeem(self, app: App, form: Mapping[str, str]) -> IssuedToken:
        call = ClientCall(_ACTOR, _parameters({**form, **app.proof}))
        return self._house.rooms.provider.token_endpoint.answer(call)

    def tokens(self, app: App, browser: str) -> IssuedToken:
        return self.redeem(app, redemption(app, self.code(app, browser)))

    def _register(self, port: int, **metadata: str) -> App:
        asked = {
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "client_name": "Notes",
            "token_endpoint_auth_method": "client_secret_post",
            "id_token_signed_response_alg": "ES256",
            **metadata,
        }
        made = self._house.clients.create(Actor.operator(), asked, first_party=True)
        if made.secret is None:
            raise RuntimeError("a client without a secret")
        return App(made.client.client_id, made.secret.reveal(), port)

    def _signed_in(self, tx: Tx, account_id: str) -> str:
        sessions, now = self._house.rooms.sessions, self._house.clock.now()
        browser = sessions.new_browser(tx, now=now)
        proven = Proven("aal1", ("pwd",), "password")
        sessions.start(tx, _ACTOR, account_id, proven, now=now, browser_id=browser.browser_id)
        return browser.secret.reveal()


def _parameters(sent: Mapping[str, str]) -> Parameters:
    return Parameters({name: (value,) for name, value in sent.items()})

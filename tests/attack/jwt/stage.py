"""A house in which somebody has signed in, and clients that show JWTs to it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from werkzeug.test import TestResponse

from guard.tests.jwt_corpus.good import Key, ec_key, rsa_key
from portero.core.audit import Actor
from portero.protocol.jose.algorithms import SigningAlg
from tests.support.house import ISSUER, Home, basic
from tests.support.relying_party import relying_party

ORDERS, STOCK = "https://orders.example/api", "https://stock.example/api"
TRUSTED: Final = "https://trusted.example"
AFTER: Final = "https://app.example/bye"
CALLBACK: Final = "https://app.example/callback"
GRANTS: Final = "urn:ietf:params:oauth:grant-type:"
# One pair of keys for whoever signs something that is shown here: so that what differs between the
# kinds of JWT is their content alone. The clients register ES256.
KEY, SPARE = ec_key("one"), rsa_key("two")
JWKS: Final = {"keys": [KEY.jwk(), SPARE.jwk()]}

# Texts that no JWT may hold, wherever they mean nothing: half a character, and NUL.
UNSTORABLE: Final = tuple(
    f"another sub: {what}" for what in ("half a surrogate pair", "a NUL", "with a NUL behind")
)
# Where a kid means nothing, these are still no JSON of ours.
NO_JSON_KIDS: Final = (
    *(r"kid: '\x00'", r"kid: 'one\x00'", r"kid: '\ud800'"),
    *("kid: twice, another one before", "kid: twice, another one after"),
)
# No form can hold these, whatever field they are in.
NO_FORM: Final = ("spelling: a NUL behind", "spelling: half a surrogate pair")
# One audience, which is another than the place's own.
ANY_AUDIENCE: Final = (
    "missing: aud empty",
    *(
        f"aud: {what}"
        for what in (
            "another",
            "words",
            "with commas",
            "with a slash behind",
            "a letter shorter",
            "with something behind",
            "with a path behind",
            "in other letters",
            "a star",
            "with a space behind",
        )
    ),
)
_ERROR: Final = re.compile(r'error="([a-z_]+)"')


def settings(folder: Path) -> dict[str, str]:
    path = folder / "trusted.json"
    path.write_text(json.dumps(JWKS))
    names = ("client_auth_by_address", "client_registration_by_address", "pushed_by_address",
             "pushed_by_client", "begun_by_address", "device_by_address",
             "ciba_by_client", "ciba_by_account", "ciba_unknown_by_client")  # fmt: skip
    return {
        "PORTERO_LIMITS": ",".join(f"{name}=1000000/60" for name in names),
        "PORTERO_RESOURCES": f"{ORDERS},{STOCK}",
        "PORTERO_ASSERTION_ISSUERS": f"{TRUSTED}={path}",
        "PORTERO_SOFTWARE_STATEMENT_ISSUERS": f"{TRUSTED}={path}",
        "PORTERO_CLIENT_REGISTRATION": "open",
    }


@dataclass(frozen=True, slots=True)
class Client:
    client_id: str
    secret: str

    @property
    def basic(self) -> dict[str, str]:
        return basic(self.client_id, self.secret)


class Stage:
    """`told` is what a client got that asked for no API, `shown` what one got for the API of
    orders; `first_party` is the token of the password API."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.http = home.client()
        home.house.keys.keep((SigningAlg.ES256, SigningAlg.RS256))
        home.house.feed.poll()
        home.create("ana", "ana@example.org")
        self.first_party: str = home.log_in()["access_token"]
        self.party = relying_party(
            home,
            scope="openid orders:read stock:read",
            post_logout_redirect_uris=[AFTER],
            id_token_signed_response_alg="RS256",
        )
        self.told = self.party.sign_in(scope="openid")
        self.shown = self.party.sign_in(scope="openid orders:read stock:read", resource=ORDERS)
        self.es256 = self._server_key(SigningAlg.ES256)
        self.rs256 = self._server_key(SigningAlg.RS256)

    def _server_key(self, alg: SigningAlg) -> Key:
        signer = self.home.house.ring.signer(alg, self.home.clock.now())
        return Key(signer.kid, alg.value, signer.key)

    def client(self, **metadata: Any) -> Client:
        asked = {
            "response_types": [],
            "scope": "orders:read stock:read",
            "default_resource": ORDERS,
            "grant_types": ["client_credentials"],
            **metadata,
        }
        created = self.home.house.clients.create(Actor.operator(), asked)
        secret = created.secret.reveal() if created.secret is not None else ""
        return Client(created.client.client_id, secret)

    def post(self, path: str, form: Mapping[str, str], headers: Any = None) -> TestResponse:
        return self.http.post(
            path,
            data=urlencode(form, errors="surrogatepass"),
            content_type="application/x-www-form-urlencoded",
            headers=headers,
        )

    def now(self) -> int:
        return int(self.home.clock.now().timestamp())

    def envelope(self) -> dict[str, Any]:
        """What a new JWT for this server says of itself."""
        now, jti = self.now(), secrets.token_urlsafe(12)
        return {"aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60, "jti": jti}


def said(answer: TestResponse) -> str:
    """The status, and the error's code where there is one (RFC 6749 §5.2)."""
    told = answer.get_json(silent=True)
    error = told.get("error", "") if isinstance(told, dict) else ""
    return f"{answer.status_code} {error}".strip()


def challenged(answer: TestResponse) -> str:
    """The status, and the error's code in the challenge (RFC 6750 §3)."""
    found = _ERROR.search(answer.headers.get("WWW-Authenticate", ""))
    return f"{answer.status_code} {found[1] if found else ''}".strip()


def sent_back(answer: TestResponse) -> str:
    """The error with which the browser is sent back to the client; the status of a page of ours."""
    if answer.status_code != 303 or answer.location.startswith("/"):
        return str(answer.status_code)
    return parse_qs(urlsplit(answer.location).query).get("error", ["code"])[0]

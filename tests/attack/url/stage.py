"""A house on the open internet, with clients that name URLs to it, and a server on this machine
that nobody may be made to call."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any, Final

from werkzeug.test import TestResponse

from guard.tests.jwt_corpus.good import ec_key
from portero.core.audit import Actor
from tests.support.house import Home, basic
from tests.support.relying_party import RelyingParty, relying_party
from tests.support.url_corpus import GOOD, LOOPBACK

ISSUER: Final = "https://id.example.org"
AFTER: Final = "https://rp.example/cb"
# An API of a name that the corpus has near misses of.
API: Final = GOOD
GRANTS: Final = "urn:ietf:params:oauth:grant-type:"
KEY = ec_key("one")

_LIMITS: Final = ("client_auth_by_address", "client_registration_by_address", "pushed_by_address",
                  "pushed_by_client", "begun_by_address", "device_by_address", "ciba_by_client",
                  "ciba_by_account", "ciba_unknown_by_client")  # fmt: skip
SETTINGS: Final = {
    "PORTERO_ISSUER": ISSUER,
    "PORTERO_LIMITS": ",".join(f"{name}=1000000/60" for name in _LIMITS),
    "PORTERO_RESOURCES": API,
    "PORTERO_CLIENT_REGISTRATION": "open",
    "PORTERO_CLIENT_ID_DOCUMENTS": "on",
}


class Stage:
    def __init__(self, home: Home) -> None:
        self.home = home
        self.http = home.client()
        home.create("ana", "ana@example.org")
        self.first_party: str = home.log_in()["access_token"]
        self.party = self.relying_party(
            redirect_uris=[GOOD],
            post_logout_redirect_uris=[AFTER],
            jwks={"keys": [KEY.jwk()]},
            scope="openid orders:read",
            authorization_signed_response_alg="ES256",
        )
        self.told = self.party.sign_in(scope="openid")
        self.native = self.relying_party(
            redirect_uris=[LOOPBACK],
            application_type="native",
            token_endpoint_auth_method="none",
        )
        self.native.sign_in(scope="openid")

    def relying_party(self, **metadata: Any) -> RelyingParty:
        return relying_party(self.home, **metadata)

    def client(self, **metadata: Any) -> dict[str, str]:
        """The header by which a confidential client proves itself."""
        asked = {
            "response_types": [],
            "grant_types": ["client_credentials"],
            "scope": "orders:read",
            **metadata,
        }
        created = self.home.house.clients.create(Actor.operator(), asked)
        secret = created.secret.reveal() if created.secret is not None else ""
        return basic(created.client.client_id, secret)

    def post(self, path: str, form: Mapping[str, str], headers: Any = None) -> TestResponse:
        return self.http.post(path, data=form, headers=headers)


def said(answer: TestResponse) -> str:
    """The status, and the error's code where there is one."""
    told = answer.get_json(silent=True)
    error = told.get("error", "") if isinstance(told, dict) else ""
    return f"{answer.status_code} {error}".strip()


class Canary:
    """Listens at every address of this machine, and counts who calls."""

    def __init__(self, listening: socket.socket) -> None:
        self.port = int(listening.getsockname()[1])
        self.called = 0
        self._listening = listening

    def listen(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.called += 1
            connection.close()

    def heard(self, times: int = 1) -> bool:
        """Whether it was called so often; a call that is on its way is waited for."""
        deadline = monotonic() + 0.3
        while self.called < times and monotonic() < deadline:
            sleep(0.02)
        return self.called >= times

    def urls(self) -> list[str]:
        """Its address, in each notation that leads somebody there."""
        hosts = (*_PLAIN, "127.1", "0", "2130706433", "0x7f000001", "0177.0.0.1", "a@127.0.0.1",
                 "rp.example@127.0.0.1", "localhost.")  # fmt: skip
        return [f"{s}://{host}:{self.port}/x" for s in ("https", "http") for host in hosts]

    def plain_urls(self) -> list[str]:
        """Those that are URLs as good as others, as far as one can see."""
        return [f"https://{host}:{self.port}/x" for host in _PLAIN]


_PLAIN: Final = ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.0.0.2",
                 "[0:0:0:0:0:ffff:7f00:1]")  # fmt: skip


@contextmanager
def canary() -> Iterator[Canary]:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listening:
        made = Canary(listening)
        thread = threading.Thread(target=made.listen, daemon=True)
        thread.start()
        yield made
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)

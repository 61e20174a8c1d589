"""Where a URL is the name of something: a request, a client, an API, a place."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import urlencode

from guard.tests.proofs import ProvingKey
from portero_guard.errors import TokenRefused
from portero_guard.status_list import status_reference
from tests.attack.url.sent_to import sent
from tests.attack.url.stage import API, GRANTS, ISSUER, Stage, said
from tests.attack.url.table import NOT_ASKED_FOR, Place, of_the_origin
from tests.support.backchannel import CIBA, bank
from tests.support.house import basic
from tests.support.relying_party import query_of
from tests.support.url_corpus import CORPUS


def request_uri(stage: Stage) -> Place:
    """CVE-2020-10770: nothing is fetched, and only our own names mean something."""

    def show(url: str) -> str:
        asked = stage.party.parameters(request_uri=url, prompt="none")
        answer = stage.http.get(f"/oauth/authorize?{urlencode(asked)}")
        return query_of(answer)["error"] if answer.status_code == 303 else str(answer.status_code)

    return Place(show, taken="none is", refused="request_uri_not_supported", good=())


def client_id(stage: Stage) -> Place:
    """Of a metadata document, where a person is sent to."""

    def show(url: str) -> str:
        asked = {**stage.party.parameters(), "client_id": url}
        return sent(stage.http.get(f"/oauth/authorize?{urlencode(asked)}"), url)

    return Place(show, taken="none is", refused="400", good=(), groups=NOT_ASKED_FOR)


def client_id_at_token(stage: Stage) -> Place:
    def show(url: str) -> str:
        form = {"grant_type": "authorization_code", "code": "x", "client_id": url}
        return said(stage.post("/oauth/token", form))

    return Place(show, taken="none is", refused="401 invalid_client", good=(), groups=NOT_ASKED_FOR)


def resource_at_authorization(stage: Stage) -> Place:
    """RFC 8707 §2: one that is known, by its very name."""

    def show(url: str) -> str:
        asked = stage.party.parameters(resource=url, prompt="none", scope="openid orders:read")
        answer = stage.http.get(f"/oauth/authorize?{urlencode(asked)}")
        return query_of(answer)["error"] if answer.status_code == 303 else str(answer.status_code)

    return Place(show, taken="login_required", refused="invalid_target", good=(API,))


def _at_token(stage: Stage, headers: dict[str, str], url: str, *, name: str, **form: str) -> str:
    return said(stage.post("/oauth/token", {**form, name: url}, headers))


def resource_at_token(stage: Stage) -> Place:
    ask = partial(_at_token, stage, stage.client(), grant_type="client_credentials")
    return Place(partial(ask, name="resource"), taken="200", refused="400 invalid_target")


def exchange_target(stage: Stage, name: str) -> Place:
    """RFC 8693 §2.1: `resource` and `audience`."""
    api = stage.client(
        grant_types=[f"{GRANTS}token-exchange", "client_credentials"], default_resource=API
    )
    answer = stage.post("/oauth/token", {"grant_type": "client_credentials"}, api)
    form = {
        "grant_type": f"{GRANTS}token-exchange",
        "subject_token": answer.get_json()["access_token"],
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }
    ask = partial(_at_token, stage, api, **form)
    return Place(partial(ask, name=name), taken="200", refused="400 invalid_target")


def resource_at_par(stage: Stage) -> Place:
    party = stage.party

    def show(url: str) -> str:
        asked = party.parameters(resource=url, scope="openid orders:read")
        return said(stage.post("/oauth/par", asked, basic(party.client_id, party.secret)))

    return Place(show, taken="201", refused="400 invalid_target")


def resource_at_device(stage: Stage) -> Place:
    device = stage.client(grant_types=[f"{GRANTS}device_code"])

    def show(url: str) -> str:
        form = {"scope": "orders:read", "resource": url}
        return said(stage.post("/oauth/device", form, device))

    return Place(show, taken="200", refused="400 invalid_target")


def resource_at_backchannel(stage: Stage) -> Place:
    shop = bank(stage.home, scope="openid orders:read")

    def show(url: str) -> str:
        form = {"scope": "openid orders:read", "login_hint": "ana", "resource": url}
        return said(stage.post(CIBA, form, basic(shop.client_id, shop.secret)))

    return Place(show, taken="200", refused="400 invalid_target")


def proof_htu(stage: Stage) -> Place:
    """RFC 9449 §4.3: a proof is for the place that was asked."""
    client, key = stage.client(), ProvingKey()
    endpoint = f"{ISSUER}/oauth/token"

    def show(url: str) -> str:
        now = stage.home.clock.now()
        made = key.proof(url, method="POST", now=now, jti=secrets.token_hex(8))
        form = {"grant_type": "client_credentials"}
        return said(stage.post("/oauth/token", form, {**client, "DPoP": made}))

    return Place(show, taken="200", refused="400 invalid_dpop_proof", good=(endpoint,))


def status_uri(stage: Stage) -> Place:
    """In the guard: the list of a token is of its issuer's own origin; where there, is for the
    issuer to say."""

    def show(url: str) -> str:
        claims = {"status": {"status_list": {"idx": 1, "uri": url}}}
        try:
            status_reference(claims, issuer="https://rp.example")
        except TokenRefused:
            return "refused"
        return "taken"

    return Place(show, taken="taken", refused="refused", also_taken=of_the_origin(*CORPUS))


NAMED: Final[dict[str, Callable[[Stage], Place]]] = {
    "request_uri": request_uri,
    "client_id at authorization": client_id,
    "client_id at the token endpoint": client_id_at_token,
    "resource at authorization": resource_at_authorization,
    "resource at the token endpoint": resource_at_token,
    "resource at token exchange": partial(exchange_target, name="resource"),
    "audience at token exchange": partial(exchange_target, name="audience"),
    "resource at PAR": resource_at_par,
    "resource at device": resource_at_device,
    "resource at CIBA": resource_at_backchannel,
    "htu of a DPoP proof": proof_htu,
    "uri of a status list": status_uri,
}

"""Token exchange (RFC 8693): an API gets a token for the next one, and never more than it was
shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from guard.tests.proofs import ProvingKey
from portero.core.audit import Actor
from portero.core.sessions import EndReason
from tests.support.house import ISSUER, Home, MakeHome, basic
from tests.support.relying_party import RelyingParty, claims_of, relying_party

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
ORDERS, STOCK = "https://orders.example/api", "https://stock.example/api"


@dataclass(frozen=True, slots=True)
class Service:
    """A confidential client that stands for an API."""

    home: Home
    client_id: str
    secret: str

    def token(self, **form: str) -> TestResponse:
        return self.ask("/oauth/token", **form)

    def ask(self, path: str, **form: str) -> TestResponse:
        proof = basic(self.client_id, self.secret)
        return self.home.client().post(path, data=form, headers=proof)

    def exchange(self, subject_token: str, **more: str) -> TestResponse:
        form = {"grant_type": GRANT, "subject_token": subject_token, "subject_token_type": ACCESS}
        return self.token(**{**form, "resource": STOCK, **more})

    def own_token(self) -> str:
        answer = self.token(grant_type="client_credentials")
        assert answer.status_code == 200, answer.text
        return str(answer.get_json()["access_token"])

    def introspect(self, token: str) -> Any:
        return self.ask("/oauth/introspect", token=token).get_json()


def service(home: Home, **more: Any) -> Service:
    metadata = {
        "client_name": "Orders",
        "grant_types": [GRANT, "client_credentials"],
        "response_types": [],
        "scope": "orders:read stock:read",
        "default_resource": ORDERS,
        **more,
    }
    created = home.house.clients.create(Actor.operator(), metadata)
    secret = created.secret.reveal() if created.secret is not None else ""
    return Service(home, created.client.client_id, secret)


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    made = make_home(PORTERO_RESOURCES=f"{ORDERS},{STOCK}")
    made.create("ana")
    return made


@pytest.fixture
def shop(home: Home) -> RelyingParty:
    """The application that the person uses; it calls the API of orders."""
    scope = "openid orders:read stock:read orders:write offline_access"
    return relying_party(home, scope=scope)


def shown(shop: RelyingParty, **more: str | None) -> str:
    """The token that the API of orders is shown."""
    asked: dict[str, str | None] = {
        "scope": "openid orders:read stock:read orders:write",
        "resource": ORDERS,
        **more,
    }
    return str(shop.sign_in(**asked)["access_token"])


def good(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def error_of(answer: TestResponse) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.get_json()["error"])


def test_an_api_gets_a_token_for_the_next_one(home: Home, shop: RelyingParty) -> None:
    """The same person, the next audience, this client; no refresh token, no ID token."""
    orders, token = service(home), shown(shop)
    told = good(orders.exchange(token))
    before, after = claims_of(token), claims_of(told["access_token"])
    assert (told["issued_token_type"], told["token_type"]) == (ACCESS, "Bearer")
    assert not {"refresh_token", "id_token"} & set(told)
    assert after["aud"] == STOCK
    assert after["client_id"] == orders.client_id
    for name in ("sub", "auth_time", "acr", "amr", "sid", "grant_id"):
        assert after[name] == before[name]
    assert after["jti"] != before["jti"]
    assert "act" not in after


def test_scope_only_shrinks(home: Home, shop: RelyingParty) -> None:
    """What both the token and the client have; less when asked for; never more."""
    orders, token = service(home), shown(shop, scope="openid stock:read orders:write")
    assert good(orders.exchange(token))["scope"] == "stock:read"
    assert error_of(orders.exchange(token, scope="stock:read orders:read")) == "invalid_scope"
    assert error_of(orders.exchange(token, scope="orders:write")) == "invalid_scope"


def test_the_new_token_does_not_outlive_the_old_one(home: Home, shop: RelyingParty) -> None:
    """Or a chain of exchanges would live for ever."""
    orders, token = service(home), shown(shop)
    home.clock.let_pass(seconds=300)
    told = good(orders.exchange(token))
    assert claims_of(told["access_token"])["exp"] == claims_of(token)["exp"]
    assert 0 < told["expires_in"] <= 300
    home.clock.let_pass(seconds=400)
    assert error_of(orders.exchange(token)) == "invalid_request"


def test_the_actor_is_told_with_those_before(home: Home, shop: RelyingParty) -> None:
    """Delegation: `act` is the one who acts, and holds who acted before; nobody is forgotten."""
    orders = service(home)
    stock = service(home, default_resource=STOCK, scope="stock:read")
    first = good(
        orders.exchange(shown(shop), actor_token=orders.own_token(), actor_token_type=ACCESS)
    )["access_token"]
    assert claims_of(first)["act"] == {"sub": orders.client_id}
    second = good(
        stock.exchange(
            first, actor_token=stock.own_token(), actor_token_type=ACCESS, resource=ORDERS
        )
    )["access_token"]
    chain = {"sub": stock.client_id, "act": {"sub": orders.client_id}}
    assert claims_of(second)["act"] == chain
    third = good(orders.exchange(second))["access_token"]
    assert claims_of(third)["act"] == chain


def test_a_stranger_may_not_exchange(home: Home, shop: RelyingParty) -> None:
    """A token of somebody else for somewhere else: it was stolen, or passed through."""
    token = shown(shop)
    for other in (service(home, default_resource=STOCK), service(home, default_resource="")):
        assert error_of(other.exchange(token)) == "invalid_request"


def test_the_permission_is_registered(home: Home, shop: RelyingParty) -> None:
    """Not for a client without this grant, and not for one that can't prove itself."""
    without = service(home, grant_types=["client_credentials"])
    assert error_of(without.exchange(shown(shop))) == "unauthorized_client"
    public = service(home, grant_types=[GRANT], token_endpoint_auth_method="none")
    form = {"grant_type": GRANT, "client_id": public.client_id, "subject_token": shown(shop)}
    answer = home.client().post("/oauth/token", data={**form, "subject_token_type": ACCESS})
    assert error_of(answer) == "unauthorized_client"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"resource": "https://evil.example/"}, "invalid_target"),
        ({"audience": ORDERS}, "invalid_target"),  # and STOCK as the resource
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"),
        ({"subject_token_type": ""}, "invalid_request"),
        ({"subject_token": "a.b.c"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
        ({"actor_token": "a.b.c"}, "invalid_request"),
        ({"actor_token": "a.b.c", "actor_token_type": ACCESS}, "invalid_request"),
        ({"actor_token_type": ACCESS}, "invalid_request"),
    ],
)
def test_what_makes_no_sense_is_refused(
    home: Home, shop: RelyingParty, form: dict[str, str], code: str
) -> None:
    """§2.2.2: by the registered error."""
    orders = service(home)
    sent = {"subject_token": shown(shop), **form}
    assert error_of(orders.exchange(**sent)) == code


def test_an_actor_token_of_another_client_is_refused(home: Home, shop: RelyingParty) -> None:
    """Nobody acts in somebody else's name with a token that came by."""
    orders, other = service(home), service(home)
    form = {"actor_token": other.own_token(), "actor_token_type": ACCESS}
    assert error_of(orders.exchange(shown(shop), **form)) == "invalid_request"


def test_what_ended_gives_no_token_and_ends_those_that_it_gave(
    home: Home, shop: RelyingParty
) -> None:
    """Session, consent and account: the old token is refused, and the new one is over with it.
    (CVE-2026-9097.)"""
    orders = service(home)
    stock = service(home, default_resource=STOCK)
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    rooms = home.house.rooms

    def sign_out() -> None:
        rooms.sessions.end_all(Actor.operator(), account_id, EndReason.REVOKED)

    def withdraw() -> None:
        rooms.provider.connections.withdraw(Actor.operator(), account_id, shop.client_id)

    def disable() -> None:
        rooms.account_admin.disable(Actor.operator(), account_id)

    for end in (sign_out, withdraw, disable):
        token = shown(shop)
        made = good(orders.exchange(token))["access_token"]
        assert stock.introspect(made)["active"] is True
        end()
        assert stock.introspect(made) == {"active": False}
        assert error_of(orders.exchange(token)) == "invalid_request"


def test_a_pairwise_name_stays_and_ends_with_its_account(home: Home) -> None:
    """`sub` is what it was; the account behind it is still found when it is disabled."""
    scope = "openid orders:read stock:read offline_access"
    shop = relying_party(home, scope=scope, subject_type="pairwise")
    token = shown(shop, scope=scope, prompt="consent")
    made = good(service(home).exchange(token))["access_token"]
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    assert claims_of(made)["sub"] == claims_of(token)["sub"] != account_id
    stock = service(home, default_resource=STOCK)
    assert stock.introspect(made)["active"] is True
    home.clock.let_pass(seconds=2)
    home.house.rooms.account_admin.disable(Actor.operator(), account_id)
    assert stock.introspect(made) == {"active": False}


def test_a_bound_token_is_not_made_a_bearer_token(home: Home) -> None:
    """Whoever steals a DPoP token and the client's secret still has not the key."""
    key = ProvingKey()
    orders = service(home, dpop_bound_access_tokens=False)

    def send(proving: ProvingKey | None, **form: str) -> TestResponse:
        headers = basic(orders.client_id, orders.secret)
        if proving is not None:
            url = f"{ISSUER}/oauth/token"
            headers["DPoP"] = proving.proof(url, method="POST", now=home.clock.now())
        return home.client().post("/oauth/token", data=form, headers=headers)

    bound = good(send(key, grant_type="client_credentials"))["access_token"]
    form = {
        "grant_type": GRANT,
        "subject_token": bound,
        "subject_token_type": ACCESS,
        "resource": STOCK,
    }
    assert error_of(send(None, **form)) == "invalid_request"
    assert error_of(send(ProvingKey(), **form)) == "invalid_request"
    made = good(send(key, **form))
    assert made["token_type"] == "DPoP"
    assert claims_of(made["access_token"])["cnf"] == {"jkt": key.jkt}


def test_a_first_party_token_can_be_exchanged_by_the_api_that_it_is_for(home: Home) -> None:
    """And what comes of it is no first-party token: it opens neither /me nor anything below."""
    api = service(home, default_resource=f"{ISSUER}/api", scope="openid stock:read")
    token = home.log_in()["access_token"]
    made = good(api.exchange(token, resource=f"{ISSUER}/api"))["access_token"]
    assert home.get("/me", token).status_code == 200
    assert home.get("/me", made).status_code == 403


def test_each_exchange_is_in_the_audit_log(home: Home, shop: RelyingParty) -> None:
    """From whose token, for where, and whether somebody acts or is taken for the subject."""
    orders = service(home)
    good(orders.exchange(shown(shop)))
    entry = home.house.audit.list_entries(kind="token.exchanged")[0]
    assert entry.client_id == orders.client_id
    assert entry.account_id == home.house.rooms.accounts.get_by_name("ana").id
    assert entry.details["from_client_id"] == shop.client_id
    assert entry.details["audience"] == STOCK
    assert entry.details["actor_subject"] == ""

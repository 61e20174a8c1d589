"""Tokens that are bound to a client's key: from the token endpoint to our own API (RFC 9449)."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from werkzeug.test import TestResponse

from guard.tests.proofs import ProvingKey
from portero.core.audit import Actor
from portero.core.provider.model import Binding, ClientCall
from portero.core.provider.possession import NONCE_SECONDS, Possession
from portero.kit.vault import Vault
from portero.protocol.oauth.errors import UseDpopNonce
from portero.protocol.oauth.metadata_policy import ASYMMETRIC_ALGS
from portero.protocol.oauth.parameters import Parameters
from portero_guard.dpop import PROOF_SECONDS
from tests.support.house import ISSUER, Home, MakeHome, basic
from tests.support.racing import THREADS, at_once, statuses

pytestmark = pytest.mark.sqlite_alone


TOKEN_URL = f"{ISSUER}/oauth/token"
KEY, OTHER = ProvingKey(), ProvingKey()


def client_of(home: Home, **more: Any) -> tuple[str, str]:
    metadata = {
        "grant_types": ["client_credentials"],
        "response_types": [],
        "scope": "reports:read",
        "default_resource": f"{ISSUER}/api",
        **more,
    }
    created = home.house.clients.create(Actor.operator(), metadata)
    return created.client.client_id, created.secret.reveal() if created.secret else ""


def proof(home: Home, url: str = TOKEN_URL, *, method: str = "POST", **more: Any) -> str:
    key = more.pop("key", KEY)
    made: str = key.proof(url, method=method, now=home.clock.now(), **more)
    return made


def ask(home: Home, client: tuple[str, str], *proofs: str, **form: str) -> TestResponse:
    lines = [*basic(*client).items(), *(("DPoP", each) for each in proofs)]
    asked = {"grant_type": "client_credentials", **form}
    return home.client().post("/oauth/token", data=asked, headers=lines)


def token_of(home: Home, client: tuple[str, str]) -> str:
    answer = ask(home, client, proof(home))
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return str(answer.json["access_token"])


def is_refused(answer: TestResponse, code: str = "invalid_dpop_proof") -> bool:
    assert answer.json is not None
    return (answer.status_code, answer.json["error"]) == (400, code)


def test_a_proof_binds_the_token(home: Home) -> None:
    """§5 and §6.1: its type is DPoP, and it names the key; asked for or not."""
    for bound in (True, False):
        client = client_of(home, dpop_bound_access_tokens=bound)
        answer = ask(home, client, proof(home))
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        assert answer.json["token_type"] == "DPoP"
        claims = jwt.decode(answer.json["access_token"], options={"verify_signature": False})
        assert claims["cnf"] == {"jkt": KEY.jkt}


def test_without_a_proof_a_token_is_bearer(home: Home) -> None:
    """And no nonce is told to who proves nothing."""
    answer = ask(home, client_of(home))
    assert answer.json is not None
    assert answer.json["token_type"] == "Bearer"
    assert "DPoP-Nonce" not in answer.headers


def test_who_registered_for_bound_tokens_gets_no_other(home: Home) -> None:
    """§5.2: else a stolen client secret would still get tokens that anybody can use."""
    assert is_refused(ask(home, client_of(home, dpop_bound_access_tokens=True)))


@pytest.mark.each_case_on_each_database
def test_a_proof_is_good_once(home: Home) -> None:
    """Twenty at once: exactly one token; and none later, nor for another client."""
    client, made = client_of(home), proof(home)
    answers = at_once(lambda _: ask(home, client, made))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}
    assert is_refused(ask(home, client, made))
    assert is_refused(ask(home, client_of(home), made))


def test_two_keys_may_choose_one_jti(home: Home) -> None:
    """A stranger must not spend another client's proofs."""
    client = client_of(home)
    for key in (KEY, OTHER):
        assert ask(home, client, proof(home, key=key, jti="same")).status_code == 200


@pytest.mark.parametrize("jti", ["\ud800", "a\x00b"])
def test_a_jti_that_is_no_text_in_utf8(home: Home, jti: str) -> None:
    """Half a character can be said in JSON, and so can a NUL. No name is made of them, and they are
    no error of ours."""
    assert is_refused(ask(home, client_of(home), proof(home, jti=jti)))


BAD: dict[str, dict[str, Any]] = {
    "another URL": {"url": f"{ISSUER}/oauth/revoke"},
    "another server": {"url": "https://evil.example/oauth/token"},
    "another method": {"method": "GET"},
    "a private key in it": {"header": {"jwk": KEY.jwk() | {"d": "AAAA"}}},
    "another key than the one that signed": {"header": {"jwk": OTHER.jwk()}},
    "a client assertion": {"header": {"typ": "JWT"}},
    "no algorithm": {"header": {"alg": "none"}},
    "no jti": {"jti": None},
    "too old": {"iat": 1},
}


@pytest.mark.parametrize("what", BAD)
def test_bad_proofs_are_refused(home: Home, what: str) -> None:
    """400 invalid_dpop_proof, readable by a page of another origin; nothing says what was wrong."""
    answer = ask(home, client_of(home), proof(home, **BAD[what]))
    assert is_refused(answer)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    assert set(answer.json) == {"error", "error_description"}


def test_two_headers_are_refused(home: Home) -> None:
    """§4.3 point 1."""
    assert is_refused(ask(home, client_of(home), proof(home), proof(home)))


def test_the_host_header_does_not_choose_the_url(home: Home) -> None:
    """A proof that a client made for evil.example is not good here by naming that host."""
    made = proof(home, "http://localhost:8000/oauth/token")
    client = client_of(home)
    answer = home.client().post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={**basic(*client), "DPoP": made},
        base_url="http://localhost:8000",
    )
    assert is_refused(answer)


def test_the_client_is_proven_first(home: Home) -> None:
    """Whoever is no client spends nobody's proof."""
    client, made = client_of(home), proof(home)
    assert ask(home, (client[0], "wrong"), made).status_code == 401
    assert ask(home, client, made).status_code == 200


def test_a_nonce_comes_with_every_answer_to_a_proof(home: Home) -> None:
    """§8.2: good at once, and in the next window; then the client is told a new one."""
    client = client_of(home)
    nonce = ask(home, client, proof(home)).headers["DPoP-Nonce"]
    assert ask(home, client, "rubbish").headers["DPoP-Nonce"]
    assert ask(home, client, proof(home, nonce=nonce)).status_code == 200
    home.clock.let_pass(seconds=NONCE_SECONDS)
    assert ask(home, client, proof(home, nonce=nonce)).status_code == 200
    home.clock.let_pass(seconds=NONCE_SECONDS)
    answer = ask(home, client, proof(home, nonce=nonce))
    assert is_refused(answer, "use_dpop_nonce")
    fresh = answer.headers["DPoP-Nonce"]
    assert fresh != nonce
    assert ask(home, client, proof(home, nonce=fresh)).status_code == 200


def test_a_made_up_nonce_does_not_spend_the_proof(home: Home) -> None:
    """§8: use_dpop_nonce, and the jti may come back with the right nonce."""
    client = client_of(home)
    answer = ask(home, client, proof(home, jti="one", nonce="made-up"))
    assert is_refused(answer, "use_dpop_nonce")
    nonce = answer.headers["DPoP-Nonce"]
    assert ask(home, client, proof(home, jti="one", nonce=nonce)).status_code == 200


def test_a_nonce_outlives_the_rotation_of_secret_key(home: Home, make_home: MakeHome) -> None:
    """Each worker and each configured key knows it: nothing is stored."""
    client = client_of(home)
    nonce = ask(home, client, proof(home)).headers["DPoP-Nonce"]
    old = home.house.settings.secret_key.reveal()
    rotated = make_home(SECRET_KEY="tests-only-a-newer-Zr4mQ8vL2xT7pK9w", SECRET_KEY_FALLBACKS=old)
    assert ask(rotated, client, proof(rotated, nonce=nonce)).status_code == 200


def test_a_client_bound_to_its_certificate_must_show_it(home: Home) -> None:
    """RFC 8705 §3: closed where no certificate is known."""
    client = client_of(home, tls_client_certificate_bound_access_tokens=True)
    assert is_refused(ask(home, client), "invalid_request")


def test_our_own_api_asks_for_the_proof(home: Home) -> None:
    """/protected: as a bearer token it is refused, with a proof it passes once (§7)."""
    made = token_of(home, client_of(home))
    assert home.get("/protected", made).status_code == 401
    url = f"{ISSUER}/protected"
    good = proof(home, url, method="GET", token=made)
    headers = {"Authorization": f"DPoP {made}", "DPoP": good}
    assert home.client().get("/protected", headers=headers).status_code == 200
    again = home.client().get("/protected", headers=headers)
    assert again.status_code == 401
    assert again.headers["WWW-Authenticate"].startswith('DPoP algs="')
    assert 'error="invalid_dpop_proof"' in again.headers["WWW-Authenticate"]
    for bad in (
        proof(home, url, method="POST", token=made),
        proof(home, f"{ISSUER}/me", method="GET", token=made),
        proof(home, url, method="GET", token="another"),
        proof(home, url, method="GET", token=made, key=OTHER),
        "rubbish",
    ):
        headers = {"Authorization": f"DPoP {made}", "DPoP": bad}
        assert home.client().get("/protected", headers=headers).status_code == 401
    home.clock.let_pass(seconds=PROOF_SECONDS + 1)
    assert home.client().get("/protected", headers={**headers, "DPoP": good}).status_code == 401


def test_two_processes_remember_one_proof(home: Home, make_home: MakeHome) -> None:
    """Our own API asks the database, so that another worker knows what this one has seen."""
    made = token_of(home, client_of(home))
    good = proof(home, f"{ISSUER}/protected", method="GET", token=made)
    headers = {"Authorization": f"DPoP {made}", "DPoP": good}
    assert home.client().get("/protected", headers=headers).status_code == 200
    assert make_home().client().get("/protected", headers=headers).status_code == 401


def test_a_bearer_token_is_not_shown_as_dpop(home: Home) -> None:
    """A key of the sender's own choice proves nothing."""
    answer = ask(home, client_of(home))
    assert answer.json is not None
    made = answer.json["access_token"]
    shown = proof(home, f"{ISSUER}/protected", method="GET", token=made)
    headers = {"Authorization": f"DPoP {made}", "DPoP": shown}
    assert home.client().get("/protected", headers=headers).status_code == 401


def test_a_bound_token_in_the_cookie_is_refused(home: Home) -> None:
    """A cookie carries no proof."""
    made = token_of(home, client_of(home))
    client = home.client()
    client.set_cookie("portero_at", made)
    assert client.get("/protected").status_code == 401


def test_introspection_tells_the_key(home: Home) -> None:
    """§6.2."""
    client = client_of(home)
    made = token_of(home, client)
    told = home.client().post("/oauth/introspect", data={"token": made}, auth=client).json
    assert told is not None
    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": KEY.jkt})


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_a_page_of_another_origin_may_ask(home: Home, path: str) -> None:
    """The preflight lets the proof through, and the answer lets the nonce be read (§8)."""
    preflight = home.client().options(path, headers={"Origin": "https://app.example"})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Methods"] == "POST"
    allowed = preflight.headers["Access-Control-Allow-Headers"].split(", ")
    assert allowed == ["Authorization", "Content-Type", "DPoP"]
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    answer = home.client().post(path)
    assert "DPoP-Nonce" in answer.headers["Access-Control-Expose-Headers"]


def test_introspection_is_not_for_pages(home: Home) -> None:
    """No preflight: what asks about tokens is a server."""
    assert home.client().options("/oauth/introspect").status_code == 405


def test_metadata_tells_the_algorithms(home: Home) -> None:
    """§5.1: none that is symmetric."""
    told = home.client().get("/.well-known/oauth-authorization-server").json
    assert told is not None
    assert set(told["dpop_signing_alg_values_supported"]) == ASYMMETRIC_ALGS


def test_nonces_may_be_demanded(home: Home) -> None:
    """`nonce_required`: a proof without one is refused, and the right one is accepted (§8)."""
    house = home.house
    vault = Vault((house.settings.secret_key,))
    strict = Possession(db=house.db, clock=home.clock, vault=vault, nonce_required=True)
    client = house.clients.get(client_of(home)[0])

    def prove(**more: Any) -> Binding:
        call = ClientCall(Actor.operator(), Parameters({}), proofs=(proof(home, **more),))
        return strict.prove(call, client, urls=[TOKEN_URL])

    with pytest.raises(UseDpopNonce):
        prove()
    assert prove(nonce=strict.fresh_nonce()) == Binding(jkt=KEY.jkt)

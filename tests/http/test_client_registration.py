"""Applications register themselves (RFC 7591) and look after their registration (RFC 7592)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.core.clients import ClientState
from portero.core.provider.register.store import DIE_WITH_CLIENT
from portero.migrations.tables import all_tables
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwk import public_jwk
from tests.support.house import ISSUER, Home, MakeHome, bearer

PATH = "/oauth/register"
WEB = {"redirect_uris": ["https://rp.example/cb"], "client_name": "Notes"}


@pytest.fixture
def open_home(make_home: MakeHome) -> Home:
    return make_home(PORTERO_CLIENT_REGISTRATION="open")


def ask(home: Home, document: Any, token: str = "") -> TestResponse:
    return home.client().post(PATH, json=document, headers=bearer(token))


def registered(home: Home, **more: Any) -> Any:
    answer = ask(home, {**WEB, **more})
    assert answer.status_code == 201, answer.text
    return answer.json


def own(home: Home, method: str, told: Any, token: str | None = None, **more: Any) -> TestResponse:
    """A request to the registration's own URL, with its own token unless another is given."""
    url = told["registration_client_uri"].removeprefix(ISSUER)
    shown = told["registration_access_token"] if token is None else token
    return home.client().open(url, method=method, headers=bearer(shown), **more)


def refused(answer: TestResponse, status: int, code: str) -> str:
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    assert answer.json["error"] == code
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.json["error_description"])


def invited(home: Home, uses: int = 1, **lifetime: float) -> str:
    invitations = home.house.rooms.provider.client_invitations
    _, token = invitations.invite(
        Actor.operator(), uses=uses, lifetime=timedelta(**(lifetime or {"hours": 1}))
    )
    return token.reveal()


# RFC 7591


def test_it_is_off_by_default(home: Home) -> None:
    """No endpoint, and no word of one in the metadata."""
    assert ask(home, WEB).status_code == 404
    told = home.get("/.well-known/oauth-authorization-server").json
    assert told is not None
    assert "registration_endpoint" not in told


def test_the_metadata_names_it_when_it_is_on(open_home: Home) -> None:
    """RFC 8414 §2."""
    told = open_home.get("/.well-known/oauth-authorization-server").json
    assert told is not None
    assert told["registration_endpoint"] == ISSUER + PATH


def test_a_client_is_told_all_that_was_registered(open_home: Home) -> None:
    """RFC 7591 §3.2.1: 201, never cached, the id and secret, and every default."""
    answer = ask(open_home, {**WEB, "software_version": "3", "unheard_of": "ignored"})
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert told is not None
    assert told["client_secret_expires_at"] == 0
    assert told["client_id_issued_at"] > 0
    assert told["token_endpoint_auth_method"] == "client_secret_basic"  # a method
    assert (told["grant_types"], told["response_types"]) == (["authorization_code"], ["code"])
    assert told["redirect_uris"] == WEB["redirect_uris"]
    assert told["software_version"] == "3"
    assert "unheard_of" not in told
    assert len(told["registration_access_token"]) == 43  # 256 bits
    other = registered(open_home)
    assert other["client_id"] != told["client_id"]


def test_a_registered_client_is_nobody_that_an_operator_trusts(open_home: Home) -> None:
    """Consent hangs on this; whatever it says about itself."""
    told = registered(open_home, first_party=True, created_by="operator")
    client = open_home.house.clients.get(told["client_id"])
    assert (client.created_by, client.first_party) == ("dcr", False)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://rp.example/cb#here"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://rp.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["myapp://cb"], "application_type": "native"}, "invalid_redirect_uri"),
        ({**WEB, "grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({**WEB, "response_types": ["token"]}, "invalid_client_metadata"),
        (
            {**WEB, "grant_types": ["refresh_token"], "response_types": ["code"]},
            "invalid_client_metadata",
        ),
        (
            {**WEB, "jwks": {"keys": []}, "jwks_uri": "https://rp.example/jwks"},
            "invalid_client_metadata",
        ),
        ({**WEB, "initiate_login_uri": "http://rp.example/login"}, "invalid_client_metadata"),
        ({**WEB, "sector_identifier_uri": "http://rp.example/s"}, "invalid_client_metadata"),
        ({**WEB, "logo_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({**WEB, "policy_uri": "data:text/html,x"}, "invalid_client_metadata"),
        ({**WEB, "token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
    ],
)
def test_metadata_that_is_not_accepted(open_home: Home, document: Any, code: str) -> None:
    """RFC 7591 §3.2.2, with the member at fault."""
    assert refused(ask(open_home, document), 400, code)


@pytest.mark.parametrize("uri", ["https://rp.example/cb", "com.example.app:/cb"])
def test_native_clients_may_have_a_scheme_of_their_own(open_home: Home, uri: str) -> None:
    """RFC 8252 §7.1; and a web client may not."""
    assert registered(open_home, redirect_uris=[uri], application_type="native")
    web = ask(open_home, {"redirect_uris": [uri]})
    assert web.status_code == (201 if uri.startswith("https") else 400)


@pytest.mark.parametrize(
    "grant",
    [
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:openid:params:grant-type:ciba",
    ],
)
def test_registrants_get_no_grant_without_a_person_who_consents(
    open_home: Home, grant: str
) -> None:
    """The attack: register, and ask for a token to somebody's API in one's own name."""
    document = {"grant_types": [grant], "response_types": [], "scope": "openid"}
    assert "grant_types" in refused(ask(open_home, document), 400, "invalid_client_metadata")


def test_registrants_can_not_name_an_api_as_their_own(open_home: Home) -> None:
    """The attack: whose `default_resource` it is may introspect every token for it."""
    told = registered(open_home, default_resource="https://notes.example/api")
    assert "default_resource" not in told


def test_registrants_can_not_do_without_pkce(open_home: Home) -> None:
    """An exemption is an operator's to give."""
    answer = ask(open_home, {**WEB, "require_pkce": False})
    assert "require_pkce" in refused(answer, 400, "invalid_client_metadata")


def test_scopes_are_those_that_are_open_to_registrants(make_home: MakeHome) -> None:
    """Others are left out, and the answer says so; without any that is open, it is refused."""
    home = make_home(
        PORTERO_CLIENT_REGISTRATION="open", PORTERO_CLIENT_REGISTRATION_SCOPES="openid notes:read"
    )
    assert registered(home)["scope"] == "openid notes:read"
    assert registered(home, scope="notes:read admin")["scope"] == "notes:read"
    answer = ask(home, {**WEB, "scope": "admin"})
    assert "scope" in refused(answer, 400, "invalid_client_metadata")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"redirect_uris=x", "application/x-www-form-urlencoded"),
        (b'{"redirect_uris": ["https://rp.example/cb"]}', "text/plain"),
        (b"[]", "application/json"),
        (b'{"a": ', "application/json"),
        (b'{"client_name": "a", "client_name": "b"}', "application/json"),
        (b"[" * 50_000, "application/json"),
    ],
)
def test_the_body_is_one_json_object(open_home: Home, body: bytes, media_type: str) -> None:
    """RFC 7591 §3.1."""
    answer = open_home.client().post(PATH, data=body, content_type=media_type)
    refused(answer, 400, "invalid_client_metadata")


def test_a_body_over_its_cap_is_not_read(open_home: Home) -> None:
    """64 kB."""
    assert ask(open_home, {**WEB, "client_name": "x" * 70_000}).status_code == 413


def test_open_registration_is_limited_by_address(open_home: Home) -> None:
    """Twenty in an hour, good and bad ones."""
    for _ in range(20):
        ask(open_home, {})
    answer = ask(open_home, WEB)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_a_page_in_a_browser_may_register(open_home: Home) -> None:
    """The preflight and the answer allow every origin, and never with cookies."""
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    answer = open_home.client().options(PATH, headers=headers)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    for said in (answer, ask(open_home, WEB), ask(open_home, {})):
        assert said.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in said.headers


# Initial access tokens


@pytest.fixture
def token_home(make_home: MakeHome) -> Home:
    return make_home(PORTERO_CLIENT_REGISTRATION="token")


def test_an_initial_access_token_is_needed(token_home: Home) -> None:
    """RFC 7591 §3: none is 401 without an error, a wrong one 401 invalid_token (RFC 6750 §3.1)."""
    answer = ask(token_home, WEB)
    refused(answer, 401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    answer = ask(token_home, WEB, "wrong")
    refused(answer, 401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert ask(token_home, WEB, invited(token_home)).status_code == 201


def test_an_initial_access_token_is_good_for_its_uses(token_home: Home) -> None:
    """And what is wrong with the metadata costs none of them."""
    token = invited(token_home, uses=2)
    refused(ask(token_home, {}, token), 400, "invalid_redirect_uri")
    assert [ask(token_home, WEB, token).status_code for _ in range(3)] == [201, 201, 401]


def test_parallel_registrations_spend_no_use_twice(token_home: Home) -> None:
    """The race: ten at once with a token for three."""
    token, statuses = invited(token_home, uses=3), []

    def try_it() -> None:
        statuses.append(ask(token_home, WEB, token).status_code)

    threads = [threading.Thread(target=try_it) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] * 3 + [401] * 7
    assert len(token_home.house.clients.list_clients()) == 3


def test_an_initial_access_token_expires_and_can_be_withdrawn(token_home: Home) -> None:
    """Both end it."""
    old = invited(token_home, hours=1)
    token_home.clock.let_pass(hours=2)
    assert ask(token_home, WEB, old).status_code == 401
    token = invited(token_home)
    invitations = token_home.house.rooms.provider.client_invitations
    [live] = invitations.list_live()
    invitations.withdraw(Actor.operator(), live.id)
    assert ask(token_home, WEB, token).status_code == 401


def test_no_token_lies_in_clear_in_the_database(token_home: Home) -> None:
    """Initial and registration access tokens, and the secret."""
    token = invited(token_home, uses=2)
    told = ask(token_home, WEB, token).json
    assert told is not None

    def all_text(tx: sa.Connection) -> str:
        return repr([tx.execute(sa.select(table)).all() for table in all_tables().tables.values()])

    found = token_home.house.db.read(all_text)
    for secret in (token, told["registration_access_token"], told["client_secret"]):
        assert secret not in found


# RFC 7592


def test_a_client_reads_its_registration(open_home: Home) -> None:
    """RFC 7592 §2.1: the same again, but for the secret, of which only a hash is kept."""
    told = registered(open_home)
    answer = own(open_home, "GET", told)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    del told["client_secret"], told["client_secret_expires_at"]
    assert answer.json == told


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_its_own_token_opens_a_registration(open_home: Home, method: str) -> None:
    """RFC 7592 §2: none, a made-up one, and another client's are 401 alike; and so is an id that
    nobody has, or an operator's client."""
    told, other = registered(open_home), registered(open_home)
    operators = open_home.house.clients.create(Actor.operator(), WEB).client.client_id
    unknown = {**told, "registration_client_uri": f"{ISSUER}{PATH}?client_id=nobody"}
    operated = {**told, "registration_client_uri": f"{ISSUER}{PATH}?client_id={operators}"}
    nameless = {**told, "registration_client_uri": f"{ISSUER}{PATH}"}
    tries = [
        own(open_home, method, told, "", json=WEB),
        own(open_home, method, told, "made-up", json=WEB),
        own(open_home, method, told, other["registration_access_token"], json=WEB),
        own(open_home, method, told, told["client_secret"], json=WEB),
        *(own(open_home, method, each, json=WEB) for each in (unknown, operated, nameless)),
    ]
    for answer in tries:
        refused(answer, 401, "invalid_token")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert len(open_home.house.clients.list_clients()) == 3


def test_a_disabled_client_can_not_look_after_itself(open_home: Home) -> None:
    """An operator has put it away."""
    told = registered(open_home)
    open_home.house.clients.set_state(Actor.operator(), told["client_id"], ClientState.DISABLED)
    refused(own(open_home, "GET", told), 401, "invalid_token")


def replacement(told: Any, **more: Any) -> dict[str, Any]:
    return {"client_id": told["client_id"], **WEB, **more}


def test_a_replacement_resets_what_it_leaves_out(open_home: Home) -> None:
    """RFC 7592 §2.2."""
    told = registered(open_home, client_uri="https://rp.example/", contacts=["a@rp.example"])
    answer = own(open_home, "PUT", told, json=replacement(told, client_name="Notes 2"))
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert answer.json["client_name"] == "Notes 2"
    assert not {"client_uri", "contacts", "client_secret"} & set(answer.json)
    assert answer.json["registration_access_token"] == told["registration_access_token"]
    client = open_home.house.clients.get(told["client_id"])
    assert (client.metadata.client_name, client.metadata.contacts) == ("Notes 2", ())


@pytest.mark.parametrize(
    "more",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"client_secret": "chosen"},
        {"client_secret": ""},
        {"registration_access_token": "x"},
        {"registration_client_uri": "https://rp.example/"},
        {"client_secret_expires_at": 0},
        {"client_id_issued_at": 1},
    ],
)
def test_a_replacement_can_not_set_what_is_the_servers(open_home: Home, more: Any) -> None:
    """RFC 7592 §2.2: its id is there and its own, and its secret is not chosen by the client."""
    told = registered(open_home)
    answer = own(open_home, "PUT", told, json=replacement(told, **more))
    assert next(iter(more)) in refused(answer, 400, "invalid_client_metadata")


def test_a_replacement_may_repeat_the_secret(open_home: Home) -> None:
    """The secret that it has."""
    told = registered(open_home)
    repeated = replacement(told, client_secret=told["client_secret"])
    assert own(open_home, "PUT", told, json=repeated).status_code == 200


def test_a_replacement_is_no_way_to_more_rights(open_home: Home) -> None:
    """The same rules as at the door, each time."""
    told = registered(open_home)
    wider = replacement(told, require_pkce=False)
    refused(own(open_home, "PUT", told, json=wider), 400, "invalid_client_metadata")
    api = replacement(told, default_resource="https://notes.example/api", first_party=True)
    answer = own(open_home, "PUT", told, json=api)
    assert answer.json is not None
    assert not {"default_resource", "first_party"} & set(answer.json)


def test_a_client_that_begins_to_use_a_secret_gets_one(open_home: Home) -> None:
    """And one that stops has none that works."""
    told = registered(open_home, token_endpoint_auth_method="none")  # a method
    assert "client_secret" not in told
    answer = own(open_home, "PUT", told, json=replacement(told))
    assert answer.json is not None
    assert answer.json["client_secret"]
    public = replacement(told, token_endpoint_auth_method="none")
    assert own(open_home, "PUT", told, json=public).status_code == 200
    assert open_home.house.clients.get(told["client_id"]).secret_hash == ""


def test_a_deleted_client_is_gone_with_its_token(open_home: Home) -> None:
    """RFC 7592 §2.3: 204, and from then on 401."""
    told = registered(open_home)
    assert own(open_home, "DELETE", told).status_code == 204
    for method in ("GET", "PUT", "DELETE"):
        refused(own(open_home, method, told, json=replacement(told)), 401, "invalid_token")
    form = {"grant_type": "authorization_code", "code": "x"}
    answer = open_home.client().post(
        "/oauth/token", data=form, auth=(told["client_id"], told["client_secret"])
    )
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")  # type: ignore[index]  # it is JSON


def test_everything_of_a_deleted_client_dies(open_home: Home) -> None:
    """RFC 7592 §2.3: grants with their tokens, codes, consents and requests; nobody else's do."""
    ana = open_home.create("ana")
    mine, other = registered(open_home)["client_id"], registered(open_home)
    for client_id in (mine, other["client_id"]):
        open_home.house.db.write(partial(fill, client_id=client_id, account_id=ana.id))
    assert own(open_home, "DELETE", other).status_code == 204
    left = open_home.house.db.read(lambda tx: {name: owners(tx, name) for name in DIE_WITH_CLIENT})
    assert left == {name: {mine} for name in DIE_WITH_CLIENT}


# What names a client and outlives it: history; what a later status list still tells; the row that
# goes with it by itself, or with its grant; names that no client can learn any more.
OUTLIVES = {
    "audit_entries",
    "status_blocks",
    "registration_access_tokens",
    "refresh_tokens",
    "clients",
}


def test_every_table_that_names_a_client_is_thought_of() -> None:
    """A new table is deleted with its client, or is in the list above with a reason."""
    naming = {name for name, table in all_tables().tables.items() if "client_id" in table.c}
    assert naming == {*DIE_WITH_CLIENT, *OUTLIVES}


def fill(tx: sa.Connection, client_id: str, account_id: str) -> None:
    """One row in each table, whatever else its columns want."""
    for name in DIE_WITH_CLIENT:
        table = all_tables().tables[name]
        row = {column.name: value_for(column, client_id) for column in table.c}
        row |= {"client_id": client_id}
        row |= {"account_id": account_id} if "account_id" in table.c else {}
        tx.execute(table.insert().values(row))


def value_for(column: sa.Column[Any], client_id: str) -> Any:
    from datetime import UTC, datetime

    if column.type.__class__.__name__ == "UtcTime":
        return datetime(2030, 1, 1, tzinfo=UTC)
    if isinstance(column.type, sa.Boolean):
        return False
    if isinstance(column.type, sa.Integer):
        return 1
    return {} if column.type.__class__.__name__ == "_Json" else f"{client_id[-12:]}-x"


def owners(tx: sa.Connection, name: str) -> set[str]:
    return set(tx.execute(sa.select(all_tables().tables[name].c.client_id)).scalars())


def test_management_is_limited_by_address(open_home: Home) -> None:
    """Sixty requests in a minute."""
    told = registered(open_home)
    for _ in range(60):
        own(open_home, "GET", told, "made-up")
    answer = own(open_home, "GET", told)
    assert answer.status_code == 429


# Software statements (RFC 7591 §2.3)

TRUST = "https://trust.example"


@pytest.fixture
def signer() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def trusting(make_home: MakeHome, tmp_path: Path, signer: ec.EllipticCurvePrivateKey) -> Home:
    key = public_jwk(signer.public_key(), kid="1", alg=SigningAlg.ES256)
    (tmp_path / "trust.json").write_text(json.dumps({"keys": [key]}))
    return make_home(
        PORTERO_CLIENT_REGISTRATION="open",
        PORTERO_SOFTWARE_STATEMENT_ISSUERS=f"{TRUST}={tmp_path / 'trust.json'}",
    )


def statement(key: Any, alg: str = "ES256", headers: Any = None, **claims: Any) -> str:
    payload = {"iss": TRUST, "software_id": "notes", **claims}
    return jwt.encode(payload, key, algorithm=alg, headers={"kid": "1", **(headers or {})})


def test_what_a_software_statement_says_counts_more(
    trusting: Home, signer: ec.EllipticCurvePrivateKey
) -> None:
    """Over the document beside it; and it is told again, unmodified (§3.2.1)."""
    signed = statement(signer, client_name="Signed", redirect_uris=["https://signed.example/cb"])
    told = registered(trusting, software_statement=signed, client_name="Said")
    assert told["client_name"] == "Signed"
    assert told["redirect_uris"] == ["https://signed.example/cb"]
    assert told["software_id"] == "notes"
    assert told["software_statement"] == signed


def test_a_software_statement_gives_no_privileges(
    trusting: Home, signer: ec.EllipticCurvePrivateKey
) -> None:
    """Who signs software does not run this server."""
    signed = statement(signer, require_pkce=False)
    refused(ask(trusting, {**WEB, "software_statement": signed}), 400, "invalid_client_metadata")


def test_a_software_statement_of_a_stranger_is_not_approved(
    trusting: Home, open_home: Home, signer: ec.EllipticCurvePrivateKey
) -> None:
    """Whoever signed it; and of everybody where nobody is trusted."""
    for home, issuer in ((trusting, "https://other.example"), (open_home, TRUST)):
        document = {**WEB, "software_statement": statement(signer, iss=issuer)}
        refused(ask(home, document), 400, "unapproved_software_statement")


def test_a_bad_software_statement_is_refused(
    trusting: Home, signer: ec.EllipticCurvePrivateKey
) -> None:
    """Forged, no text, or about no software: an assertion about a person of the same issuer."""
    stranger = ec.generate_private_key(ec.SECP256R1())
    nothing = jwt.encode({"iss": TRUST, "sub": "ana"}, signer, "ES256", headers={"kid": "1"})
    for each in (statement(stranger), 7, nothing):
        document = {**WEB, "software_statement": each}
        refused(ask(trusting, document), 400, "invalid_software_statement")


def test_a_key_file_that_holds_none_stops_the_start(make_home: MakeHome, tmp_path: Path) -> None:
    """In one sentence that names the setting."""
    (tmp_path / "trust.json").write_text("{}")
    with pytest.raises(Exception, match="PORTERO_SOFTWARE_STATEMENT_ISSUERS"):
        make_home(PORTERO_SOFTWARE_STATEMENT_ISSUERS=f"{TRUST}={tmp_path / 'trust.json'}")


# Sectors (OpenID Connect Registration §5)


@pytest.fixture
def sector() -> Iterator[tuple[str, list[str]]]:
    """A server with a sector's document: its URL, and what it lists."""
    listed: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(listed).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/sector.json", listed
    server.shutdown()
    server.server_close()


def test_a_sector_lists_every_redirect_uri(open_home: Home, sector: tuple[str, list[str]]) -> None:
    """The attack: join somebody's sector and learn its pairwise subjects."""
    url, listed = sector
    hosts = ["https://a.example/cb", "https://b.example/cb"]
    asked = {"redirect_uris": hosts, "subject_type": "pairwise"}
    refused(ask(open_home, asked), 400, "invalid_client_metadata")
    asked["sector_identifier_uri"] = url
    listed[:] = hosts[:1]
    said = refused(ask(open_home, asked), 400, "invalid_client_metadata")
    assert "sector_identifier_uri" in said
    listed[:] = hosts
    assert ask(open_home, asked).status_code == 201


def test_a_sector_behind_the_firewall_is_not_asked(open_home: Home) -> None:
    """The attack: the cloud's metadata service as a sector."""
    document = {**WEB, "sector_identifier_uri": "https://169.254.169.254/latest"}
    refused(ask(open_home, document), 400, "invalid_client_metadata")

"""Registering, reading, rotating, disabling and deleting clients."""

from __future__ import annotations

import base64
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from portero.core.audit import Actor, Origin
from portero.core.clients import (
    Client,
    ClientChanged,
    ClientHasNoSecret,
    ClientIdReserved,
    ClientIdTaken,
    ClientState,
    CreatedBy,
    CreatedClient,
    NoSuchClient,
    rules,
)
from portero.core.clients.errors import FirstPartyNotAllowed, InvalidClientId
from portero.core.clients.store import clients as table
from portero.kit.db import Database
from portero.kit.refusals import Conflict
from portero.kit.secrets import Secret, fingerprint
from portero.kit.vault import Unsealable, Vault
from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from portero.protocol.oauth.metadata_policy import MetadataPolicy
from tests.unit.core.clients.conftest import HandClock, Process

OPERATOR = Actor.operator()
WEB: dict[str, Any] = {"redirect_uris": ["https://rp.example/cb"], "client_name": "Shop"}
JWKS_URI = "https://rp.example/jwks"


def revealed(created: CreatedClient) -> str:
    assert created.secret is not None
    return created.secret.reveal()


def test_a_created_client_is_read_back_as_it_was(here: Process) -> None:
    """Every field, by value."""
    made = here.clients.create(OPERATOR, WEB, client_id="shop-1", first_party=True)
    found = here.clients.get("shop-1")
    assert found == made.client
    assert found.first_party
    assert found.is_active
    assert found.created_by == "operator"
    assert found.metadata.client_name == "Shop"


def test_the_registration_answer_is_that_of_the_spec(here: Process) -> None:
    """RFC 7591 §3.2.1: id, secret, their times, and the metadata with its defaults."""
    made = here.clients.create(OPERATOR, WEB)
    answer = here.clients.register_json(made)
    assert answer["client_id"] == made.client.client_id
    assert answer["client_id_issued_at"] == int(here.clock.now().timestamp())
    assert answer["client_secret"] == revealed(made)
    assert answer["client_secret_expires_at"] == 0
    assert answer["redirect_uris"] == WEB["redirect_uris"]
    assert answer["token_endpoint_auth_method"] == "client_secret_basic"
    assert answer["require_pkce"] is True


def test_a_secret_has_256_bits_and_only_its_hash_is_stored(here: Process) -> None:
    """Nor does it show in the value's text."""
    made = here.clients.create(OPERATOR, WEB)
    secret = revealed(made)
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32
    rows = str(here.db.read(lambda tx: tx.execute(sa.select(table)).all()))
    assert fingerprint(secret) in rows
    assert secret not in rows
    assert secret not in repr(made)
    assert made.client.secret_hash not in repr(made)
    assert made.client.secret_sealed == ""


@pytest.mark.parametrize(
    "members",
    [
        {"token_endpoint_auth_method": "none"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": JWKS_URI},
        {"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks_uri": JWKS_URI},
        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "rp.example"},
    ],
)
def test_other_methods_get_no_secret(here: Process, members: dict[str, str]) -> None:
    """And no text is their secret, not even the empty one (CVE-2026-44476)."""
    made = here.clients.create(OPERATOR, {**WEB, **members})
    assert made.secret is None
    assert "client_secret" not in here.clients.register_json(made)
    assert "client_secret_expires_at" not in here.clients.register_json(made)
    assert made.client.secret_hash == ""
    assert not rules.is_secret_of(made.client, given="")
    with pytest.raises(ClientHasNoSecret):
        here.clients.rotate_secret(OPERATOR, made.client.client_id)


def test_only_the_very_secret_is_right(here: Process) -> None:
    """CVE-2026-44476: an empty or other secret is not."""
    made = here.clients.create(OPERATOR, WEB)
    secret = revealed(made)
    assert rules.is_secret_of(made.client, given=secret)
    for wrong in ("", secret[:-1], secret + " ", made.client.secret_hash):
        assert not rules.is_secret_of(made.client, given=wrong)


@pytest.mark.parametrize(
    "members",
    [
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"id_token_signed_response_alg": "HS256"},
        {"userinfo_signed_response_alg": "HS256"},
    ],
)
def test_a_secret_that_is_an_hmac_key_can_be_read(here: Process, members: dict[str, str]) -> None:
    """Sealed in the table, for that client alone."""
    made = here.clients.create(OPERATOR, {**WEB, **members})
    found = here.clients.get(made.client.client_id)
    assert revealed(made) not in found.secret_sealed
    assert here.clients.readable_secret(found).reveal() == revealed(made)
    other = here.clients.create(OPERATOR, WEB).client
    with pytest.raises(ClientHasNoSecret):
        here.clients.readable_secret(other)
    with pytest.raises(Unsealable):
        here.clients.readable_secret(_with_sealed(other, found.secret_sealed))


def _with_sealed(client: Client, sealed: str) -> Client:
    values = {name: getattr(client, name) for name in Client.__slots__}
    return Client(**{**values, "secret_sealed": sealed})


def test_reseal_moves_secrets_to_the_present_key(url: str, clock: HandClock) -> None:
    """After `portero keys reencrypt` the old SECRET_KEY is not needed any more."""
    old, new = Secret("o" * 32), Secret("n" * 32)
    db = Database(url)
    hmac = {**WEB, "id_token_signed_response_alg": "HS256"}
    made = Process(db, clock, Vault([old])).clients.create(OPERATOR, hmac)
    Process(db, clock, Vault([old])).clients.create(OPERATOR, WEB)
    both = Process(db, clock, Vault([new, old])).clients
    assert both.reseal() == 1
    assert both.reseal() == 0
    alone = Process(db, clock, Vault([new])).clients
    found = alone.get(made.client.client_id)
    assert alone.readable_secret(found).reveal() == revealed(made)
    db.dispose()


def test_a_client_id_is_taken_once(here: Process) -> None:
    """The second comer changes nothing."""
    made = here.clients.create(OPERATOR, WEB, client_id="shop")
    with pytest.raises(ClientIdTaken):
        here.clients.create(OPERATOR, {**WEB, "client_name": "Thief"}, client_id="shop")
    assert here.clients.get("shop") == made.client


@pytest.mark.parametrize(
    "client_id",
    ["", "a b", "a:b", "https://rp.example/", "-a", "a\n", "é", "a" * 256, "\ud800"],
)
def test_ids_are_plain(here: Process, client_id: str) -> None:
    """So never a URL (those are Client ID Metadata Documents), nor what Basic would split."""
    with pytest.raises(InvalidClientId):
        here.clients.create(OPERATOR, WEB, client_id=client_id)
    with pytest.raises(NoSuchClient):
        here.clients.get(client_id)


@pytest.mark.parametrize("client_id", ["portero", "Portero"])
def test_the_built_in_client_is_out_of_reach(here: Process, client_id: str) -> None:
    """Nobody registers, disables, deletes it or gives it a secret."""
    for verb in (
        lambda: here.clients.create(OPERATOR, WEB, client_id=client_id),
        lambda: here.clients.delete(OPERATOR, client_id),
        lambda: here.clients.rotate_secret(OPERATOR, client_id),
        lambda: here.clients.set_state(OPERATOR, client_id, ClientState.DISABLED),
    ):
        with pytest.raises(ClientIdReserved):
            verb()
    built_in = here.clients.get("portero")
    assert built_in.first_party
    assert built_in.metadata.grant_types == ()
    assert not rules.is_secret_of(built_in, given="")


def test_registrants_do_not_name_themselves_first_party(here: Process) -> None:
    """Only an operator may: first-party clients can skip consent."""
    actor = Actor.anonymous(Origin())
    with pytest.raises(FirstPartyNotAllowed):
        here.clients.create(actor, WEB, first_party=True, created_by=CreatedBy.DCR)
    made = here.clients.create(actor, {**WEB, "first_party": True}, created_by=CreatedBy.DCR).client
    assert not made.first_party
    assert made.created_by == "dcr"


def test_registrants_may_get_a_narrower_policy(here: Process) -> None:
    """What an operator may waive, they may not; and a refusal leaves nothing behind."""
    narrow = MetadataPolicy(pkce_waivable=False)
    waived = {**WEB, "require_pkce": False}
    with pytest.raises(InvalidClientMetadata):
        here.clients.create(OPERATOR, waived, created_by=CreatedBy.DCR, policy=narrow)
    assert here.clients.list_clients() == []
    assert here.kinds() == []
    assert here.clients.create(OPERATOR, waived).client.metadata.require_pkce is False


def test_lists_are_pages_in_the_order_of_ids(here: Process) -> None:
    """Each client once; the built-in one is not among them."""
    for name in ("c", "a", "b"):
        here.clients.create(OPERATOR, WEB, client_id=name)
    first = [client.client_id for client in here.clients.list_clients(limit=2)]
    rest = [client.client_id for client in here.clients.list_clients(after=first[-1])]
    assert (first, rest) == (["a", "b"], ["c"])


def test_a_rotated_secret_replaces_the_old_one(here: Process) -> None:
    """The old one is dead at once, the sealed copy goes along."""
    here.clients.create(OPERATOR, {**WEB, "id_token_signed_response_alg": "HS256"}, client_id="a")
    old = here.clients.get("a")
    here.clock.move(60)
    rotated = here.clients.rotate_secret(OPERATOR, "a")
    found = here.clients.get("a")
    assert found == rotated.client
    assert found.secret_hash != old.secret_hash
    assert found.updated_at > found.created_at
    assert rules.is_secret_of(found, given=revealed(rotated))
    assert here.clients.readable_secret(found).reveal() == revealed(rotated)


def test_of_rotations_at_once_only_living_secrets_are_told(here: Process) -> None:
    """Whoever was told a secret holds the present one, or rotated before another did."""
    here.clients.create(OPERATOR, WEB, client_id="a")
    start, told, refused = threading.Barrier(8), list[str](), list[Conflict]()

    def rotate() -> None:
        start.wait()
        try:
            told.append(fingerprint(revealed(here.clients.rotate_secret(OPERATOR, "a"))))
        except ClientChanged as error:
            refused.append(error)

    threads = [threading.Thread(target=rotate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) + len(refused) == 8
    assert here.clients.get("a").secret_hash in told
    assert here.kinds().count("client.secret_rotated") == len(told)


def test_disabling_is_recorded_once(here: Process) -> None:
    """The same state again is no event."""
    here.clients.create(OPERATOR, WEB, client_id="a")
    assert not here.clients.set_state(OPERATOR, "a", ClientState.DISABLED).is_active
    assert not here.clients.set_state(OPERATOR, "a", ClientState.DISABLED).is_active
    assert here.clients.set_state(OPERATOR, "a", ClientState.ACTIVE).is_active
    kinds = ["client.state_changed", "client.state_changed", "client.created"]
    assert here.kinds() == kinds


def test_a_deleted_client_is_gone(here: Process) -> None:
    """And the log says who it was."""
    here.clients.create(OPERATOR, WEB, client_id="a")
    here.clients.delete(OPERATOR, "a")
    with pytest.raises(NoSuchClient):
        here.clients.get("a")
    for verb in (
        lambda: here.clients.delete(OPERATOR, "a"),
        lambda: here.clients.rotate_secret(OPERATOR, "a"),
        lambda: here.clients.set_state(OPERATOR, "a", ClientState.ACTIVE),
    ):
        with pytest.raises(NoSuchClient):
            verb()
    newest = here.audit.list_entries()[0]
    assert (newest.kind, newest.client_id) == ("client.deleted", "a")


def test_what_is_shown_of_a_client_holds_no_secret(here: Process) -> None:
    """For lists and pages."""
    made = here.clients.create(OPERATOR, WEB, client_id="a")
    shown = rules.client_json(made.client)
    assert (shown["client_id"], shown["state"]) == ("a", "active")
    assert revealed(made) not in str(shown)
    assert made.client.secret_hash not in str(shown)

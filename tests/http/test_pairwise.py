"""Pairwise subjects (OpenID Connect Core §8.1): whom they are told, and that they hide nobody from
this server itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero.core.audit import Actor
from tests.http.test_oauth_service import introspected
from tests.support.house import Home, MakeHome
from tests.support.relying_party import RelyingParty, claims_of, relying_party

pytestmark = pytest.mark.sqlite_alone


OFFLINE = "openid offline_access"


def pairwise_party(home: Home) -> tuple[RelyingParty, str]:
    """An application that somebody let in for longer than the session, and its access token."""
    rp = relying_party(home, subject_type="pairwise")
    return rp, str(rp.sign_in(scope=OFFLINE)["access_token"])


def is_active(home: Home, rp: RelyingParty, token: str) -> bool:
    return introspected(home, (rp.client_id, rp.secret), token)["active"] is True


def test_tokens_of_a_deleted_account_are_dead_wherever_they_are_shown(make_home: MakeHome) -> None:
    """With the account its pairwise names are gone, and a process that never met one can't trace it
    any more: a name of nobody's is not somebody's."""
    home, other = make_home(), make_home()
    account = home.create("ana")
    rp, token = pairwise_party(home)
    home.house.rooms.account_admin.delete(Actor.operator(), account.id)
    other.house.feed.poll()
    assert not is_active(home, rp, token)
    assert not is_active(other, rp, token)


def test_a_client_that_turns_public_hides_nobody(home: Home) -> None:
    """Attack: change the subject type (RFC 7592), so that the old names are traced to no account,
    and keep the tokens of somebody who is disabled."""
    account = home.create("ana")
    rp, token = pairwise_party(home)
    clients = home.house.clients
    old = clients.get(rp.client_id)
    new = replace(old, metadata=replace(old.metadata, subject_type="public"))
    assert home.house.db.write(lambda tx: clients.replace(tx, Actor.operator(), old, new))
    clients.announce(rp.client_id, home.clock.now())
    assert is_active(home, rp, token)
    home.clock.let_pass(seconds=2)
    home.house.rooms.account_admin.disable(Actor.operator(), account.id)
    assert not is_active(home, rp, token)


def test_programs_on_loopback_are_no_sector(home: Home) -> None:
    """Any program can listen there: one must not be told the other's names. Two clients at one host
    of their own are a sector."""
    home.create("ana")

    def told(redirect_uri: str) -> str:
        rp = relying_party(home, subject_type="pairwise", redirect_uris=[redirect_uri])
        return str(claims_of(rp.sign_in(scope="openid")["id_token"])["sub"])

    assert told("http://127.0.0.1/a") != told("http://127.0.0.1/b")
    assert told("https://app.example/a") == told("https://app.example/b")

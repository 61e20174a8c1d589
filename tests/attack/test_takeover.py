"""Ways to keep an account that its owner has taken back, or to own an address that is not one's."""

from __future__ import annotations

from werkzeug.test import TestResponse

from portero.core.audit import Actor
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, bearer

OWNER = "ana@example.org"
THIEF = "thief@example.org"


def send(home: Home, path: str, **body: str) -> TestResponse:
    return home.client().post(path, json=body)


def test_a_thiefs_mail_link_dies_with_the_owners_reset(home: Home) -> None:
    """Sign in, claim another mailbox, read the owner's mail that allows it, be thrown out by a
    reset, open the link: nothing."""
    home.create("ana", OWNER)
    access = home.log_in()["access_token"]
    home.client().patch("/me", json={"email": THIEF}, headers=bearer(access))
    home.house.rooms.email.allow_move(Actor.system(), home.mailed_token("/allow-new-email"))
    thiefs = home.mailed_token("/verify-email")

    home.post("/password/forgot", username="ana")
    owners = home.mailed_token("/reset-password")
    reset = send(home, "/password/reset", token=owners, new_password=OTHER_PASSWORD)
    assert reset.status_code == 204, reset.text

    assert send(home, "/email/verify", token=thiefs).status_code == 422
    me = home.get("/me", home.log_in(password=OTHER_PASSWORD)["access_token"])
    assert me.json is not None
    assert (me.json["email"], me.json["email_verified"]) == (OWNER, True)


def test_an_open_reset_link_dies_with_a_change_of_password(home: Home) -> None:
    """Whoever reads the owner's old mail later can't undo the change."""
    home.create("ana", OWNER)
    home.post("/password/forgot", username="ana")
    link = home.mailed_token("/reset-password")
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    changed = home.post("/password/change", home.log_in()["access_token"], **body)
    assert changed.status_code == 200
    late = send(home, "/password/reset", token=link, new_password="a third one of my own")
    assert late.status_code == 422


def test_a_claim_beside_a_proof_never_becomes_a_proven_address(home: Home) -> None:
    """The claim looked before the proof committed; its address must not inherit the proof."""
    home.register("ana", email="ana@example.org")
    stale = home.house.rooms.accounts.get_by_name("ana")
    proven = send(home, "/email/verify", token=home.mailed_token("/verify-email"))
    assert proven.status_code == 200, proven.text

    home.house.rooms.email.claim(Actor.system(), stale, "ceo@victim.example")
    now = home.house.rooms.accounts.get_by_name("ana")
    assert (now.email, now.email_verified) == ("ana@example.org", True)


def test_a_name_that_is_an_accounts_id_is_not_taken_for_it(home: Home) -> None:
    """`portero users disable ID` must mean the account of that id."""
    victim = home.register("ana")
    home.register(victim["id"])
    assert home.house.rooms.accounts.get_by_name(victim["id"]).username == "ana"

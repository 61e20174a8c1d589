"""Ways to keep an account that its owner has taken back, or to own an address that is not one's."""

from __future__ import annotations

import re
from typing import Any

from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.core.authenticators import FactorKind
from tests.support.authenticator_app import enrolled_app
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, bearer
from tests.support.relying_party import fields

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


def moved_away(home: Home) -> str:
    """The thief, who has been in for a month, moves the address; the owner's way back."""
    home.clock.let_pass(days=30)
    rooms, account = home.house.rooms, home.house.rooms.accounts.get_by_name("ana")
    rooms.email.claim(Actor.system(), account, THIEF)
    rooms.email.allow_move(Actor.system(), home.mailed_token("/allow-new-email"))
    home.deliver()
    rooms.email.verify(Actor.system(), home.mailed_token("/verify-email"))
    return home.mailed_token("/take-back-email")


def take_back(home: Home, token: str, *kept: str) -> str:
    """The page's text; then its button."""
    browser = home.client()
    page = browser.get(f"/take-back-email?token={token}")
    form = {**fields(page), "kept": list(kept)}
    assert browser.post("/take-back-email", data=form).status_code == 200
    return page.text


def chosen(home: Home) -> Any:
    """A new password by the mail that comes then, and a sign-in with it."""
    reset = home.mailed_token("/reset-password")
    home.house.rooms.recovery.use(Actor.system(), reset, OTHER_PASSWORD)
    return home.post("/login", username="ana", password=OTHER_PASSWORD)


def enrolled_by_thief(home: Home) -> str:
    """After the move; its id."""
    rooms, now = home.house.rooms, home.clock.now()
    account_id = rooms.accounts.get_by_name("ana").id
    made = rooms.authenticators.db.write(
        lambda tx: rooms.authenticators.add_in(
            tx, Actor.operator(), account_id, FactorKind.TOTP, "late", now=now
        )
    )
    return made.id


def test_what_a_thief_enrolled_a_month_ago_does_not_survive_taking_back(home: Home) -> None:
    """However long he was in: what the owner does not tick is gone."""
    home.create("ana", OWNER)
    enrolled_app(home)
    token = moved_away(home)
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    assert "Phone" in take_back(home, token)
    assert home.house.rooms.authenticators.list_of(account_id) == ()


def test_taking_back_is_no_way_around_the_second_factor(home: Home) -> None:
    """The other attack: the owner left a mailbox that others read, and they tick nothing. Password
    and mailbox are not enough for three days."""
    home.create("ana", OWNER)
    enrolled_app(home)
    take_back(home, moved_away(home))
    refused = chosen(home)
    assert (refused.status_code, refused.json["code"]) == (403, "mailbox_alone")
    home.clock.let_pass(hours=72)
    assert home.post("/login", username="ana", password=OTHER_PASSWORD).status_code == 200


def test_a_factor_of_today_makes_the_mailbox_that_was_left_wait_too(home: Home) -> None:
    """The attack: the owner moved away from a mailbox that somebody else reads now, and enrolled an
    app only then. The thief opens the link: no way in for three days, and the owner hears of it."""
    home.create("ana", OWNER)
    token = moved_away(home)
    enrolled_app(home)
    assert "kept" not in take_back(home, token)
    home.deliver()
    told = [mail for mail in home.mails() if f"To: {THIEF}" in mail]
    assert "taken back with its former mail address" in told[-1]
    refused = chosen(home)
    assert (refused.status_code, refused.json["code"]) == (403, "mailbox_alone")


def test_what_the_owner_keeps_is_still_owed(home: Home) -> None:
    """And an id that was not on the page keeps nothing."""
    home.create("ana", OWNER)
    app = enrolled_app(home)
    token = moved_away(home)
    page = home.client().get(f"/take-back-email?token={token}").text
    (app_id,) = re.findall(r'name="kept" value="([^"]+)"', page)
    take_back(home, token, app_id, enrolled_by_thief(home))
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    assert [each.id for each in home.house.rooms.authenticators.list_of(account_id)] == [app_id]
    owed = chosen(home)
    assert owed.json["factors"] == ["totp"]
    body = {"auth_session": owed.json["auth_session"], "factor": "totp", "code": app.next_code()}
    assert home.post("/login/continue", **body).status_code == 200


def test_where_nothing_was_enrolled_the_owner_is_back_at_once(home: Home) -> None:
    """No wait for whom no factor protected."""
    home.create("ana", OWNER)
    token = moved_away(home)
    assert "kept" not in take_back(home, token)
    assert chosen(home).status_code == 200

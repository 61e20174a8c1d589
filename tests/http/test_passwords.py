"""Changing, forgetting, resetting, importing and upgrading passwords."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import bcrypt
import pytest
import sqlalchemy as sa
from werkzeug.security import generate_password_hash

from portero.core.accounts.flows import NewAccount
from portero.core.audit import Actor
from portero.core.factors.password.store import passwords
from portero.core.outbox.store import outbox_jobs
from portero.kit.secrets import Secret
from tests.support.hashing import full_hash_queue
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome, bearer

THIRD_PASSWORD = "quiet harbour rope umbrella"
EMAIL = "ana@example.org"

# What is decided before any statement runs is tried on one database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def code_of(answer: Any) -> str:
    assert answer.json is not None, answer.text
    return str(answer.json["code"])


def faults_of(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(fault["name"], fault["code"]) for fault in answer.json["errors"]]


def logs_in(home: Home, username: str, password: str) -> bool:
    return home.post("/login", username=username, password=password).status_code == 200


def opens(home: Home, access_token: str) -> bool:
    return home.get("/protected", access_token).status_code == 200


def encoding_of(home: Home, account_id: str) -> str:
    query = sa.select(passwords.c.encoded).where(passwords.c.account_id == account_id)
    return str(home.house.db.read(lambda tx: tx.execute(query).scalar_one()))


def queued(home: Home) -> int:
    count = sa.select(sa.func.count()).select_from(outbox_jobs)
    return int(home.house.db.read(lambda tx: tx.execute(count).scalar_one()))


def link_after_forgetting(home: Home, username: str = "ana") -> str:
    assert home.post("/password/forgot", username=username).status_code == 202
    return home.mailed_token("/reset-password")


def reset(home: Home, token: str, new_password: str = OTHER_PASSWORD) -> Any:
    return home.client().post(
        "/password/reset", json={"token": token, "new_password": new_password}
    )


def verify(home: Home, token: str) -> Any:
    return home.client().post("/email/verify", json={"token": token})


# --- changing -----------------------------------------------------------------------------------


def test_a_change_renews_this_session_and_ends_the_others(home: Home) -> None:
    """Copies of the old tokens are worth nothing, this session's own included; the owner is told
    by mail."""
    home.create("ana", EMAIL)
    other, here = home.log_in(), home.log_in()
    answer = home.post(
        "/password/change",
        here["access_token"],
        current_password=PASSWORD,
        new_password=OTHER_PASSWORD,
    )
    assert answer.status_code == 200
    assert answer.json is not None
    assert opens(home, answer.json["access_token"])
    for old in (other, here):
        assert not opens(home, old["access_token"])
        assert home.post("/refresh", refresh_token=old["refresh_token"]).status_code == 401
    assert home.post("/refresh", refresh_token=answer.json["refresh_token"]).status_code == 200
    assert not logs_in(home, "ana", PASSWORD)
    assert logs_in(home, "ana", OTHER_PASSWORD)
    home.deliver()
    assert [mail for mail in home.mails() if f"To: {EMAIL}" in mail]


def test_a_wrong_present_password_is_a_fault_of_its_field(home: Home) -> None:
    """422 and not 401, which would make a client throw its good token away."""
    home.register()
    token = home.log_in()["access_token"]
    answer = home.post(
        "/password/change", token, current_password="not the right one", new_password=OTHER_PASSWORD
    )
    assert faults_of(answer) == [("current_password", "wrong")]
    assert opens(home, token)
    assert logs_in(home, "ana", PASSWORD)


@on_sqlite
@pytest.mark.parametrize(
    ("new_password", "code"),
    [
        ("too short", "too_short"),
        ("x" * 257, "too_long"),
        ("passwordpassword", "guessable"),
        ("anaportero12345", "contains_context"),
        (PASSWORD, "reused"),
    ],
)
def test_a_new_password_that_the_policy_refuses_is_told_why(
    home: Home, new_password: str, code: str
) -> None:
    """Each fault by a stable code, on `new_password`; nothing changes."""
    home.register()
    token = home.log_in()["access_token"]
    answer = home.post(
        "/password/change", token, current_password=PASSWORD, new_password=new_password
    )
    assert faults_of(answer) == [("new_password", code)]
    assert opens(home, token)
    assert logs_in(home, "ana", PASSWORD)


def test_only_a_token_can_change_a_password(home: Home) -> None:
    """Knowing the present one is not enough: that would be a login without its gates."""
    home.register()
    answer = home.post("/password/change", current_password=PASSWORD, new_password=OTHER_PASSWORD)
    assert answer.status_code == 401


# --- forgetting and resetting -------------------------------------------------------------------


def test_forgetting_answers_alike_for_every_name(home: Home) -> None:
    """Known or not, proven address or not, well-formed or not: 202, one sentence, and one job in
    the outbox, so that neither text nor time tells."""
    home.create("ana", EMAIL)
    home.register("ben", email="ben@example.org")
    answers, jobs = [], []
    for name in ("ana", EMAIL, "ben", "ben@example.org", "nobody", "a b\u0000c", "", "@"):
        answer = home.post("/password/forgot", username=name)
        answers.append((answer.status_code, answer.json))
        jobs.append(queued(home))
    assert answers[0][0] == 202
    assert all(answer == answers[0] for answer in answers)
    assert [later - earlier for earlier, later in pairwise(jobs)] == [1] * 7


def test_only_a_proven_mailbox_gets_a_reset_link(home: Home) -> None:
    """An address that was merely typed at registration must not open the account."""
    home.register("ben", email="ben@example.org")
    home.deliver()
    before = len(home.mails())
    for name in ("ben", "ben@example.org", "nobody"):
        home.post("/password/forgot", username=name)
    home.deliver()
    assert len(home.mails()) == before


def test_a_reset_sets_the_password_and_ends_every_session(home: Home) -> None:
    """By name or by address; the owner is told."""
    home.create("ana", EMAIL)
    tokens = home.log_in()
    answer = reset(home, link_after_forgetting(home, EMAIL))
    assert answer.status_code == 204
    assert not opens(home, tokens["access_token"])
    assert home.post("/refresh", refresh_token=tokens["refresh_token"]).status_code == 401
    assert not logs_in(home, "ana", PASSWORD)
    assert logs_in(home, "ana", OTHER_PASSWORD)
    sent = len(home.mails())
    home.deliver()
    assert len(home.mails()) == sent + 1


def test_a_reset_link_works_once(home: Home) -> None:
    """A used link is worth nothing to whoever finds it in a mailbox."""
    home.create("ana", EMAIL)
    token = link_after_forgetting(home)
    assert reset(home, token).status_code == 204
    assert code_of(reset(home, token, THIRD_PASSWORD)) == "link_not_valid"
    assert logs_in(home, "ana", OTHER_PASSWORD)


def test_a_refused_password_does_not_spend_the_link(home: Home) -> None:
    """The form can be sent again."""
    home.create("ana", EMAIL)
    token = link_after_forgetting(home)
    assert faults_of(reset(home, token, "short")) == [("new_password", "too_short")]
    assert reset(home, token).status_code == 204


def test_only_the_newest_link_opens(home: Home) -> None:
    """Asking again withdraws what was mailed before."""
    home.create("ana", EMAIL)
    first = link_after_forgetting(home)
    second = link_after_forgetting(home)
    assert first != second
    assert code_of(reset(home, first)) == "link_not_valid"
    assert reset(home, second).status_code == 204


def test_a_reset_link_expires(home: Home) -> None:
    """After 30 minutes."""
    home.create("ana", EMAIL)
    token = link_after_forgetting(home)
    home.clock.let_pass(minutes=30, seconds=1)
    assert code_of(reset(home, token)) == "link_not_valid"


def test_a_reset_link_is_bound_to_the_address_it_was_mailed_to(home: Home) -> None:
    """CVE-2026-32700: once the account has moved to another mailbox, the old one opens nothing."""
    home.create("ana", EMAIL)
    access = home.log_in()["access_token"]
    token = link_after_forgetting(home)
    moved = home.client().patch("/me", json={"email": "new@example.org"}, headers=bearer(access))
    assert moved.status_code == 200
    home.house.rooms.email.allow_move(Actor.system(), home.mailed_token("/allow-new-email"))
    assert verify(home, home.mailed_token("/verify-email")).status_code == 200
    assert code_of(reset(home, token)) == "link_not_valid"
    assert logs_in(home, "ana", PASSWORD)


def test_a_link_of_one_purpose_is_nothing_to_another(home: Home) -> None:
    """CVE-2026-52809: a link to prove a mailbox resets no password, and the other way round."""
    home.create("ana", EMAIL)
    home.register("ben", email="ben@example.org")
    to_verify = home.mailed_token("/verify-email")
    to_reset = link_after_forgetting(home)
    assert code_of(reset(home, to_verify)) == "link_not_valid"
    assert code_of(verify(home, to_reset)) == "link_not_valid"
    invited = {"username": "eve", "password": PASSWORD, "invitation": to_reset}
    assert code_of(home.post("/register", **invited)) == "link_not_valid"
    assert verify(home, to_verify).status_code == 200
    assert reset(home, to_reset).status_code == 204


@pytest.mark.parametrize("end", ["disable", "delete"])
def test_a_reset_link_does_not_open_an_account_that_ended(home: Home, end: str) -> None:
    """Disabled or deleted since: the same answer as for any dead link."""
    account = home.create("ana", EMAIL)
    token = link_after_forgetting(home)
    getattr(home.house.rooms.account_admin, end)(Actor.operator(), account.id)
    answer = reset(home, token)
    assert answer.status_code == 422
    assert code_of(answer) == "link_not_valid"


# --- a password that must be changed ------------------------------------------------------------


def owing(home: Home, password: str = PASSWORD) -> str:
    answer = home.post("/login", username="ana", password=password)
    assert answer.status_code == 403, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["owed"] == "change_password"
    assert answer.json["options"] == ["new_password"]
    assert "access_token" not in answer.json
    return str(answer.json["auth_session"])


def go_on(home: Home, auth_session: str, **step: Any) -> Any:
    return home.post("/login/continue", auth_session=auth_session, **step)


def test_a_password_that_somebody_else_chose_must_be_changed_first(home: Home) -> None:
    """403 with an auth_session and no token; the change ends in the tokens of a login."""
    home.create("ana", must_change=True)
    auth_session = owing(home)
    answer = go_on(home, auth_session, new_password=OTHER_PASSWORD)
    assert answer.status_code == 200
    assert opens(home, answer.json["access_token"])
    assert logs_in(home, "ana", OTHER_PASSWORD)
    assert not logs_in(home, "ana", PASSWORD)


def test_a_refused_step_leaves_the_sign_in_where_it_was(home: Home) -> None:
    """Missing, weak or the same again: named, and the same auth_session goes on."""
    home.create("ana", must_change=True)
    auth_session = owing(home)
    assert faults_of(go_on(home, auth_session)) == [("new_password", "required")]
    weak = go_on(home, auth_session, new_password="short")
    assert faults_of(weak) == [("new_password", "too_short")]
    same = go_on(home, auth_session, new_password=PASSWORD)
    assert faults_of(same) == [("new_password", "reused")]
    assert go_on(home, auth_session, new_password=OTHER_PASSWORD).status_code == 200


def test_an_auth_session_is_spent_by_its_step(home: Home) -> None:
    """Finished, expired and made-up ones get one answer."""
    home.create("ana", must_change=True)
    auth_session = owing(home)
    assert go_on(home, auth_session, new_password=OTHER_PASSWORD).status_code == 200
    again = go_on(home, auth_session, new_password=THIRD_PASSWORD)
    assert again.status_code == 401
    assert code_of(again) == "auth_session_not_valid"
    assert code_of(go_on(home, "made-up")) == "auth_session_not_valid"
    assert logs_in(home, "ana", OTHER_PASSWORD)


def test_an_auth_session_lives_ten_minutes(home: Home) -> None:
    """A screen that was left open is not a way in."""
    home.create("ana", must_change=True)
    auth_session = owing(home)
    home.clock.let_pass(minutes=10, seconds=1)
    late = go_on(home, auth_session, new_password=OTHER_PASSWORD)
    assert code_of(late) == "auth_session_not_valid"


def test_of_two_tabs_one_wins(home: Home) -> None:
    """Two sign-ins under way owe a change; the first change ends the other."""
    home.create("ana", must_change=True)
    first, second = owing(home), owing(home)
    assert go_on(home, first, new_password=OTHER_PASSWORD).status_code == 200
    lost = go_on(home, second, new_password=THIRD_PASSWORD)
    assert code_of(lost) == "auth_session_not_valid"
    assert logs_in(home, "ana", OTHER_PASSWORD)


def test_a_disabled_accounts_sign_in_goes_no_further(home: Home) -> None:
    """The step is judged by what the account is now."""
    account = home.create("ana", must_change=True)
    auth_session = owing(home)
    home.house.rooms.account_admin.disable(Actor.operator(), account.id)
    answer = go_on(home, auth_session, new_password=OTHER_PASSWORD)
    assert code_of(answer) == "auth_session_not_valid"


def test_a_change_that_rotation_demands_ends_the_other_sessions(make_home: MakeHome) -> None:
    """PORTERO_PASSWORD_MAX_AGE_DAYS: the sessions that the old password earned end with it."""
    home = make_home(PORTERO_PASSWORD_MAX_AGE_DAYS="30")
    home.register()
    home.clock.let_pass(days=29)
    other = home.log_in()
    home.clock.let_pass(days=1, minutes=1)
    kept = home.post("/refresh", refresh_token=other["refresh_token"])
    assert kept.json is not None
    here = go_on(home, owing(home), new_password=OTHER_PASSWORD)
    assert opens(home, here.json["access_token"])
    assert not opens(home, kept.json["access_token"])
    refreshed = home.post("/refresh", refresh_token=kept.json["refresh_token"])
    assert refreshed.status_code == 401
    kinds = [entry.kind for entry in home.house.audit.list_entries()]
    assert "password.changed" in kinds


def test_an_operators_new_password_ends_sessions_and_must_be_changed(home: Home) -> None:
    """`portero users set-password`."""
    account = home.create("ana")
    tokens = home.log_in()
    ended = home.house.rooms.account_admin.set_password(
        Actor.operator(), account.id, Secret(OTHER_PASSWORD), must_change=True
    )
    assert ended == 1
    assert not opens(home, tokens["access_token"])
    assert go_on(home, owing(home, OTHER_PASSWORD), new_password=THIRD_PASSWORD).status_code == 200


# --- hashes from elsewhere ----------------------------------------------------------------------


def django_hash(password: str) -> str:
    import base64
    import hashlib

    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), b"a1b2c3d4e5f6", 20_000)
    return f"pbkdf2_sha256$20000$a1b2c3d4e5f6${base64.b64encode(digest).decode()}"


IMPORTED = {
    "werkzeug scrypt": lambda: generate_password_hash("hunter2", method="scrypt:16384:8:1"),
    "werkzeug pbkdf2": lambda: generate_password_hash("hunter2", method="pbkdf2:sha256:20000"),
    "bcrypt": lambda: bcrypt.hashpw(b"hunter2", bcrypt.gensalt(rounds=5)).decode(),
    "django pbkdf2": lambda: django_hash("hunter2"),
}


@on_sqlite
@pytest.mark.parametrize("origin", IMPORTED)
def test_an_imported_hash_logs_in_and_is_upgraded(home: Home, origin: str) -> None:
    """Without a reset, though the password would be too short today; from the first login on it
    lies here as argon2id. A wrong one changes nothing."""
    account = home.house.rooms.account_admin.create(
        Actor.operator(), NewAccount(username="ana"), None, imported_hash=IMPORTED[origin]()
    )
    assert not logs_in(home, "ana", "hunter3")
    assert not encoding_of(home, account.id).startswith("$argon2id$")
    assert logs_in(home, "ana", "hunter2")
    assert encoding_of(home, account.id).startswith("$argon2id$")
    assert logs_in(home, "ana", "hunter2")
    assert not logs_in(home, "ana", "hunter3")


def test_a_hash_is_renewed_when_the_parameters_rise(make_home: MakeHome) -> None:
    """At the next login; and not again after it."""
    before = make_home()
    account = before.register()
    after = make_home(PORTERO_ARGON2_TIME_COST="2")
    old = encoding_of(after, account["id"])
    assert "t=1" in old
    assert not logs_in(after, "ana", OTHER_PASSWORD)
    assert encoding_of(after, account["id"]) == old
    assert logs_in(after, "ana", PASSWORD)
    new = encoding_of(after, account["id"])
    assert "t=2" in new
    assert logs_in(after, "ana", PASSWORD)
    assert encoding_of(after, account["id"]) == new


# --- choosing one at registration ---------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("fourteen chars", "too_short"),
        ("x" * 257, "too_long"),
        ("aaaaaaaaaaaaaaaaaaaa", "guessable"),
        ("anabelle-portero-26", "contains_context"),
    ],
)
def test_a_registration_names_what_is_wrong_with_the_password(
    home: Home, password: str, code: str
) -> None:
    """NIST SP 800-63B-4 §3.1.1.2, by stable codes."""
    answer = home.post(
        "/register", username="anabelle", password=password, email="anabelle@example.org"
    )
    assert faults_of(answer) == [("password", code)]


@on_sqlite
def test_fifteen_characters_of_any_script_are_enough(home: Home) -> None:
    """No composition rule; composed and decomposed letters are one password."""
    home.register("ana", "m\u00fchle \u0436\u0443\u043a \u7a7a\u8272 kn\u00f6del")
    assert logs_in(home, "ana", "mu\u0308hle \u0436\u0443\u043a \u7a7a\u8272 kno\u0308del")


# --- more than the machine can hash -------------------------------------------------------------


@on_sqlite
def test_a_full_hash_queue_answers_503_and_when_to_come_back(make_home: MakeHome) -> None:
    """Never a crash, and nothing is done: the real pool, with room for one that waits."""
    home = make_home(PORTERO_HASH_QUEUE="1", PORTERO_HASH_MEMORY_MIB="16")
    home.register()
    with full_hash_queue(home):
        for path, body in (
            ("/login", {"username": "ana", "password": PASSWORD}),
            ("/register", {"username": "ben", "password": PASSWORD}),
        ):
            answer = home.post(path, **body)
            assert answer.status_code == 503, path
            assert code_of(answer) == "hash_queue_full"
            assert int(answer.headers["Retry-After"]) >= 1
    assert logs_in(home, "ana", PASSWORD)
    assert home.register("ben")

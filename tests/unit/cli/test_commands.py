"""What each command does to the house, and what it prints."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.support.house import OTHER_PASSWORD, PASSWORD, SECRET_KEY
from tests.unit.cli.conftest import Portero

NEW_KEY = "tests-only-Kp3vW8sJ5gD2fN7qX4cR9bT6"
METADATA = {
    "client_name": "Shop",
    "redirect_uris": ["https://shop.example/back"],
    "grant_types": ["authorization_code"],
}


def make(portero: Portero, name: str = "ana", *more: str) -> str:
    """The id of a new account."""
    made = portero("users", "create", name, "--password-stdin", "--json", *more, stdin=PASSWORD)
    assert made.status == 0, made.err
    return str(made.json["id"])


def test_an_account_is_made_on_an_empty_database(portero: Portero) -> None:
    """The first command on a fresh folder may be this one: the schema comes by itself."""
    made = portero(
        "users", "create", "Ana", "--email", "ana@example.org", "--email-verified",
        "--password-stdin", "--json", stdin=f"{PASSWORD}\n",
    )  # fmt: skip
    assert made.status == 0
    assert made.json["username"] == "Ana"
    assert made.json["email_verified"] is True
    assert made.json["state"] == "active"
    assert PASSWORD not in made.out + made.err


def test_a_taken_name_and_a_weak_password_are_problem_objects(portero: Portero) -> None:
    """Exit 1, nothing on standard output, the fields named."""
    make(portero)
    taken = portero("users", "create", "ANA", "--password-stdin", "--json", stdin=PASSWORD)
    assert (taken.status, taken.out, taken.problem["code"]) == (1, "", "username_taken")
    weak = portero("users", "create", "eve", "--password-stdin", "--json", stdin="short")
    assert weak.status == 1
    assert [fault["name"] for fault in weak.problem["errors"]] == ["password"]


def test_a_password_is_one_line_of_which_one_line_end_goes(portero: Portero) -> None:
    """Spaces belong to it, a second line does not."""
    spaced = f" {PASSWORD} "
    made = portero(
        "users", "create", "ana", "--password-stdin", "--json", stdin=f"{spaced}\r\nmore\n"
    )
    assert made.status == 0


def test_a_foreign_hash_is_taken_and_an_unknown_one_refused(portero: Portero) -> None:
    """The account waits for its owner to sign in with the old password."""
    imported = "pbkdf2_sha256$1000$c2FsdHNhbHQ$kPZF0C8ZyoQ9G3z8cQ5PrXQJm7y6s8V3m0tqH0mFf1I="
    made = portero("users", "create", "ana", "--import-hash-stdin", "--json", stdin=imported)
    assert made.status == 0, made.err
    refused = portero("users", "create", "eve", "--import-hash-stdin", "--json", stdin="$nope$")
    assert (refused.status, refused.problem["code"]) == (1, "unknown_hash_format")
    assert portero("users", "show", "eve", "--json").status == 1


def enrol(tmp_path: Path, account_id: str) -> None:
    """As if its owner had set up an app, two months ago."""
    with sqlite3.connect(tmp_path / "var" / "portero.db") as database:
        database.execute(
            "INSERT INTO authenticators (id, account_id, kind, name, created_at)"
            " VALUES ('one', ?, 'totp', 'Phone', '2026-05-04 12:00:00.000000')",
            (account_id,),
        )


def test_factors_are_listed_and_taken_away(portero: Portero, tmp_path: Path) -> None:
    """For somebody who has lost them, and it is audited."""
    enrol(tmp_path, make(portero))
    (one,) = portero("users", "factors", "ana", "--json").json
    assert (one["kind"], one["name"], one["last_used_at"]) == ("totp", "Phone", "")
    assert "Phone" in portero("users", "factors", "ana").out
    done = portero("users", "reset-factors", "ana", "--yes", "--json")
    assert (done.status, done.json["removed"]) == (0, 1)
    assert portero("users", "factors", "ana", "--json").json == []
    kinds = [entry["kind"] for entry in portero("audit", "list", "--json").json]
    assert "factor.removed" in kinds


def test_factors_of_nobody_are_a_problem_object(portero: Portero) -> None:
    """Both commands: exit 1, and the code that the JSON API has."""
    for command in (("factors",), ("reset-factors", "--yes")):
        refused = portero("users", command[0], "nobody", *command[1:], "--json")
        assert (refused.status, refused.out) == (1, "")
        assert refused.problem["code"] == "no_such_account"


def test_lists_are_arrays_and_pages_go_on(portero: Portero) -> None:
    """--limit and --after walk through all of them."""
    for name in ("ana", "ben", "cid"):
        make(portero, name)
    first = portero("users", "list", "--limit", "2", "--json").json
    rest = portero("users", "list", "--after", first[-1]["id"], "--json").json
    assert [row["username"] for row in [*first, *rest]] == ["ana", "ben", "cid"]
    assert [r["username"] for r in portero("users", "list", "--prefix", "B", "--json").json] == [
        "ben"
    ]


def test_text_for_programs_without_json_is_separated_by_tabs(portero: Portero) -> None:
    """No frames or colours where no person looks."""
    make(portero)
    lines = portero("users", "list").out.splitlines()
    assert lines[0].split("\t")[0] == "username"
    assert lines[1].split("\t")[0] == "ana"


def test_disable_enable_and_delete(portero: Portero) -> None:
    """Each answers with the account as it then is."""
    account_id = make(portero)
    assert portero("users", "disable", "ana", "--json").json["state"] == "disabled"
    assert portero("users", "enable", account_id, "--json").json["state"] == "active"
    assert portero("users", "delete", "ana", "--json").json["deleted"] is True
    gone = portero("users", "show", account_id, "--json")
    assert (gone.status, gone.problem["code"]) == (1, "no_such_account")
    entries = portero("audit", "list", "--account", account_id, "--json").json
    assert [entry["kind"] for entry in entries][:1] == ["account.deleted"]
    assert {entry["actor_kind"] for entry in entries} == {"operator"}


def test_an_account_is_frozen(portero: Portero) -> None:
    """It says whether its owner has a mailbox to come back by; the entry is the operator's. Without
    one the password would be gone for good, so that has to be said."""
    account_id = make(portero)
    refused = portero("users", "freeze", "ana", "--json")
    assert (refused.status, refused.problem["code"]) == (1, "no_mailbox")
    frozen = portero("users", "freeze", "ana", "--force", "--json").json
    assert (frozen["sessions_ended"], frozen["mailed"]) == (0, frozen["email_verified"])
    (entry,) = portero("audit", "list", "--account", account_id, "--json").json[:1]
    assert (entry["kind"], entry["actor_kind"]) == ("account.frozen", "operator")


def test_a_password_can_be_set_and_nobody_has_a_session(portero: Portero) -> None:
    """Without the flag, and without a terminal, it is wrong use."""
    make(portero)
    assert portero("users", "set-password", "ana").status == 2
    done = portero("users", "set-password", "ana", "--password-stdin", "--json",
                   stdin=OTHER_PASSWORD)  # fmt: skip
    assert done.json["sessions_ended"] == 0
    assert portero("users", "sessions", "ana", "--json").json == []


def test_an_invitation_is_a_link(portero: Portero) -> None:
    """Printed once, mailed too."""
    shown = portero("users", "invite", "new@example.org", "--json").json
    assert shown["link"].startswith("http://127.0.0.1:8000/")
    bad = portero("users", "invite", "nobody", "--json")
    assert bad.status == 1
    assert portero("worker", "--once", "--json").json == {"tried": 1}
    assert len(list(Path("var/mail").glob("*.eml"))) == 1


def test_a_client_is_registered_from_standard_input(portero: Portero) -> None:
    """The registered metadata and the secret, once; later without it."""
    made = portero("clients", "create", "--metadata", "-", stdin=json.dumps(METADATA))
    assert made.status == 0, made.err
    client_id = made.json["client_id"]
    assert made.json["redirect_uris"] == METADATA["redirect_uris"]
    shown = portero("clients", "show", client_id, "--json")
    assert shown.json["client_name"] == "Shop"
    assert made.json["client_secret"] not in shown.out
    rotated = portero("clients", "rotate-secret", client_id, "--json").json
    assert rotated["client_secret"] != made.json["client_secret"]
    assert [row["client_id"] for row in portero("clients", "list", "--json").json] == [client_id]
    assert portero("clients", "delete", client_id, "--json").json["deleted"] is True
    assert portero("clients", "list", "--json").json == []


@pytest.mark.parametrize("metadata", ["", "{", "[]", "NaN", "[" * 50_000, '{"redirect_uris": 5}'])
def test_bad_metadata_is_a_problem(portero: Portero, metadata: str) -> None:
    """Whatever is piped in: exit 1 and RFC 7591's code."""
    answer = portero("clients", "create", "--metadata", "-", "--json", stdin=metadata)
    assert (answer.status, answer.out) == (1, "")
    assert answer.problem["code"] in {"invalid_client_metadata", "invalid_redirect_uri"}


def test_keys_are_rotated_and_listed(portero: Portero) -> None:
    """The first signs at once, the second waits until everybody has seen it."""
    assert portero("keys", "list", "--json").json == []
    first = portero("keys", "rotate", "--json").json
    second = portero("keys", "rotate", "--json").json
    assert (first["state"], second["state"]) == ("current", "next")
    again = portero("keys", "rotate", "--json")
    assert (again.status, again.problem["code"]) == (1, "rotation_under_way")
    leaked = portero("keys", "rotate", "--immediately", "--json").json
    states = {row["kid"]: row["state"] for row in portero("keys", "list", "--json").json}
    assert states[leaked["kid"]] == "current"
    assert states[first["kid"]] == "gone"
    assert "private" not in portero("keys", "list", "--json").out


def test_reencrypt_lets_the_former_key_go(
    portero: Portero, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sealed is counted, opens without the fallback, and is not sealed twice."""
    monkeypatch.setenv("PORTERO_SIGNING_ALGS", "ES256")
    portero("keys", "rotate")
    portero("users", "invite", "new@example.org")
    hmac = {**METADATA, "token_endpoint_auth_method": "client_secret_jwt"}
    hmac["id_token_signed_response_alg"] = "ES256"  # there is no key for the usual RS256
    assert portero("clients", "create", "--metadata", "-", stdin=json.dumps(hmac)).status == 0
    monkeypatch.setenv("SECRET_KEY", NEW_KEY)
    assert findings(portero)["keys"] == "fail"
    assert portero("keys", "reencrypt", "--json").problem["code"] == "secret_key_unknown"
    monkeypatch.setenv("SECRET_KEY_FALLBACKS", SECRET_KEY)
    counts = {"keys": 1, "outbox": 1, "clients": 1, "factors": 0}
    assert portero("keys", "reencrypt", "--json").json == counts
    monkeypatch.delenv("SECRET_KEY_FALLBACKS")
    assert portero("keys", "reencrypt", "--json").json == dict.fromkeys(counts, 0)
    assert findings(portero)["keys"] == "ok"
    portero("worker", "--once")
    assert len(list(Path("var/mail").glob("*.eml"))) == 1
    resealed = portero("audit", "list", "--kind", "key.resealed", "--json").json
    assert [entry["details"] for entry in resealed] == [{"count": 3}]


REVISIONS = [
    "0001_foundation",
    "0002_openid_provider",
    "0003_sign_in",
    "0004_push_and_pressure",
    "0005_stuffing_and_risk",
]


def test_db_commands_tell_and_mend(portero: Portero) -> None:
    """Looking does not migrate; upgrading does, once."""
    before = portero("db", "current", "--json").json
    assert (before["current"], before["is_current"]) == (None, False)
    unmade = portero("db", "check", "--json")
    assert (unmade.status, unmade.problem["code"]) == (1, "database_differs")
    assert portero("db", "upgrade", "--json").json["applied"] == REVISIONS
    assert before["needed"] == REVISIONS[-1]
    assert portero("db", "upgrade", "--json").json["applied"] == []
    assert portero("db", "check", "--json").json["differences"] == []


def test_settings_show_the_source_and_no_secret(portero: Portero) -> None:
    """SECRET_KEY is ***, wherever it came from."""
    answer = portero("settings", "--json")
    shown = {row["key"]: row for row in answer.json}
    assert (shown["SECRET_KEY"]["value"], shown["SECRET_KEY"]["source"]) == ("***", "environment")
    assert shown["PORTERO_PORT"]["source"] == "default"
    assert SECRET_KEY not in answer.out + portero("settings").out


def test_a_key_in_a_providers_url_or_body_is_not_shown(
    portero: Portero, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some want it in the query or in a field; a listing of settings goes into tickets."""
    monkeypatch.setenv("PORTERO_SMS_URL", "https://texts.example/send?api_key=hush1")
    monkeypatch.setenv("PORTERO_SMS_BODY", '{"key": "hush2", "to": "{to}", "text": "{text}"}')
    shown = portero("settings", "--json").out + portero("settings").out
    assert "PORTERO_SMS_URL" in shown
    assert "hush" not in shown


def test_purge_counts(portero: Portero) -> None:
    """Nothing is old on a fresh database."""
    assert portero("purge", "--json").json == {"purged": 0}


def test_dead_jobs_are_listed_and_revived(
    portero: Portero, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that can't be opened is dead at once; it comes back when its key is there again."""
    portero("users", "invite", "new@example.org")
    monkeypatch.setenv("SECRET_KEY", NEW_KEY)
    portero("worker", "--once")
    dead = portero("outbox", "list-dead", "--json").json
    assert len(dead) == 1
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    assert portero("outbox", "retry", dead[0]["id"], "--json").json == {"retried": [dead[0]["id"]]}
    assert portero("outbox", "list-dead", "--json").json == []
    assert portero("outbox", "retry", "nope", "--json").problem["code"] == "not_found"


def findings(portero: Portero) -> dict[str, str]:
    """By check, the last state that the doctor told."""
    return {row["check"]: row["state"] for row in portero("doctor", "--json").json}


def test_an_operator_ends_an_accounts_sessions(portero: Portero) -> None:
    """ASVS 7.4.5: listed, ended by one command, and gone."""
    account_id = make(portero)
    with_session(account_id)
    (row,) = portero("users", "sessions", "ana", "--json").json
    assert row["amr"] == ["pwd"]
    done = portero("users", "sessions", "ana", "--end-all", "--json")
    assert done.json == {"sessions_ended": 1}
    assert portero("users", "sessions", "ana", "--json").json == []


def with_session(account_id: str) -> None:
    """Somebody is signed in to it."""
    from portero.cli.house import opened_house
    from portero.core.audit import Actor
    from portero.core.sessions import Proven

    with opened_house() as house:
        sessions, now = house.rooms.sessions, house.clock.now()
        proven = Proven("aal1", ("pwd",), "password")
        house.db.write(lambda tx: sessions.start(tx, Actor.system(), account_id, proven, now=now))

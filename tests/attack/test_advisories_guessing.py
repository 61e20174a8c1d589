"""Advisories on telling who exists, and on guessing, each by its name. (What is tried of them
elsewhere stands in docs/reference/advisories.md.)"""

from __future__ import annotations

import re
import statistics
import time
from typing import Any

import pytest

from portero.core.accounts.flows import NewAccount
from portero.core.audit import Actor
from tests.support.authenticator_app import enrolled_app
from tests.support.counting import but_for_the_audit, counted
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.passkeys import AT_A_DOMAIN
from tests.support.passkeys import enrol as enrolled_passkey
from tests.support.relying_party import fields

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WRONG = "wrong lanterns under ice"
NAMES = ("ana", "ana@example.org", "disabled", "leaving", "no-password", "with-app", "must-change",
         "nobody", "nobody@example.org", "x" * 64)  # fmt: skip


@pytest.fixture
def street(make_home: MakeHome) -> Home:
    """One account of each kind, and as many tries as the test likes."""
    home = make_home(
        PORTERO_LIMITS="login_by_address=100000/900,login_by_account=100000/900,"
        "register_by_address=100000/900,recovery_by_address=100000/900"
    )
    admin, operator = home.house.rooms.account_admin, Actor.operator()
    home.create("ana", "ana@example.org")
    admin.disable(operator, home.create("disabled").id)
    admin.leave(operator, home.create("leaving", "leaving@example.org").id)
    admin.create(operator, NewAccount("no-password"), None)
    home.create("with-app")
    enrolled_app(home, "with-app")
    home.create("must-change", must_change=True)
    return home


@on_sqlite
def test_cve_2021_21424_every_refusal_reads_the_same(street: Home) -> None:
    """Symfony: the message told whether there is an account. Unknown, wrong, disabled, without a
    password, with a second factor: one status and one text, in each face."""
    told = set()
    for name in NAMES:
        answer = street.post("/login", username=name, password=WRONG)
        told.add((answer.status_code, re.sub(r'"request_id": ?"[^"]*"', "", answer.text)))
    assert len(told) == 1, told
    pages = set()
    for name in NAMES:
        browser = street.client()
        form = {**fields(browser.get("/sign-in")), "username": name, "password": WRONG}
        page = browser.post("/sign-in", data=form)
        seen = page.text.replace(f'value="{name}"', "")
        pages.add((page.status_code, re.sub(r'value="[0-9a-f]{64}"|[0-9a-f-]{36}', "", seen)))
    assert len(pages) == 1


@on_sqlite
def test_cve_2022_21659_every_refusal_costs_the_same(street: Home) -> None:
    """Flask-AppBuilder (CVE-2021-29621): no hash was made for a name that does not exist. Of every
    name the same statements run, in the same order, for a login and for a forgotten password."""
    shapes: dict[str, set[tuple[str, ...]]] = {"/login": set(), "/password/forgot": set()}
    for path, seen in shapes.items():
        for name in NAMES:
            body = {"username": name} | ({"password": WRONG} if path == "/login" else {})
            street.post(path, **body)  # what is done once in a while is done now
            with counted(street) as statements:
                street.post(path, **body)
            plain = [re.split(r"\s(VALUES|WHERE)", s)[0] for s in but_for_the_audit(statements)]
            seen.add(tuple(plain))
    assert {path: len(seen) for path, seen in shapes.items()} == dict.fromkeys(shapes, 1), shapes


@on_sqlite
def test_asking_for_a_passkey_costs_the_same_for_every_name(make_home: MakeHome) -> None:
    """The list of passkeys was asked for where there was an account, and for no other name: a
    millisecond told who exists."""
    home = make_home(**AT_A_DOMAIN)
    home.create("ana", "ana@example.org")
    enrolled_passkey(home)
    home.create("without", "without@example.org")
    shapes = set()
    for name in ("ana", "without", "nobody", "x" * 60):
        for asked in (name, f"{name}@example.org"):
            home.post("/login/passkey/options", username=asked)  # what is done once is done now
            with counted(home) as statements:
                answer = home.post("/login/passkey/options", username=asked)
            assert answer.status_code == 200
            shapes.add(tuple(re.split(r"\sWHERE", each)[0] for each in statements))
    assert len(shapes) == 1, shapes


@on_sqlite
def test_cve_2021_29621_no_name_is_refused_sooner(make_home: MakeHome) -> None:
    """ASVS 6.3.8: with a hash that takes a while, in turns, and by the work of this process alone,
    so that it does not matter what else the machine does."""
    home = make_home(
        PORTERO_ARGON2_MEMORY_KIB="32768", PORTERO_ARGON2_TIME_COST="2",
        PORTERO_LIMITS="login_by_address=100000/900,login_by_account=100000/900",
    )  # fmt: skip
    home.create("ana")
    home.house.rooms.account_admin.disable(Actor.operator(), home.create("disabled").id)
    home.house.rooms.account_admin.create(Actor.operator(), NewAccount("no-password"), None)
    taken: dict[str, list[float]] = {
        name: [] for name in ("ana", "nobody", "disabled", "no-password")
    }
    for _ in range(15):
        for name, seconds in taken.items():
            began = time.process_time()
            home.post("/login", username=name, password=WRONG)
            seconds.append(time.process_time() - began)
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    assert max(medians.values()) < min(medians.values()) * 1.2, medians


@on_sqlite
def test_cve_2026_108162_a_stranger_does_not_choose_his_address(make_home: MakeHome) -> None:
    """CVE-2023-44463, allauth's get_client_ip: X-Forwarded-For of anybody was believed. Of a peer
    that is no proxy of ours it means nothing, whatever stands in it: one address, one counter."""
    home = make_home(PORTERO_LIMITS="login_by_address=3/900")
    home.register("ana")

    def status(number: int) -> int:
        headers = {
            "X-Forwarded-For": f"198.51.100.{number}, 203.0.113.{number}",
            "X-Real-IP": f"198.51.100.{number}",
            "True-Client-IP": f"198.51.100.{number}",
            "CF-Connecting-IP": f"198.51.100.{number}",
            "Forwarded": f"for=198.51.100.{number}",
            "Client-IP": f"198.51.100.{number}",
        }
        body = {"username": f"somebody{number}", "password": WRONG}
        return home.client().post("/login", json=body, headers=headers).status_code

    assert [status(number) for number in range(5)] == [401, 401, 401, 429, 429]


@on_sqlite
def test_cve_2026_108162_only_what_the_proxy_wrote_counts(make_home: MakeHome) -> None:
    """Behind one proxy the last entry is its own; what the client put before it is his own tale."""
    home = make_home(
        PORTERO_LIMITS="login_by_address=2/900", PORTERO_TRUSTED_PROXIES="127.0.0.1/32"
    )
    home.register("ana")

    def status(forwarded: str) -> int:
        body = {"username": "somebody", "password": WRONG}
        headers = {"X-Forwarded-For": forwarded}
        return home.client().post("/login", json=body, headers=headers).status_code

    spoofed = [status(f"198.51.100.{number}, 203.0.113.7") for number in range(4)]
    assert spoofed == [401, 401, 429, 429]
    assert status("203.0.113.7, 192.0.2.44") == 401


def test_cve_2020_11052_a_lock_closes_again(make_home: MakeHome) -> None:
    """Sorcery: after the first lock was over nothing was counted any more. Three windows, each with
    its own three tries, and the right password is refused in each that is used up."""
    home = make_home(PORTERO_LIMITS="login_by_account=3/900")
    home.register("ana")
    for _ in range(3):
        tries = [home.post("/login", username="ana", password=WRONG) for _ in range(4)]
        assert [each.status_code for each in tries] == [401, 401, 401, 429]
        assert home.post("/login", username="ana", password=PASSWORD).status_code == 429
        home.clock.let_pass(minutes=15, seconds=1)
    answer: Any = home.log_in()
    assert answer["user"]["username"] == "ana"


@on_sqlite
def test_a_fresh_house_has_nobody_in_it(home: Home) -> None:
    """ASVS 6.3.2: no account that came with the program, by whatever pair of words."""
    rooms = home.house.rooms
    assert rooms.accounts.list_accounts(after_id="", limit=10, username_prefix="") == []
    for name in ("admin", "root", "administrator", "portero", "test", "guest", "demo", "user"):
        for password in ("", name, "admin", "password", "portero", "changeme", PASSWORD):
            assert home.post("/login", username=name, password=password).status_code in {401, 422}


@on_sqlite
def test_nothing_is_asked_that_others_could_know(home: Home) -> None:
    """ASVS 6.4.2: no hint beside a password and no secret question, neither to set nor to answer:
    these are all the fields that there are."""
    browser = home.client()
    assert set(fields(browser.get("/sign-up"))) == {
        "csrf", "token", "request", "username", "email", "password"
    }  # fmt: skip
    document: Any = browser.get("/api/openapi.json").json
    schemas = document["components"]["schemas"]
    assert set(schemas["RegisterBody"]["properties"]) == {
        "username", "password", "email", "display_name", "locale", "attributes", "invitation",
        "challenge",  # the puzzle for robots
    }  # fmt: skip
    named = {name for each in schemas.values() for name in each.get("properties", {})}
    assert not [name for name in named if re.search("hint|question|answer|maiden|reminder", name)]

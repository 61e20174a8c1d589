"""How often something may be tried, and what the answer says then."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from portero.core.audit import Actor
from portero.wiring.limits import desk_of
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome, bearer
from tests.support.relying_party import relying_party

EMAIL = "ana@example.org"
WRONG = "not the right one"

# What is the same whatever the database is tried on one.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def status_of_login(home: Home, username: str, password: str) -> int:
    return home.post("/login", username=username, password=password).status_code


def wrong_tries(home: Home, number: int, username: str = "ana") -> set[int]:
    return {status_of_login(home, username, WRONG) for _ in range(number)}


@pytest.fixture
def narrow_home(make_home: MakeHome) -> Home:
    """Three tries for an account in a quarter of an hour; `ana` has an account."""
    home = make_home(PORTERO_LIMITS="login_by_account=3/900,password_by_owner=3/900")
    home.create("ana", EMAIL)
    return home


def test_the_thirty_first_wrong_password_waits(home: Home) -> None:
    """429 and Retry-After, even with the right password; when the window ends it works again."""
    home.create("ana", EMAIL)
    assert wrong_tries(home, 30) == {401}
    answer = home.post("/login", username="ana", password=PASSWORD)
    assert answer.status_code == 429
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] == "too_many_requests"
    wait = int(answer.headers["Retry-After"])
    assert 800 < wait <= 900
    home.clock.let_pass(seconds=wait + 1)
    assert status_of_login(home, "ana", PASSWORD) == 200


@on_sqlite
@pytest.mark.parametrize("name", ["ANA", "\uff21na", EMAIL, "Ana@Example.ORG"])
def test_one_account_has_one_counter_however_it_is_named(narrow_home: Home, name: str) -> None:
    """Another spelling is no new allowance.

    CVE-2025-24806: Authelia counted a name and an address apart.
    """
    assert wrong_tries(narrow_home, 3) == {401}
    assert status_of_login(narrow_home, name, PASSWORD) == 429


@on_sqlite
def test_a_stolen_token_is_no_way_to_guess_the_password(narrow_home: Home) -> None:
    """/password/change has a counter of its own, and the right password does not help then."""
    home = narrow_home
    access = home.log_in()["access_token"]
    body = {"current_password": WRONG, "new_password": OTHER_PASSWORD}
    statuses = [home.post("/password/change", access, **body).status_code for _ in range(4)]
    assert statuses == [422, 422, 422, 429]
    body["current_password"] = PASSWORD
    assert home.post("/password/change", access, **body).status_code == 429


def test_a_stolen_token_guesses_no_password_for_days(home: Home) -> None:
    """The attack: guess in one window after the other, 2,880 times a day. Sixty are all there are,
    of all sessions together; the next day the owner may again."""
    home.create("ana", EMAIL)
    body = {"current_password": WRONG, "new_password": OTHER_PASSWORD}
    for _ in range(2):
        access = home.log_in()["access_token"]
        tried = [home.post("/password/change", access, **body).status_code for _ in range(30)]
        assert set(tried) == {422}
        home.clock.let_pass(seconds=901)
    body["current_password"] = PASSWORD
    access = home.log_in()["access_token"]
    refused = home.post("/password/change", access, **body)
    assert refused.status_code == 429
    assert 80_000 < int(refused.headers["Retry-After"]) <= 86_400
    home.clock.let_pass(days=1)
    access = home.log_in()["access_token"]
    assert home.post("/password/change", access, **body).status_code == 200


@on_sqlite
def test_a_thief_uses_up_nothing_of_the_owners(narrow_home: Home) -> None:
    """What is guessed with a stolen token is counted in that token's session."""
    stolen, own = (narrow_home.log_in()["access_token"] for _ in range(2))
    body = {"current_password": WRONG, "new_password": OTHER_PASSWORD}
    statuses = [narrow_home.post("/password/change", stolen, **body).status_code for _ in range(4)]
    assert statuses[-1] == 429
    body["current_password"] = PASSWORD
    assert narrow_home.post("/password/change", own, **body).status_code == 200


@on_sqlite
def test_an_operator_gives_new_tries_inside_too(narrow_home: Home) -> None:
    """Those of the present password are counted in each session."""
    home, house = narrow_home, narrow_home.house
    access = home.log_in()["access_token"]
    body = {"current_password": WRONG, "new_password": OTHER_PASSWORD}
    statuses = [home.post("/password/change", access, **body).status_code for _ in range(4)]
    assert statuses[-1] == 429
    desk, _ = desk_of(house.settings, db=house.db, clock=home.clock, audit=house.audit)
    desk.clear_account(Actor.operator(), house.rooms.accounts.get_by_name("ana").id)
    body["current_password"] = PASSWORD
    assert home.post("/password/change", access, **body).status_code == 200


def waiting(home: Home) -> tuple[int, int]:
    """How many browsers and waiting requests there are."""

    def count(table: str) -> int:
        query = f"SELECT COUNT(*) FROM {table}"
        found: int = home.house.db.read(lambda tx: tx.exec_driver_sql(query).scalar_one())
        return found

    return count("browsers"), count("waiting_requests")


@pytest.mark.parametrize("keeps_cookies", [True, False])
def test_nobody_fills_the_disk_with_requests_that_wait(
    make_home: MakeHome, keeps_cookies: bool
) -> None:
    """The attack: to begin, for any application, and never go on. With the cookie that the first
    answer gave too."""
    home = make_home(PORTERO_LIMITS="begun_by_address=3/60")
    rp = relying_party(home)
    statuses = []
    for _ in range(6):
        statuses.append(rp.begin().status_code)
        rp.browser = rp.browser if keeps_cookies else home.client()
    assert statuses == [303, 303, 303, 429, 429, 429]
    assert waiting(home) == (1 if keeps_cookies else 3, 3)
    home.clock.let_pass(seconds=61)
    assert rp.begin().status_code == 303


@on_sqlite
def test_who_began_too_much_is_told_on_a_page_in_their_language(make_home: MakeHome) -> None:
    """429 and when to come again; nobody is sent anywhere, least of all where the client says."""
    home = make_home(PORTERO_LIMITS="begun_by_address=1/60")
    rp = relying_party(home)
    rp.begin()
    path = f"/oauth/authorize?{urlencode(rp.parameters())}"
    answer = rp.browser.get(path, headers={"Accept-Language": "de"})
    assert (answer.status_code, answer.location) == (429, None)
    assert answer.content_type == "text/html; charset=utf-8"
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert "Zu viele Versuche." in answer.text


@on_sqlite
def test_who_is_signed_in_and_waits_for_nothing_is_not_counted(make_home: MakeHome) -> None:
    """A page that asks silently, again and again, is no flood."""
    home = make_home(PORTERO_LIMITS="begun_by_address=2/60")
    home.register()
    rp = relying_party(home)
    rp.sign_in()
    assert [rp.begin(prompt="none").status_code for _ in range(5)] == [303] * 5
    assert rp.begin(prompt="login").status_code == 303
    assert rp.begin(prompt="login").status_code == 429


@on_sqlite
def test_strangers_can_not_keep_the_owner_from_changing_the_password(narrow_home: Home) -> None:
    """Guesses at the door spend the door's budget, not that of whoever is inside."""
    access = narrow_home.log_in()["access_token"]
    assert wrong_tries(narrow_home, 5) == {401, 429}
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    assert narrow_home.post("/password/change", access, **body).status_code == 200


@on_sqlite
@pytest.mark.parametrize("other", ["n\uff4fbody", "NOBODY"])
def test_the_counter_does_not_tell_who_exists(narrow_home: Home, other: str) -> None:
    """Another spelling of an unknown name spends the same counter, as that of a known one does."""
    assert wrong_tries(narrow_home, 3, "nobody") == {401}
    assert status_of_login(narrow_home, other, PASSWORD) == 429


@on_sqlite
def test_an_unknown_name_is_counted_alike(narrow_home: Home) -> None:
    """Else the 429 would tell who has an account."""
    assert wrong_tries(narrow_home, 3, "nobody") == {401}
    assert status_of_login(narrow_home, "nobody", WRONG) == 429
    assert status_of_login(narrow_home, "NOBODY", WRONG) == 429
    assert status_of_login(narrow_home, "ana", PASSWORD) == 200


def test_a_success_clears_the_counter(narrow_home: Home) -> None:
    """Two slips, then right: the next two slips are two again."""
    for _ in range(3):
        assert wrong_tries(narrow_home, 2) == {401}
        assert status_of_login(narrow_home, "ana", PASSWORD) == 200


@on_sqlite
def test_a_reset_clears_the_counter(narrow_home: Home) -> None:
    """Whoever was locked out by somebody else gets back in by the mailbox."""
    home = narrow_home
    wrong_tries(home, 4)
    assert status_of_login(home, "ana", PASSWORD) == 429
    home.post("/password/forgot", username="ana")
    reset = {"token": home.mailed_token("/reset-password"), "new_password": OTHER_PASSWORD}
    assert home.client().post("/password/reset", json=reset).status_code == 204
    assert status_of_login(home, "ana", OTHER_PASSWORD) == 200


def test_tries_at_the_same_moment_are_counted_each(narrow_home: Home) -> None:
    """The try is spent before the hash: of 12 at once, three are looked at.

    CVE-2024-4629: Keycloak's lock did not see parallel tries.
    """
    home = narrow_home
    with ThreadPoolExecutor(12) as threads:
        statuses = Counter(threads.map(lambda _: status_of_login(home, "ana", WRONG), range(12)))
    assert statuses == {401: 3, 429: 9}


def test_an_address_is_limited_over_all_names_and_gives_back_successes(
    make_home: MakeHome,
) -> None:
    """Password spraying stops; an office full of people who log in does not."""
    home = make_home(PORTERO_LIMITS="login_by_address=4/900")
    home.create("ana", EMAIL)
    assert {status_of_login(home, "ana", PASSWORD) for _ in range(8)} == {200}
    statuses = [status_of_login(home, f"name{number}", WRONG) for number in range(5)]
    assert statuses == [401, 401, 401, 401, 429]
    assert status_of_login(home, "ana", PASSWORD) == 429


@on_sqlite
def test_registrations_are_limited_by_address(make_home: MakeHome) -> None:
    """Refused ones count too: they cost a lookup and tell whether a name is taken."""
    home = make_home(PORTERO_LIMITS="register_by_address=2/3600")
    home.register("ana")
    assert home.post("/register", username="ana", password=PASSWORD).status_code == 409
    answer = home.post("/register", username="ben", password=PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 3000


@on_sqlite
def test_recovery_is_limited_by_address(make_home: MakeHome) -> None:
    """Known and unknown names alike."""
    home = make_home(PORTERO_LIMITS="recovery_by_address=2/3600")
    home.create("ana", EMAIL)
    names = ("ana", "nobody", "ana", "nobody")
    answers = [home.post("/password/forgot", username=name).status_code for name in names]
    assert answers == [202, 202, 429, 429]


@on_sqlite
def test_nobodys_mailbox_is_filled_by_somebody_else(home: Home) -> None:
    """Three mails in a link's lifetime; the answer stays 202, which tells nothing."""
    home.create("ana", EMAIL)
    for _ in range(8):
        assert home.post("/password/forgot", username="ana").status_code == 202
        home.deliver()
    assert len(home.mails()) == 3
    home.clock.let_pass(minutes=30, seconds=1)
    home.post("/password/forgot", username="ana")
    home.deliver()
    assert len(home.mails()) == 4


def test_naming_one_address_after_another_is_limited(home: Home) -> None:
    """PATCH /me must not send mails to the whole world."""
    home.create("ana", EMAIL)
    access = home.log_in()["access_token"]

    def move(number: int) -> Any:
        body = {"email": f"victim{number}@example.org"}
        return home.client().patch("/me", json=body, headers=bearer(access))

    answers = [move(number).status_code for number in range(6)]
    assert answers == [200] * 5 + [429]
    home.deliver()
    assert len(home.mails()) == 5


@on_sqlite
def test_many_accounts_are_no_way_to_fill_one_mailbox(make_home: MakeHome) -> None:
    """The attack: to register again and again in somebody's name. The answers tell nothing, and
    other people's mails go out."""
    home = make_home(PORTERO_LIMITS="mail_by_recipient=2/3600")
    for number in range(5):
        home.register(f"stranger{number}", email="Victim@example.org")
    home.register("ben", email="ben@example.org")
    home.deliver()
    assert len(home.mails()) == 3
    assert sum("ben@example.org" in each for each in home.mails()) == 1
    home.clock.let_pass(seconds=3601)
    home.register("again", email="victim@example.org")
    home.deliver()
    assert len(home.mails()) == 4


@on_sqlite
def test_the_owner_of_an_address_is_told_only_so_often_that_somebody_names_it(
    make_home: MakeHome,
) -> None:
    """That mail is one as well."""
    home = make_home(PORTERO_LIMITS="mail_by_recipient=2/3600")
    home.create("ana", EMAIL)
    for number in range(5):
        home.register(f"stranger{number}", email=EMAIL)
    home.deliver()
    assert len(home.mails()) == 2


@on_sqlite
def test_an_hours_mails_have_a_ceiling(make_home: MakeHome) -> None:
    """A botnet registers and forgets passwords: what that costs has an end; what was refused for
    one account is not counted for all."""
    home = make_home(PORTERO_LIMITS="mails_everywhere=4/3600,recovery_mail_by_account=1/1800")
    home.create("ana", EMAIL)
    for _ in range(6):
        home.post("/password/forgot", username="ana")
    for number in range(6):
        home.register(f"bot{number}", email=f"bot{number}@example.org")
    home.deliver()
    assert len(home.mails()) == 4

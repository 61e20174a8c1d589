"""Time tells nobody who has an account, nor how much of a secret was right. Measured in turns, over
the wire, and judged by a test that finds two milliseconds (tests/unit/support/test_samples.py)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.house import PASSWORD, bearer
from tests.support.production import Production, production
from tests.support.samples import compare, in_turns

pytestmark = pytest.mark.long_attack
WRONG = "wrong lanterns under ice"
TIMES, ROUNDS = 120, 3
DENY_ALL = """
[answers]
deny = 1
[[rules]]
name = "from anywhere"
when = ["anonymous_network"]
points = 1
"""
# Milliseconds between medians that nobody sees over a network, however sure they are.
UNSEEN_MS = 0.7


def asks(home: Production, path: str, *, status: int, **body: str) -> Callable[[], object]:
    """Each time from another network, so that no limit answers in the place of what is measured."""

    def ask() -> None:
        answer = home.client().post(path, json=body)
        assert answer.status_code == status, answer.text

    return ask


def post_login(home: Production, names: list[str], password: str = WRONG) -> Callable[[], object]:
    """A password that is refused, of one name after the other."""
    turn = itertools.cycle([asks(home, "/login", status=401, username=name, password=password)
                            for name in names])  # fmt: skip
    return lambda: next(turn)()


def known(home: Production, count: int = 6) -> list[str]:
    """People enough that no one has a hundred wrong passwords in a row."""
    for number in range(count):
        home.create(f"known{number}", f"known{number}@example.org")
    return [f"known{number}" for number in range(count)]


def judge(
    first: Callable[[], object],
    second: Callable[[], object],
    between: Callable[[], object] = lambda: None,
) -> None:
    """Fail as soon as they differ; what is the same is the same after three rounds, too."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        more = in_turns(first, second, times=TIMES, between=between)
        taken[0].extend(more[0])
        taken[1].extend(more[1])
        found = compare(*taken)
        apart = found.apart_seconds * 1000
        assert not (found.differ and abs(apart) > UNSEEN_MS), (
            f"{apart:.2f} ms apart, by chance {found.chance:.1g}"
        )


def test_a_planted_difference_is_found(home: Production) -> None:
    """Two milliseconds more for who is known: this is what a hole would look like."""
    ask = asks(home, "/password/forgot", status=202, username="nobody")

    def slower() -> None:
        ask()
        time.sleep(0.002)

    with pytest.raises(AssertionError, match="ms apart"):
        judge(ask, slower)


def test_a_wrong_password_takes_as_long_as_a_wrong_name(home: Production) -> None:
    """CVE-2021-29621 and its class, at the door."""
    names = known(home)
    unknown = [f"nobody{number}" for number in range(len(names))]
    judge(post_login(home, names), post_login(home, unknown), between=home.forget_tries)


def test_a_denied_password_takes_as_long_as_a_wrong_one(tmp_path: Path) -> None:
    """Where the rules of risk refuse everybody, whoever has stolen a password tries it."""
    (tmp_path / "list.txt").write_text("127.0.0.0/8\n")
    (tmp_path / "rules.toml").write_text(DENY_ALL)
    files = {
        "PORTERO_ANONYMISING_NETWORKS": str(tmp_path / "list.txt"),
        "PORTERO_RISK_RULES": str(tmp_path / "rules.toml"),
    }
    with production(tmp_path, **files) as home:
        names = known(home, 12)
        right = post_login(home, names, PASSWORD)
        judge(post_login(home, names), right, between=home.forget_tries)


def test_asking_for_a_new_password_takes_as_long(home: Production) -> None:
    """The mail is another's work; whether there is one is looked up there."""
    known(home, 1)
    judge(
        asks(home, "/password/forgot", status=202, username="known0"),
        asks(home, "/password/forgot", status=202, username="nobody"),
    )


def test_a_mail_to_sign_in_with_takes_as_long(home: Production) -> None:
    """The same for the way without a password."""
    known(home, 1)
    judge(
        asks(home, "/login/mail", status=202, username="known0@example.org"),
        asks(home, "/login/mail", status=202, username="nobody@example.org"),
    )


def test_a_passkey_is_asked_for_in_the_same_time(home: Production) -> None:
    """Whether the name has passkeys, or is anybody's."""
    known(home, 1)
    judge(
        asks(home, "/login/passkey/options", status=200, username="known0"),
        asks(home, "/login/passkey/options", status=200, username="nobody"),
    )


def test_registering_with_an_address_that_is_taken_takes_as_long(home: Production) -> None:
    """The name is told; whose the mailbox is, is not."""
    known(home, 1)
    turn = itertools.count()

    def register(address: str) -> Callable[[], object]:
        def ask() -> None:
            name, body = f"new{next(turn)}", {"password": PASSWORD, "email": address}
            asks(home, "/register", status=201, username=name, **body)()

        return ask

    judge(register("known0@example.org"), register("nobody@example.org"))


@pytest.mark.parametrize("kind", ["access token", "refresh token", "cookie", "link"])
def test_a_secret_that_is_nearly_right_takes_as_long(home: Production, kind: str) -> None:
    """Its first half right, or none of it."""
    home.create("ana", "ana@example.org")
    told = home.log_in()
    ask: Callable[[str], object]
    if kind == "access token":
        secret = told["access_token"]

        def ask(one: str) -> object:
            return home.client().get("/me", headers=bearer(one))
    elif kind == "refresh token":
        secret = told["refresh_token"]

        def ask(one: str) -> object:
            return home.client().post("/refresh", json={"refresh_token": one})
    elif kind == "cookie":
        browser = home.client()
        browser.get("/sign-in")
        secret = browser.cookies["__Host-portero"]

        def ask(one: str) -> object:
            return home.client().get("/account", headers={"Cookie": f"__Host-portero={one}"})
    else:
        home.post("/password/forgot", username="ana")
        secret = home.mailed_token("/reset-password")

        def ask(one: str) -> object:
            return home.client().post("/email/verify", json={"token": one})

    at = len(secret) // 2 if kind != "access token" else secret.rindex(".") + 43
    near = secret[:at] + "".join("A" if sign != "A" else "B" for sign in secret[at:])
    far = "".join("A" if sign != "A" else "B" for sign in secret)
    if kind == "access token":
        head = secret.rindex(".") + 1
        far = secret[:head] + far[head:]
    judge(lambda: ask(near), lambda: ask(far))

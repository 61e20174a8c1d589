"""Text messages from the verb to the provider's server, by what the operator has set."""

from __future__ import annotations

import json
import threading

import pytest

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from tests.support.house import Home, MakeHome
from tests.support.listener import Listener

NUMBER = "+4915123456712"


def provided(make_home: MakeHome, listener: Listener, **more: str) -> Home:
    home = make_home(
        PORTERO_SMS_PROVIDER="http",
        PORTERO_SMS_URL=f"{listener.url}/send",
        PORTERO_SMS_HEADERS='{"Authorization": "Bearer t0ken"}',
        PORTERO_SMS_FROM="Example",
        PORTERO_SMS_COUNTRIES="DE",
        **more,
    )
    home.create("ana", "ana@example.org")
    account = home.house.rooms.accounts.get_by_name("ana")
    german = {"locale": "de"}
    home.house.rooms.accounts.change_profile(Actor.operator(), account.id, german, by_owner=False)
    return home


def ask(home: Home) -> None:
    """Have a code sent to a number."""
    phone, account = home.house.rooms.phone, home.house.rooms.accounts.get_by_name("ana")
    assert phone is not None
    phone.ask(Actor.anonymous(Origin(address="127.0.0.1")), account, "a-session", NUMBER)


def test_a_code_arrives_at_the_operators_provider(make_home: MakeHome, listener: Listener) -> None:
    """In the account's language, with the operator's own proof; the code in it proves the number.
    The request that asked did not wait for it."""
    home = provided(make_home, listener)
    ask(home)
    assert listener.posted == []
    home.deliver()
    (one,) = listener.posted
    assert (one.path, one.headers["authorization"]) == ("/send", "Bearer t0ken")
    said = json.loads(one.body)
    assert (said["to"], said["from"]) == (NUMBER, "Example")
    code = said["text"][-6:]
    assert said["text"] == (
        f"{code} ist Ihr Code bei Portero. Geben Sie ihn niemandem.\n\n@127.0.0.1 #{code}"
    )
    rooms = home.house.rooms
    account = rooms.accounts.get_by_name("ana")
    assert rooms.phone is not None
    proven = rooms.phone.prove(Actor.anonymous(Origin()), account.id, "a-session", code)
    assert (proven.phone, proven.phone_verified) == (NUMBER, True)


@pytest.mark.parametrize(("status", "dead"), [(400, 1), (503, 0)])
def test_what_a_provider_refuses_is_among_the_dead(
    make_home: MakeHome, listener: Listener, status: int, dead: int
) -> None:
    """Only what never can work; the reason names neither number nor code."""
    home = provided(make_home, listener)
    listener.status = status
    ask(home)
    home.deliver()
    found = home.house.desk.list_dead()
    assert len(found) == dead
    assert all(each.last_error == "the provider answered 400" for each in found)


def test_a_provider_that_hangs_holds_up_no_mail(make_home: MakeHome, listener: Listener) -> None:
    """Each has a worker of its own: the mail is there while the provider has not answered."""
    home = provided(make_home, listener)
    listener.may_answer.clear()
    ask(home)
    home.post("/password/forgot", username="ana")
    stop = threading.Event()
    working = threading.Thread(target=home.house.worker.run, args=(stop, 0.05))
    working.start()
    try:
        assert listener.asked.wait(20)
        tick = threading.Event()
        for _ in range(400):
            if home.mails():
                break
            tick.wait(0.05)
        assert len(home.mails()) == 1
        assert not listener.may_answer.is_set()
    finally:
        listener.may_answer.set()
        stop.set()
        home.house.worker.wake()
        working.join(20)

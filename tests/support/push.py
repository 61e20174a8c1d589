"""Somebody whose browser takes messages, and the answers that are given there."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import FactorKind, Given
from tests.support.house import PASSWORD, Home
from tests.support.push_service import Browser, PushService
from tests.support.relying_party import fields

ANSWER = "/push/answer"
PUSH = FactorKind.PUSH
_NOBODY = Actor.anonymous(Origin(address="127.0.0.1", user_agent="curl"))


def enrolled_push(home: Home, service: PushService, username: str = "ana") -> Browser:
    """A browser that was set up by somebody who is signed in."""
    return enrolled_devices(home, service, 1, username)[0]


def enrolled_devices(
    home: Home, service: PushService, count: int, username: str = "ana"
) -> list[Browser]:
    rooms = home.house.rooms
    session = rooms.sign_in.with_password(_NOBODY, username, PASSWORD).session
    browsers = []
    for _ in range(count):
        shown = rooms.enrolment.begin(_NOBODY, session, PUSH)
        browser = service.browser(shown["public_key"])
        offer(home, session, browser)
        assert approve(home, browser.newest.secret).status_code == 200
        rooms.enrolment.finish(_NOBODY, session, PUSH, Given(), name="")
        browsers.append(browser)
    return browsers


def offer(home: Home, session: Any, browser: Browser) -> None:
    """Send its first message."""
    given = Given(credential=browser.subscription())
    home.house.rooms.enrolment.begin(_NOBODY, session, PUSH, given)
    home.deliver()


def question(home: Home, secret: str, client: FlaskClient | None = None) -> TestResponse:
    """What the device shows when the message is opened there."""
    client = client or home.client()
    form = {**fields(client.get(ANSWER)), "secret": secret}
    return client.post(ANSWER, data=form)


def approve(home: Home, secret: str, number: str = "") -> TestResponse:
    return answered(home, secret, decision="approve", number=number)


def deny(home: Home, secret: str) -> TestResponse:
    return answered(home, secret, decision="deny")


def answered(home: Home, secret: str, **typed: str) -> TestResponse:
    """In a browser that nobody is signed in with."""
    client = home.client()
    form = {**fields(client.get(ANSWER)), "secret": secret, **typed}
    return client.post(ANSWER, data=form)


def begun_push(home: Home, username: str = "ana") -> dict[str, Any]:
    """A sign-in with the right password that waits for the other device."""
    owed = home.post("/login", username=username, password=PASSWORD)
    assert owed.status_code == 403, owed.text
    asked = begin(home, owed.json["auth_session"])
    assert asked.status_code == 403, asked.text
    home.deliver()
    return dict(asked.json)


def begin(home: Home, auth_session: str) -> TestResponse:
    return home.post("/login/continue", auth_session=auth_session, factor="push", begin=True)


def poll(home: Home, owed: dict[str, Any]) -> TestResponse:
    body = {"auth_session": owed["auth_session"], "factor": "push", "poll": True}
    return home.post("/login/continue", **body)


def another(number: str) -> str:
    """A number that it is not."""
    return str(10 + (int(number) - 9) % 90)


def text_of(page: TestResponse) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())

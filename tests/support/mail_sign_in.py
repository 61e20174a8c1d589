"""A browser that asked for a mail to sign in with."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.codes import MAILBOX
from tests.support.house import Home
from tests.support.relying_party import fields

ASK = "/sign-in/mail"


def asked(
    home: Home, username: str = MAILBOX, *, browser: FlaskClient | None = None
) -> tuple[FlaskClient, TestResponse]:
    """The browser, and the page that it got."""
    browser = browser or home.client()
    form = {**fields(browser.get(ASK)), "username": username}
    page = browser.post(ASK, data=form)
    assert page.status_code == 200, page.text
    return browser, page


def mailed_link(home: Home) -> str:
    """The newest one."""
    home.deliver()
    found = re.findall(r"http\S+/sign-in/mail/link\?token=\w+", "\n".join(home.mails()))
    assert found, home.mails()
    return str(found[-1]).removeprefix(home.house.settings.issuer)


def press(browser: FlaskClient, page: TestResponse) -> TestResponse:
    """The button of the page that a link opened."""
    return browser.post("/sign-in/mail/link", data=fields(page))


def type_code(browser: FlaskClient, page: TestResponse, code: str) -> TestResponse:
    return browser.post(ASK, data={**fields(page), "code": code})


def is_signed_in(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == 200


def cookie_of(browser: FlaskClient) -> str:
    """What a browser that asked keeps."""
    found = browser.get_cookie("portero_mail", domain="127.0.0.1")
    assert found is not None
    return str(found.value)

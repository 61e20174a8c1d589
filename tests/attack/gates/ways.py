"""Ways to a session: each prepares somebody for it while everything is open, and answers with the
walk to its end, which is taken when a gate is shut."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from tests.http.test_certificate_sign_in import mail, shows
from tests.support.authenticator_app import enrolled_app
from tests.support.codes import MAILBOX, mailed_code
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home
from tests.support.mail_sign_in import asked, press
from tests.support.passkeys import enrol as enrolled_passkey
from tests.support.push import approve, begun_push, enrolled_push, poll
from tests.support.push_service import serving
from tests.support.relying_party import fields, relying_party
from tests.support.software_authenticator import SoftwareAuthenticator

Walk = Callable[[Home], object]
Way = Callable[[Home], Walk]


def password_page(home: Home) -> Walk:
    def walk(home: Home) -> None:
        browser = home.client()
        form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
        browser.post("/sign-in", data=form)

    return walk


def password_api(home: Home) -> Walk:
    return lambda home: _login(home, PASSWORD)


def an_application(home: Home) -> Walk:
    """An application sends somebody to sign in."""
    client_id = relying_party(home, client_id="notes").client_id

    def walk(home: Home) -> None:
        rp = relying_party(home)
        page = rp.browser.get(rp.begin(client_id=client_id).location)
        form = {**fields(page), "username": "ana", "password": PASSWORD}
        rp.browser.post("/sign-in", data=form)

    return walk


def passkey_api(home: Home) -> Walk:
    device = enrolled_passkey(home)

    def walk(home: Home) -> None:
        asked = home.post("/login/passkey/options").json
        _prove_passkey(home, asked["auth_session"], asked["public_key"], device)

    return walk


def mailed_code_api(home: Home) -> Walk:
    def walk(home: Home) -> None:
        before = len(home.mails())
        asked = home.post("/login/mail", username=MAILBOX).json
        home.deliver()
        if len(home.mails()) > before and re.search(r"\b\d{6}\b", home.mails()[-1]):
            code = mailed_code(home)
            home.post("/login/mail/continue", mail_session=asked["mail_session"], code=code)

    return walk


def recovery(home: Home) -> Walk:
    """A link that was mailed while all was open, then the new password."""
    home.post("/password/forgot", username="ana")
    token = home.mailed_token("/reset-password")

    def walk(home: Home) -> None:
        body = {"token": token, "new_password": OTHER_PASSWORD}
        home.client().post("/password/reset", json=body)
        _login(home, OTHER_PASSWORD)

    return walk


def a_step_that_was_owed(home: Home) -> Walk:
    """A sign-in that had the right password, and owed its factor, when the gate was shut."""
    app = enrolled_app(home)
    owed = _login(home, PASSWORD)

    def walk(home: Home) -> None:
        code = app.code(steps_later=1)  # the present one was used to enrol it
        body = {"auth_session": owed["auth_session"], "factor": "totp", "code": code}
        home.post("/login/continue", **body)

    return walk


def approved_elsewhere(home: Home) -> Walk:
    """The same, where the factor is a question that a device was sent."""
    with serving() as service:
        device = enrolled_push(home, service)
        owed = begun_push(home)

    def walk(home: Home) -> None:
        approve(home, device.newest.secret, owed["shown"]["number"])
        poll(home, owed)

    return walk


def _login(home: Home, password: str) -> dict[str, str]:
    return dict(home.post("/login", username="ana", password=password).json)


def _prove_passkey(
    home: Home, secret: str, options: dict[str, object], device: SoftwareAuthenticator
) -> None:
    body = {"auth_session": secret, "credential": device.get(options)}
    home.post("/login/passkey", **body)


def mailed_link(home: Home) -> Walk:
    """The button of the page that the link opens, in the browser that asked for it."""
    return lambda home: follow_mailed_link(home, home.client())


def follow_mailed_link(home: Home, browser: FlaskClient) -> None:
    before = len(home.mails())
    asked(home, browser=browser)
    home.deliver()
    links = re.findall(r"(/sign-in/mail/link\?token=\w+)", "\n".join(home.mails()[before:]))
    if links:
        press(browser, browser.get(links[-1]))


def certificate(home: Home) -> Walk:
    """Behind a proxy that has verified it."""
    return lambda home: show_certificate(home, home.client())


def show_certificate(home: Home, browser: FlaskClient) -> None:
    shows(browser, mail(MAILBOX))


def trusted_browser(home: Home) -> Walk:
    """One that proved a second factor, and is asked for none again."""
    browser = home.client()
    trusted(home, browser)
    return lambda home: type_password(moved(browser, home))


def trusted(home: Home, browser: FlaskClient) -> None:
    """Trusted, and signed out."""
    app = enrolled_app(home)
    owed = type_password(browser)
    form = {**fields(owed), "code": app.next_code(), "trust_device": "1"}
    assert browser.post("/sign-in", data=form).status_code == 303
    browser.delete_cookie("portero", domain="localhost")


def use_trusted_browser(home: Home, browser: FlaskClient) -> None:
    trusted(home, browser)
    type_password(browser)


def type_password_at(home: Home, browser: FlaskClient) -> None:
    type_password(browser)


def kept_signed_in(home: Home) -> Walk:
    """As the password page; the session is to outlive the window."""
    return lambda home: type_password(home.client(), keep="1")


def sign_up(home: Home) -> Walk:
    """An account that did not exist."""

    def walk(home: Home) -> None:
        home.post("/register", username="ben", password=PASSWORD, email="ben@example.org")
        home.post("/login", username="ben", password=PASSWORD)

    return walk


def invitation(home: Home) -> Walk:
    """The same, by a mailed link that an operator sent."""
    home.house.rooms.sign_up.invite(Actor.operator(), "ben@example.org")
    token = home.mailed_token("/sign-up")

    def walk(home: Home) -> None:
        body = {"username": "ben", "password": PASSWORD, "invitation": token}
        home.post("/register", **body, email="ben@example.org")
        home.post("/login", username="ben", password=PASSWORD)

    return walk


def step_up_api(home: Home) -> Walk:
    """A token of a live session, and the password again: another session in its place."""
    token = _login(home, PASSWORD)["access_token"]

    def walk(home: Home) -> None:
        owed = home.post("/login/step-up", token).get_json()
        body = {"auth_session": owed.get("auth_session", ""), "password": PASSWORD}
        home.post("/login/continue", **body)

    return walk


def type_password(browser: FlaskClient, **more: str) -> TestResponse:
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    return browser.post("/sign-in", data={**form, **more})


def moved(browser: FlaskClient, home: Home) -> FlaskClient:
    """The same browser, at another house of the same place."""
    here = home.client()
    for name in ("portero", "portero_device"):
        cookie = browser.get_cookie(name, domain="localhost")
        if cookie is not None:
            here.set_cookie(name, cookie.value)
    return here


WAYS = (
    password_page,
    password_api,
    an_application,
    passkey_api,
    mailed_code_api,
    mailed_link,
    recovery,
    a_step_that_was_owed,
    approved_elsewhere,
    certificate,
    trusted_browser,
    kept_signed_in,
    sign_up,
    invitation,
    step_up_api,
)

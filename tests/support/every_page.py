"""Every page that a person can see, as a row: how to get there (`tests/browser/test_every_page`).

A new page gets a row here: then axe looks at it in both schemes, it is tried in 320 pixels, and is
among the pictures of `make screenshots`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx2

from tests.support import factor_pages, push_pages
from tests.support.browsing import Place, Places
from tests.support.house import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page


@dataclass(frozen=True, slots=True)
class Walk:
    """One row's browser, which knows nobody yet. `turn` is part of the names of whom it makes, so
    that the same row can be walked more than once."""

    place: Place
    page: Page
    turn: str = ""

    def named(self, name: str) -> str:
        return name + self.turn

    def somebody(self, name: str, *more: str) -> str:
        """An account with a proven address; its name."""
        name = self.named(name)
        self.place.person(name, *more)
        return name

    def open(self, path: str) -> None:
        self.page.goto(self.place.url + path)

    def fill(self, **typed: str) -> None:
        for name, text in typed.items():
            self.page.fill(f"#{name}", text)

    def send(self) -> None:
        """The page's form, as Enter would; and wait for what comes."""
        with self.page.expect_navigation():
            self.page.click("main form button[type=submit]")

    def sign_in(self, name: str = "ana", path: str = "/sign-in") -> None:
        self.open(path)
        self.fill(username=name, password=PASSWORD)
        self.send()

    def signed_in(self, path: str, name: str = "ana") -> None:
        """Where a page begins behind the door."""
        self.place.admit(self.page, name)
        self.open(path)

    def mailed(self, path: str, to: str) -> None:
        """Open the link to that page that was mailed to that address."""
        link = re.compile(re.escape(self.place.url + path) + r"\?token=[\w-]+")
        self.page.goto(self.place.mailed(self.page, to, link))

    def leave(self) -> None:
        """Another day, another browser: nobody is known."""
        self.page.context.clear_cookies()


@dataclass(frozen=True, slots=True)
class Row:
    """`name` is what the pictures are called. `settings` are the server's, where the page needs
    others than the usual ones; servers are shared by rows that want the same."""

    name: str
    go: Callable[[Walk], object]
    settings: tuple[tuple[str, str], ...] = ()
    host: str = "127.0.0.1"

    def place(self, places: Places) -> Place:
        """Ana's lists are as short as the rows make them: other tests were elsewhere."""
        usual = not self.settings and self.host == "127.0.0.1"
        return places(self.host, "rows" if usual else "", **dict(self.settings))


def _wrong_password(walk: Walk) -> None:
    walk.open("/sign-in")
    walk.fill(username="ana", password="not the one")
    walk.send()


def _bad_sign_up(walk: Walk) -> None:
    walk.open("/sign-up")
    walk.fill(username="ana", password="short")
    walk.send()


def _sign_up(walk: Walk) -> None:
    walk.open("/sign-up")
    walk.fill(username=walk.named("newcomer"), password=PASSWORD)
    walk.send()


def _ask_for_a_link(walk: Walk, name: str = "ben") -> None:
    name = walk.somebody(name)
    walk.open("/forgot-password")
    walk.fill(username=name)
    walk.send()


def _reset(walk: Walk) -> None:
    _ask_for_a_link(walk, "bert")
    walk.mailed("/reset-password", f"{walk.named('bert')}@example.org")


def _verify(walk: Walk, name: str = "eva") -> None:
    walk.open("/sign-up")
    name = walk.named(name)
    walk.fill(username=name, email=f"{name}@example.org", password=PASSWORD)
    walk.send()
    walk.mailed("/verify-email", f"{name}@example.org")


def _verified(walk: Walk) -> None:
    _verify(walk, "evan")
    walk.send()


def _invited(walk: Walk) -> None:
    address = f"{walk.named('cleo')}@example.org"
    walk.place.server.operate("users", "invite", address)
    walk.mailed("/sign-up", address)


def _owes_password(walk: Walk) -> None:
    walk.sign_in(walk.somebody("dan", "--must-change"))


def _consent(walk: Walk) -> None:
    walk.page.goto(walk.place.authorize(prompt="consent"))
    walk.fill(username="ana", password=PASSWORD)
    walk.send()


def _way_back(walk: Walk) -> None:
    """An error of a client that registered itself leads back by a page."""
    told = httpx2.post(
        f"{walk.place.url}/oauth/register",
        json={"redirect_uris": [walk.place.application.callback], "client_name": "Stranger"},
    ).json()
    walk.page.goto(walk.place.authorize(client_id=told["client_id"], response_type="nonsense"))


def _device(walk: Walk) -> None:
    made = walk.place.client(
        client_name="Television",
        grant_types=["urn:ietf:params:oauth:grant-type:device_code"],
        response_types=[],
        token_endpoint_auth_method="none",
    )
    told = httpx2.post(
        f"{walk.place.url}/oauth/device", data={"client_id": made["client_id"], "scope": "openid"}
    ).json()
    walk.signed_in(f"/device?{urlencode({'user_code': told['user_code']})}")
    walk.send()


def _requests(walk: Walk) -> None:
    made = walk.place.client(
        client_name="Rheinhessische Volksbank",
        grant_types=["urn:openid:params:grant-type:ciba"],
        response_types=[],
    )
    asked = httpx2.post(
        f"{walk.place.url}/oauth/ciba",
        data={"scope": "openid profile", "login_hint": "ana", "binding_message": "Pay 30 EUR"},
        auth=(made["client_id"], made["client_secret"]),
    )
    assert asked.status_code == 200, asked.text
    walk.signed_in("/requests")


def _connected(walk: Walk) -> None:
    _consent(walk)
    walk.page.click("button[value=allow]")
    walk.page.wait_for_url(f"{walk.place.application.callback}*")
    walk.open("/account/applications")


def _allow_new_email(walk: Walk, name: str = "fay") -> None:
    """The question to the mailbox that is to be left."""
    name = walk.somebody(name)
    walk.signed_in("/account/profile/email", name)
    walk.fill(email=f"{name}@example.net")
    walk.send()
    walk.mailed("/allow-new-email", f"{name}@example.org")


def _take_back_email(walk: Walk) -> None:
    _allow_new_email(walk, "gil")
    name = walk.named("gil")
    walk.send()
    walk.mailed("/verify-email", f"{name}@example.net")
    walk.send()
    walk.mailed("/take-back-email", f"{name}@example.org")


def _freeze(walk: Walk, name: str = "gerda") -> None:
    """By the mail that says that the account is to be deleted."""
    _left(walk, name)
    walk.mailed("/it-was-not-me", f"{walk.named(name)}@example.org")


def _frozen(walk: Walk) -> None:
    _freeze(walk, "gustav")
    walk.send()


def _phone_code(walk: Walk) -> None:
    walk.signed_in("/account/profile/phone")
    walk.fill(phone="+4915123456712")
    walk.send()


def _left(walk: Walk, name: str = "hal") -> None:
    name = walk.somebody(name)
    walk.signed_in("/account/data/delete", name)
    walk.fill(confirm=name)
    walk.send()


def _owes_keeping(walk: Walk) -> None:
    _left(walk, "ida")
    walk.sign_in(walk.named("ida"))


def _signed_out(walk: Walk) -> None:
    walk.signed_in("/oauth/logout")
    walk.send()


def _demo(walk: Walk) -> None:
    walk.signed_in("/demo")
    walk.send()
    walk.page.click("button[value=allow]")
    walk.page.wait_for_url(f"{walk.place.url}/demo/callback?*")


def _letter(walk: Walk) -> None:
    address = f"{walk.named('ivo')}@example.org"
    walk.place.server.operate("users", "invite", address)
    walk.mailed("/sign-up", address)  # when it has come
    walk.open("/dev/mail")
    walk.page.click(".cards a >> nth=0")
    walk.page.wait_for_selector("iframe")


def _closed(walk: Walk) -> None:
    """The page, and the door open again for the next row. Each worker looks once a second."""
    page, server = walk.page, walk.place.server
    server.operate("maintenance", "on", "--message", "We are moving to a larger machine.")
    try:
        for _ in range(40):
            walk.open("/sign-in")
            if page.get_by_text("larger machine").count():
                return
            page.wait_for_timeout(50)
        raise AssertionError("the service stayed open")
    finally:
        server.operate("maintenance", "off")
        while httpx2.post(f"{walk.place.url}/login", json={}).status_code == 503:
            page.wait_for_timeout(50)


def _name_first(walk: Walk) -> None:
    walk.open("/sign-in")
    walk.fill(username="ana")
    walk.send()


def _owes_mailbox(walk: Walk) -> None:
    walk.open("/sign-up")
    name = walk.named("vera")
    walk.fill(username=name, email=f"{name}@example.org", password=PASSWORD)
    walk.send()
    walk.sign_in(name)


def _sign_in_mail(walk: Walk, name: str = "mia") -> None:
    name = walk.somebody(name)
    walk.open("/sign-in/mail")
    walk.fill(username=name)
    walk.send()


def _wrong_mail_code(walk: Walk) -> None:
    _sign_in_mail(walk, "max")
    walk.fill(code="123456")
    walk.send()


def _mail_link(walk: Walk) -> None:
    _sign_in_mail(walk, "moritz")
    walk.mailed("/sign-in/mail/link", f"{walk.named('moritz')}@example.org")


def at(path: str) -> Callable[[Walk], None]:
    """Open it as a stranger."""
    return lambda walk: walk.open(path)


def signed_in_at(path: str) -> Callable[[Walk], None]:
    """Open it as Ana."""
    return lambda walk: walk.signed_in(path)


BY_MAIL = {"PORTERO_MAIL_SIGN_IN": "on", "PORTERO_SIGN_IN_STEPS": "2"}
STRICT = {"PORTERO_SECOND_FACTOR": "required", "PORTERO_SECOND_FACTOR_GRACE_DAYS": "14"}
# Behind a proxy that tells whose certificate it has seen; and proven mailboxes are wanted.
_VERIFIED = (
    ("PORTERO_REQUIRE_VERIFIED_EMAIL", "on"),
    ("PORTERO_TRUSTED_PROXIES", "127.0.0.1"),
    ("PORTERO_CLIENT_CERTIFICATE_HEADER", "X-Client-Cert"),
    ("PORTERO_CLIENT_VERIFIED_HEADER", "X-Client-Verify"),
    ("PORTERO_CERTIFICATE_SIGN_IN", "email"),
)
_BY_MAIL, _STRICT = (tuple(settings.items()) for settings in (BY_MAIL, STRICT))

ROWS = (
    Row("sign-in", at("/sign-in")),
    Row("sign-in-for-application", lambda walk: walk.page.goto(walk.place.authorize())),
    Row("sign-in-wrong-password", _wrong_password),
    Row("sign-up", at("/sign-up")),
    Row("sign-up-faults", _bad_sign_up),
    Row("sign-up-done", _sign_up),
    Row("sign-up-invited", _invited),
    Row("forgot-password", at("/forgot-password")),
    Row("forgot-password-sent", _ask_for_a_link),
    Row("reset-password", _reset),
    Row("verify-email", _verify),
    Row("verify-email-done", _verified),
    Row("link-spent", at("/verify-email?token=spent")),
    Row("owed-change-password", _owes_password),
    Row("consent", _consent),
    Row("way-back", _way_back),
    Row("device-code", signed_in_at("/device")),
    Row("device-consent", _device),
    Row("requests-none", signed_in_at("/requests")),
    Row("requests", _requests),
    Row("sign-out", signed_in_at("/oauth/logout")),
    Row("sign-in-mail", at("/sign-in/mail"), _BY_MAIL),
    Row("sign-in-mail-sent", _sign_in_mail, _BY_MAIL),
    Row("sign-in-mail-wrong-code", _wrong_mail_code, _BY_MAIL),
    Row("sign-in-mail-link", _mail_link, _BY_MAIL),
    Row("sign-in-mail-elsewhere", at("/sign-in/mail/link?token=another"), _BY_MAIL),
    Row("signed-out", _signed_out),
    Row("error-nothing-here", at("/nothing-here")),
    Row("error-unknown-client", at("/oauth/authorize?client_id=nobody")),
    Row("account", signed_in_at("/account")),
    Row("account-profile", signed_in_at("/account/profile")),
    Row("account-email", signed_in_at("/account/profile/email")),
    Row("account-phone", signed_in_at("/account/profile/phone")),
    Row("account-phone-code", _phone_code),
    Row("account-password", signed_in_at("/account/security/password")),
    Row("allow-new-email", _allow_new_email),
    Row("take-back-email", _take_back_email),
    Row("it-was-not-me", _freeze),
    Row("frozen", _frozen),
    Row("account-security", signed_in_at("/account/security")),
    Row("accounts", signed_in_at("/accounts")),
    Row("account-app", signed_in_at("/account/security/app")),
    Row("account-apps", factor_pages.apps),
    Row("account-recovery-codes", factor_pages.app),
    Row("account-recovery-codes-made", factor_pages.codes_made),
    Row("second-factor", factor_pages.second_step),
    Row("account-codes", signed_in_at("/account/security/codes")),
    Row("account-code-sent", factor_pages.code_sent),
    Row("push-none", signed_in_at("/account/security/push")),
    Row("push-setting-up", push_pages.waiting_to_be_set_up),
    Row("push-set-up", push_pages.asked_to_be_set_up("wim")),
    Row("push-confirmed", push_pages.asked_to_be_set_up("wolf", confirms=True)),
    Row("push-devices", push_pages.devices),
    Row("prove-push", push_pages.asked("walt", "wait")),
    Row("push-question", push_pages.asked("wes")),
    Row("push-approved", push_pages.asked("wade", "approve")),
    Row("push-denied", push_pages.asked("warren", "deny")),
    Row("push-wrong-number", push_pages.asked("ward", "approve", "00")),
    Row("push-nothing", at("/push/answer")),
    Row("account-sessions", signed_in_at("/account/sessions")),
    Row("account-applications-none", signed_in_at("/account/applications")),
    Row("account-applications", _connected),
    Row("account-activity", signed_in_at("/account/activity")),
    Row("account-data", signed_in_at("/account/data")),
    Row("account-delete", signed_in_at("/account/data/delete")),
    Row("account-delete-asked", _left),
    Row("owed-keep-account", _owes_keeping),
    Row("api-docs", at("/api/docs")),
    Row("sign-in-name-first", at("/sign-in"), _BY_MAIL),
    Row("sign-in-then-password", _name_first, _BY_MAIL),
    Row("sign-in-with-passkey", at("/sign-in"), host="localhost"),
    Row("passkey-offer", lambda walk: walk.sign_in(walk.somebody("jo")), host="localhost"),
    Row("passkeys-none", signed_in_at("/account/security/passkeys"), host="localhost"),
    Row("passkey-add", signed_in_at("/account/security/passkeys/add"), host="localhost"),
    Row("enrol-passkey", factor_pages.owes_factor("pia", "passkey"), _STRICT, "localhost"),
    Row("owed-enrol-factor", factor_pages.owes_factor("fred"), _STRICT, "localhost"),
    Row("enrol-totp", factor_pages.owes_factor("tara", "totp"), _STRICT, "localhost"),
    Row("recovery-offer", factor_pages.codes_offered, _STRICT, "localhost"),
    Row("recovery-offer-made", factor_pages.offered_codes_made, _STRICT, "localhost"),
    Row("enrol-email", factor_pages.owes_factor("emil", "email"), _STRICT, "localhost"),
    Row("enrol-push", factor_pages.owes_factor("wilma", "push"), _STRICT, "localhost"),
    Row("enrol-push-waiting", push_pages.enrolling, _STRICT, "localhost"),
    Row("prove-totp", factor_pages.proves_totp, _STRICT, "localhost"),
    Row("prove-totp-wrong", factor_pages.wrong_totp),
    Row("prove-recovery-code", factor_pages.proves_recovery_code),
    Row("prove-email", factor_pages.proves_email, _STRICT, "localhost"),
    Row("enrol-sms", factor_pages.enrols_sms, _STRICT, "localhost"),
    Row("prove-sms", factor_pages.proves_sms, _STRICT, "localhost"),
    Row("passkeys", factor_pages.passkeys, host="localhost"),
    Row("passkey-rename", factor_pages.renames_passkey, host="localhost"),
    Row("prove-passkey", factor_pages.proves_passkey, host="localhost"),
    Row("second-factor-choice", factor_pages.chooses_second_step),
    Row("account-codes-set-up", factor_pages.codes_set_up),
    Row("owed-verify-email", _owes_mailbox, _VERIFIED),
    Row("sign-in-certificate", at("/sign-in"), _VERIFIED),
    Row("maintenance", _closed),
    Row("styleguide", at("/styleguide")),
    Row("demo", at("/demo")),
    Row("demo-answer", _demo),
    Row("dev-mail", at("/dev/mail")),
    Row("dev-mail-letter", _letter),
)

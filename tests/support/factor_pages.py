"""How to get to the pages of second factors and passkeys (`every_page.py`)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from portero.protocol.otp import base32_key, hotp
from tests.support.browsing import CODE
from tests.support.house import PASSWORD
from tests.support.virtual_authenticator import authenticator

if TYPE_CHECKING:
    from tests.support.every_page import Walk


def app(walk: Walk, name: str = "hilda") -> str:
    """Set up an authenticator app; what comes next are recovery codes. Who it was."""
    name = walk.somebody(name)
    walk.signed_in("/account/security/app", name)
    key = base32_key(walk.page.inner_text("form code"))
    walk.fill(code=hotp(key, int(time.time()) // 30), name="Phone")
    walk.send()
    return name


def apps(walk: Walk) -> None:
    app(walk, "hans")
    walk.open("/account/security/app")


def codes_made(walk: Walk) -> None:
    app(walk, "hugo")
    walk.send()


def second_step(walk: Walk, name: str = "hedy") -> None:
    """A further sign-in of somebody who has an app."""
    name = app(walk, name)
    walk.open("/sign-in")
    walk.fill(username=name, password=PASSWORD)
    walk.send()


def owes_factor(name: str, begin: str = "") -> Callable[[Walk], None]:
    """Where everybody needs a second factor, somebody who has none; and chooses one."""

    def go(walk: Walk) -> None:
        walk.sign_in(walk.somebody(name))
        if begin:
            with walk.page.expect_navigation():
                walk.page.click(f"button[name=begin][value={begin}]")

    return go


def codes_offered(walk: Walk, name: str = "faye") -> None:
    """After the app that somebody had to set up to get in."""
    owes_factor(name, "totp")(walk)
    key = base32_key(walk.page.inner_text("main .hint code"))
    walk.fill(code=hotp(key, int(time.time()) // 30))
    walk.send()


def offered_codes_made(walk: Walk) -> None:
    codes_offered(walk, "finn")
    walk.send()


def proves_totp(walk: Walk) -> None:
    """Sets up an app, and comes back in another browser."""
    owes_factor("theo", "totp")(walk)
    key = base32_key(walk.page.inner_text("main .hint code"))
    walk.fill(code=hotp(key, int(time.time()) // 30))
    walk.send()
    walk.leave()
    walk.sign_in(walk.named("theo"))


def chosen(walk: Walk, factor: str) -> None:
    """Another way, on the page of a second step."""
    with walk.page.expect_navigation():
        walk.page.click(f"button[name=begin][value={factor}]")


def wrong_totp(walk: Walk) -> None:
    second_step(walk, "hilde")
    walk.fill(code="000000")
    walk.send()


def proves_recovery_code(walk: Walk) -> None:
    name = app(walk, "hugh")
    walk.send()
    walk.leave()
    walk.sign_in(name)
    chosen(walk, "recovery_code")


def proves_email(walk: Walk) -> None:
    owes_factor("emma", "email")(walk)
    walk.fill(code=walk.place.mailed(walk.page, f"{walk.named('emma')}@example.org", CODE))
    walk.send()
    walk.leave()
    walk.sign_in(walk.named("emma"))


def enrols_sms(walk: Walk, name: str = "sam") -> str:
    """Where a text message with a code has come; the code."""
    name = walk.somebody(name)
    walk.place.confirm_phone(name, "+4915123456712")
    before = len(list((walk.place.server.folder / "var" / "sms").glob("*.txt")))
    walk.sign_in(name)
    chosen(walk, "sms")
    return walk.place.texted(walk.page, nth=before + 1)


def proves_sms(walk: Walk) -> None:
    walk.fill(code=enrols_sms(walk, "sina"))
    walk.send()
    walk.leave()
    walk.sign_in(walk.named("sina"))


def passkeys(walk: Walk, name: str = "kai") -> None:
    """The list of one who has one."""
    walk.signed_in("/account/security/passkeys/add", walk.somebody(name))
    with authenticator(walk.page):
        walk.page.click("form[data-passkey=create] button")
        walk.page.wait_for_url("**/account/security/recovery-codes")
    walk.open("/account/security/passkeys")


def renames_passkey(walk: Walk) -> None:
    passkeys(walk, "kira")
    walk.page.click("main a[href*=rename]")
    walk.page.wait_for_selector("#name")


def proves_passkey(walk: Walk) -> None:
    passkeys(walk, "kurt")
    walk.leave()
    walk.sign_in(walk.named("kurt"))


def chooses_second_step(walk: Walk) -> None:
    """Somebody who has an app and a mailbox to confirm with."""
    name = app(walk, "cora")
    walk.open("/account/security/codes")
    walk.page.click("form:has(input[value=email]) button[type=submit]")
    walk.fill(code=walk.place.mailed(walk.page, f"{name}@example.org", CODE))
    walk.page.click("form:has(#code) button[type=submit]")
    walk.page.wait_for_url("**/account/security/**")
    walk.leave()
    walk.sign_in(name)


def codes_set_up(walk: Walk) -> None:
    code_sent(walk, "nora")
    walk.fill(code=walk.place.mailed(walk.page, f"{walk.named('nora')}@example.org", CODE))
    walk.page.click("form:has(#code) button[type=submit]")
    walk.page.wait_for_url("**/account/security/**")
    walk.open("/account/security/codes")


def code_sent(walk: Walk, name: str = "nele") -> None:
    walk.signed_in("/account/security/codes", walk.somebody(name))
    walk.page.click("form:has(input[value=email]) button[type=submit]")
    walk.page.wait_for_selector("#code")

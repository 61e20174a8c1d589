"""Clients that nobody signs in for with one factor: by what they registered, or by a setting."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from portero.settings import SettingsError
from tests.support import backchannel
from tests.support.authenticator_app import App, enrolled_app
from tests.support.codes import mailed_code
from tests.support.house import PASSWORD, Home, MakeHome, bearer
from tests.support.passkeys import AT_A_DOMAIN
from tests.support.passkeys import enrol as enrolled_passkey
from tests.support.relying_party import (
    RelyingParty,
    claims_of,
    fields,
    query_of,
    relying_party,
)

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    home.create("ana", "ana@example.org")
    return home


def strict_party(home: Home, **more: Any) -> RelyingParty:
    return relying_party(home, require_second_factor=True, **more)


def typed(browser: FlaskClient, page: TestResponse, **more: str) -> TestResponse:
    return browser.post("/sign-in", data={**fields(page), **more})


def signed_in(browser: FlaskClient) -> None:
    """With the password alone."""
    page = browser.get("/sign-in")
    assert typed(browser, page, username="ana", password=PASSWORD).status_code == 303


def shown(rp: RelyingParty, **more: str) -> TestResponse:
    answer = rp.begin(**more)
    assert answer.location.startswith("/sign-in"), answer.location
    return rp.browser.get(answer.location)


def enrolled_here(rp: RelyingParty, page: TestResponse) -> TestResponse:
    """Where the browser goes once an app is enrolled on that page."""
    assert fields(page)["owed"] == "enrol_factor"
    begun = typed(rp.browser, page, begin="totp")
    secret = begun.text.split("<code>")[1].split("</code>")[0]
    done = typed(rp.browser, begun, code=App(rp.home, secret).code())
    assert done.location.startswith("/recovery-codes")
    form = {**fields(rp.browser.get(done.location)), "not_now": "1"}
    return rp.browser.post("/recovery-codes", data=form)


# --- applications -------------------------------------------------------------------------------


def test_who_has_no_factor_enrols_one_first(home: Home) -> None:
    """And the application reads in the token that there were two."""
    rp = strict_party(home)
    owed = typed(rp.browser, shown(rp), username="ana", password=PASSWORD)
    done = enrolled_here(rp, owed)
    told = rp.redeem(query_of(rp.walk(done))["code"]).get_json()
    assert claims_of(told["id_token"])["amr"] == ["pwd", "otp", "mfa"]


def test_a_session_of_one_factor_is_lifted(home: Home) -> None:
    """Another application had let the person in with the password; here the code alone is asked
    for, and it is recorded what satisfied what."""
    rp = strict_party(home)
    signed_in(rp.browser)
    app = enrolled_app(home)
    page = shown(rp)
    assert 'name="password"' not in page.text
    done = typed(rp.browser, page, code=app.next_code())
    told = rp.redeem(query_of(rp.walk(done))["code"]).get_json()
    assert "mfa" in claims_of(told["id_token"])["amr"]
    (met,) = home.house.audit.list_entries(kind="login.demand_met")
    assert met.details["second_factor"] is True
    assert met.details["stepped_up"] is True


@pytest.mark.parametrize("enrolled", [True, False])
def test_no_code_comes_of_a_session_of_one_factor(home: Home, enrolled: bool) -> None:
    """The attack: sign in elsewhere, then go to the end of the flow by its address, or ask for no
    page at all, or press Allow."""
    rp = strict_party(home)
    answer = rp.begin()
    handle = answer.location.split("request=")[1]
    signed_in(rp.browser)
    if enrolled:
        enrolled_app(home)
    on = rp.browser.get(f"/oauth/authorize/continue?request={handle}")
    assert on.location.startswith("/sign-in")
    assert query_of(rp.begin(prompt="none"))["error"] == "login_required"
    form = {
        **fields(rp.browser.get("/account/security/password")),
        "request": handle,
        "decision": "allow",
    }
    assert rp.browser.post("/consent", data=form).location.startswith("/sign-in")


def test_what_was_agreed_to_with_two_factors_is_not_had_with_one(home: Home) -> None:
    """A remembered consent says what may be told, not how the person signed in."""
    rp = strict_party(home)
    app = enrolled_app(home)
    owed = typed(rp.browser, shown(rp), username="ana", password=PASSWORD)
    assert query_of(rp.walk(typed(rp.browser, owed, code=app.next_code())))["code"]
    rp.browser = home.client()
    trusting_nobody = typed(rp.browser, shown(rp), username="ana", password=PASSWORD)
    assert fields(trusting_nobody)["owed"] == "second_factor"


def test_a_trusted_browser_is_no_second_factor(home: Home) -> None:
    """It spares the person the code where this service alone wants it, not an application that
    does."""
    app, rp = enrolled_app(home), strict_party(home)
    owed = typed(rp.browser, rp.browser.get("/sign-in"), username="ana", password=PASSWORD)
    assert typed(rp.browser, owed, code=app.next_code(), trust_device="1").status_code == 303
    rp.browser.post("/sign-out", data=fields(rp.browser.get("/sign-out")))
    signed_in(rp.browser)  # asked for no code
    assert fields(shown(rp))["owed"] == "second_factor"


def test_an_open_browser_adds_no_factor(home: Home) -> None:
    """The attack: find a browser that is signed in since this morning, open an application that
    needs a second factor, and enrol one's own. The password comes first."""
    rp = strict_party(home)
    signed_in(rp.browser)
    home.clock.let_pass(seconds=901)
    assert 'name="password"' in shown(rp).text


def test_a_refresh_is_as_before(make_home: MakeHome, home: Home) -> None:
    """Nobody is there to prove anything; the next sign-in is asked."""
    rp = relying_party(home)
    told = rp.sign_in()
    strict = make_home(PORTERO_SECOND_FACTOR_CLIENTS=rp.client_id)
    rp.home, rp.browser = strict, strict.client()
    assert rp.refresh(told["refresh_token"]).status_code == 200
    owed = typed(rp.browser, shown(rp), username="ana", password=PASSWORD)
    assert fields(owed)["owed"] == "enrol_factor"


# --- devices and requests from elsewhere --------------------------------------------------------


def test_a_device_waits_for_a_second_factor(home: Home) -> None:
    """The person is sent to the code alone, and back; the page by itself decides nothing, though
    its address is cut short on the way."""
    device = strict_party(home, grant_types=["authorization_code", DEVICE_GRANT])
    browser = home.client()
    signed_in(browser)
    app = enrolled_app(home)
    user_code = device.ask("/oauth/device", scope="openid").get_json()["user_code"]

    def ask(**more: str) -> TestResponse:
        form = {**fields(browser.get("/device")), "user_code": user_code}
        return browser.post("/device", data={**form, **more})

    sent = ask(decision="allow")
    assert sent.location == f"/sign-in?request=device.{user_code}.second"
    assert browser.get(sent.location.removesuffix(".second")).status_code == 200
    assert ask(decision="allow").location == sent.location
    back = typed(browser, browser.get(sent.location), code=app.next_code())
    assert back.location == f"/device?user_code={user_code}"
    page = browser.post("/device", data={**fields(browser.get(back.location))})
    assert browser.post("/device", data={**fields(page), "decision": "allow"}).status_code == 200


def test_a_yes_from_elsewhere_has_two_factors(home: Home) -> None:
    """CIBA: a no is as good in any session."""
    shop = backchannel.bank(home, require_second_factor=True)
    browser = backchannel.signed_in(home)
    app = enrolled_app(home)
    started, refused = shop.begin(), shop.begin()
    sent = backchannel.answer(browser, which=1)
    assert sent.location == "/sign-in?request=requests.second"
    assert backchannel.answer(browser, "deny").status_code == 200
    assert backchannel.error_of(shop.poll(refused)) == "access_denied"
    typed(browser, browser.get(sent.location), code=app.next_code())
    assert backchannel.answer(browser).status_code == 200
    home.clock.let_pass(seconds=6)
    told = shop.poll(started).get_json()
    assert "mfa" in claims_of(told["id_token"])["amr"]


# --- the JSON API, which is the client `portero` ------------------------------------------------


@pytest.fixture
def strict_api(make_home: MakeHome, home: Home) -> Home:
    """`home` has the account."""
    return make_home(
        **AT_A_DOMAIN, PORTERO_SECOND_FACTOR_CLIENTS="portero", PORTERO_MAIL_SIGN_IN="on"
    )


def test_no_way_into_the_json_api_has_one_factor(strict_api: Home) -> None:
    """Password and mail owe another; a passkey is two."""
    by_password: Any = strict_api.post("/login", username="ana", password=PASSWORD)
    asked: Any = strict_api.post("/login/mail", username="ana@example.org").json
    code = mailed_code(strict_api)
    by_mail: Any = strict_api.post(
        "/login/mail/continue", mail_session=asked["mail_session"], code=code
    )
    for owed in (by_password, by_mail):
        assert (owed.status_code, owed.json["owed"]) == (403, "enrol_factor")
    device = enrolled_passkey(strict_api)
    asked = strict_api.post("/login/passkey/options").json
    credential = device.get(asked["public_key"])
    body = {"auth_session": asked["auth_session"], "credential": credential}
    assert strict_api.post("/login/passkey", **body).status_code == 200


def test_a_sign_in_of_another_face_ends_with_no_token_of_one_factor(make_home: MakeHome) -> None:
    """The attack: begin on the page, where nothing is demanded, and go on at the JSON API."""
    strict = make_home(PORTERO_SECOND_FACTOR_CLIENTS="portero", PORTERO_REQUIRE_VERIFIED_EMAIL="on")
    strict.post("/register", username="ana", password=PASSWORD, email="ana@example.org")
    browser = strict.client()
    page = typed(browser, browser.get("/sign-in"), username="ana", password=PASSWORD)
    assert fields(page)["owed"] == "verify_email"
    token = strict.mailed_token("/verify-email")
    body = {"auth_session": fields(page)["auth_session"], "token": token}
    for _ in range(2):
        owed: Any = strict.client().post("/login/continue", json=body).json
        assert owed["owed"] == "enrol_factor"
        body = {"auth_session": owed["auth_session"]}


def test_pages_of_ones_own_account_are_no_client(strict_api: Home) -> None:
    """What the API needs is not demanded of who wants to see their own page."""
    browser = strict_api.client()
    signed_in(browser)
    assert browser.get("/account").status_code == 200


# --- who says so --------------------------------------------------------------------------------


def test_a_registrant_may_ask_it_of_itself(make_home: MakeHome) -> None:
    """And take back what it said itself, but not what the operator says of it."""
    home = make_home(PORTERO_CLIENT_REGISTRATION="open")
    home.create("ana")
    document = {"redirect_uris": ["https://rp.example/cb"], "require_second_factor": True}
    told: Any = home.client().post("/oauth/register", json=document).json
    assert told["require_second_factor"] is True
    strict = make_home(
        PORTERO_CLIENT_REGISTRATION="open", PORTERO_SECOND_FACTOR_CLIENTS=told["client_id"]
    )
    document["require_second_factor"] = False
    path = told["registration_client_uri"].partition("/oauth/")[2]
    document |= {"client_id": told["client_id"], "client_secret": told["client_secret"]}
    replaced = strict.client().put(
        f"/oauth/{path}", json=document, headers=bearer(told["registration_access_token"])
    )
    assert replaced.status_code == 200, replaced.text
    for each, expected in ((home, False), (strict, True)):
        rp = RelyingParty(each, told["client_id"], "", each.client(), "https://rp.example/cb")
        page = typed(rp.browser, shown(rp), username="ana", password=PASSWORD)
        assert (page.status_code == 200) is expected


def test_where_nobody_proves_one_no_client_asks_for_it(make_home: MakeHome) -> None:
    """It is refused at its registration; and one that was registered before is refused at all,
    since its people would come in with one factor."""
    off = {"PORTERO_SECOND_FACTOR": "off"}
    home, without = make_home(), make_home(**off)
    with pytest.raises(InvalidClientMetadata) as fault:
        strict_party(without)
    assert fault.value.faults[0].name == "require_second_factor"
    rp = strict_party(home)
    rp.browser = without.client()
    assert rp.begin().status_code in {400, 401, 403}
    with pytest.raises(SettingsError, match="PORTERO_SECOND_FACTOR_CLIENTS"):
        make_home(**off, PORTERO_SECOND_FACTOR_CLIENTS="portero")

"""A session that is too weak, or too old, for what is wanted now."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero_guard.checks import require_acr, require_recent
from portero_guard.errors import AuthenticationInsufficient, challenge
from tests.support.authenticator_app import App, enrolled_app
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome, bearer
from tests.support.relying_party import RelyingParty, claims_of, fields, query_of, relying_party


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    home.register()
    return home


def signed_in(home: Home, browser: FlaskClient) -> None:
    """With the password, by somebody who has enrolled nothing yet."""
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    assert browser.post("/sign-in", data=form).status_code == 303


def weak(home: Home) -> tuple[RelyingParty, App]:
    """Somebody at an application with a session of a password; an app was enrolled since."""
    rp = relying_party(home)
    signed_in(home, rp.browser)
    return rp, enrolled_app(home)


def shown(rp: RelyingParty, **more: str | None) -> TestResponse:
    """The page that a request of the application leads to."""
    answer = rp.begin(**more)
    assert answer.location.startswith("/sign-in"), answer.location
    return rp.browser.get(answer.location)


def typed(browser: FlaskClient, page: TestResponse, **more: str) -> TestResponse:
    return browser.post("/sign-in", data={**fields(page), **more})


def cookie_of(browser: FlaskClient) -> str:
    found = browser.get_cookie("portero", domain="127.0.0.1")
    assert found is not None
    return str(found.value)


def asks_for_password(page: TestResponse) -> bool:
    return 'name="password"' in page.text


def test_the_challenge_of_an_api_leads_to_a_stronger_session(home: Home) -> None:
    """RFC 9470 §3 to §5: the API says what is missing, the application asks for it, the person
    proves that alone, and the new token opens what the old one did not."""
    rp, app = weak(home)
    tokens = home.house.rooms.provider.tokens
    first = rp.redeem(query_of(rp.walk(rp.begin()))["code"]).get_json()
    old = tokens.check_any_audience(first["access_token"])
    with pytest.raises(AuthenticationInsufficient) as refusal:
        require_acr(old, "aal2")
    assert 'error="insufficient_user_authentication"' in challenge(refusal.value)
    wanted = refusal.value.parameters["acr_values"]

    before = cookie_of(rp.browser)
    page = shown(rp, acr_values=wanted)
    assert not asks_for_password(page)
    assert "ana" in page.text
    done = typed(rp.browser, page, code=app.next_code())
    assert cookie_of(rp.browser) != before
    second = rp.redeem(query_of(rp.walk(done))["code"]).get_json()
    new = tokens.check_any_audience(second["access_token"])
    require_acr(new, "aal2")
    assert new.session_id == old.session_id
    told = claims_of(second["id_token"])
    assert (told["acr"], told["amr"]) == ("aal2", ["pwd", "otp", "mfa"])
    assert told["auth_time"] > claims_of(first["id_token"])["auth_time"]


def test_what_satisfied_what_is_recorded(home: Home) -> None:
    """Which application wanted which level, and by which factor a session was lifted to it."""
    rp, app = weak(home)
    typed(rp.browser, shown(rp, acr_values="aal2"), code=app.next_code())
    (met,) = home.house.audit.list_entries(kind="login.demand_met")
    assert (met.client_id, met.factor) == (rp.client_id, "totp")
    assert met.details == {
        "wanted": "aal2",
        "second_factor": False,
        "acr": "aal2",
        "amr": ["pwd", "otp", "mfa"],
        "stepped_up": True,
    }


def test_an_old_session_proves_everything_again(home: Home) -> None:
    """max_age of an API's challenge: the password, then the factor; the name is known."""
    rp, app = weak(home)
    first = rp.redeem(query_of(rp.walk(rp.begin()))["code"]).get_json()
    home.clock.let_pass(seconds=600)
    checked = home.house.rooms.provider.tokens.check_any_audience(first["access_token"])
    with pytest.raises(AuthenticationInsufficient) as refusal:
        require_recent(checked, max_age_seconds=300, now=home.clock.now())
    page = shown(rp, max_age=refusal.value.parameters["max_age"])
    assert asks_for_password(page)
    assert fields(page)["username"] == "ana"
    assert "Not you?" in page.text
    owed = typed(rp.browser, page, password=PASSWORD)
    assert (owed.status_code, fields(owed)["owed"]) == (200, "second_factor")
    done = typed(rp.browser, owed, code=app.next_code())
    told = claims_of(rp.redeem(query_of(rp.walk(done))["code"]).get_json()["id_token"])
    assert told["acr"] == "aal2"


@pytest.mark.parametrize("more", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "60"}])
def test_a_level_and_a_fresh_proof_are_both_proven(home: Home, more: dict[str, str]) -> None:
    """What was proven before counts for nothing where a new proof is demanded."""
    rp, _ = weak(home)
    home.clock.let_pass(seconds=120)
    assert asks_for_password(shown(rp, acr_values="aal2", **more))


def test_an_open_browser_adds_no_factor(home: Home) -> None:
    """The attack: find a browser signed in since this morning, have an application ask for a level
    that the account can't reach yet, and enrol a factor of one's own. The password comes first."""
    rp = relying_party(home)
    signed_in(home, rp.browser)
    home.clock.let_pass(seconds=901)
    assert asks_for_password(shown(rp, acr_values="aal2"))


@pytest.mark.parametrize("seconds", [0, 901])
def test_a_second_factor_alone_makes_an_old_session_no_fresher(home: Home, seconds: int) -> None:
    """The attack: a browser signed in since this morning, and the code on the owner's phone. Our
    own pages too can ask for a level; what harms most still wants the password."""
    browser = home.client()
    signed_in(home, browser)
    app = enrolled_app(home)
    home.clock.let_pass(seconds=seconds)
    page = browser.get("/sign-in?request=device.aal2")
    assert not asks_for_password(page)
    assert typed(browser, page, code=app.next_code()).status_code == 303
    assert browser.get("/account").status_code == 200
    assert (browser.get("/account/security/app").status_code == 200) is (seconds == 0)


@pytest.mark.parametrize("seconds", [0, 901])
def test_a_password_alone_makes_an_old_session_no_fresher(home: Home, seconds: int) -> None:
    """The attack: a browser signed in since this morning with a second factor, and the password. To
    change it proves no second factor: what harms most still wants one."""
    app, browser = enrolled_app(home), home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    owed = browser.post("/sign-in", data=form)
    assert typed(browser, owed, code=app.next_code()).status_code == 303
    home.clock.let_pass(seconds=seconds)
    page = "/account/security/password"
    form = {**fields(browser.get(page)), "current_password": PASSWORD}
    assert browser.post(page, data={**form, "new_password": OTHER_PASSWORD}).status_code == 303
    assert browser.get("/account").status_code == 200
    assert (browser.get("/account/security/app").status_code == 200) is (seconds == 0)


def test_the_json_api_wants_the_second_factor_too(home: Home) -> None:
    """The attack: a token of a sign-in with the password alone, from before the owner enrolled an
    app. It neither moves the address nor deletes the account."""
    weak_token = home.post("/login", username="ana", password=PASSWORD).json["access_token"]
    app = enrolled_app(home)
    moved = home.client().patch(
        "/me", json={"email": "thief@example.org"}, headers=bearer(weak_token)
    )
    gone = home.client().delete("/me", headers=bearer(weak_token))
    for refused in (moved, gone):
        assert refused.status_code == 401
        assert 'acr_values="aal2"' in refused.headers["WWW-Authenticate"]
    token = home_token(home, app)
    assert (
        home.client()
        .patch("/me", json={"email": "ana@example.org"}, headers=bearer(token))
        .status_code
        == 200
    )
    assert home.client().delete("/me", headers=bearer(token)).status_code == 204


def test_the_json_api_moves_no_number_from_an_old_session(home: Home) -> None:
    """The attack: a token of a session from this morning, and the thief's own number. The same
    number again, and any other field, changes nothing that harms."""
    number = "+4915123456712"

    def patch(token: str, phone: str | None) -> TestResponse:
        return home.client().patch("/me", json={"phone": phone}, headers=bearer(token))

    told = home.log_in()
    assert patch(told["access_token"], number).status_code == 200
    home.clock.let_pass(seconds=901)
    renewed = home.post("/refresh", refresh_token=told["refresh_token"]).get_json()
    for other in ("+4915123456799", None):
        refused = patch(renewed["access_token"], other)
        assert refused.status_code == 401
        assert "max_age" in refused.headers["WWW-Authenticate"]
    assert patch(renewed["access_token"], number).status_code == 200
    assert home.get("/me", renewed["access_token"]).get_json()["phone"] == number


def test_who_has_just_signed_in_enrols_what_is_missing(home: Home) -> None:
    """And is lifted by it."""
    rp = relying_party(home)
    signed_in(home, rp.browser)
    page = shown(rp, acr_values="aal2")
    assert fields(page)["owed"] == "enrol_factor"
    begun = typed(rp.browser, page, begin="totp")
    secret = begun.text.split("<code>")[1].split("</code>")[0]
    done = typed(rp.browser, begun, code=App(home, secret).code())
    told = claims_of(rp.redeem(query_of(rp.walk(done))["code"]).get_json()["id_token"])
    assert told["acr"] == "aal2"


def test_a_session_that_ended_is_not_brought_back(home: Home) -> None:
    """The owner signs out everywhere while somebody has the page of the code open."""
    rp, app = weak(home)
    page = shown(rp, acr_values="aal2")
    home.post("/password/change", home_token(home, app), current_password=PASSWORD,
              new_password=OTHER_PASSWORD)  # fmt: skip
    answer = typed(rp.browser, page, code=app.next_code())
    assert answer.status_code in {401, 403}
    assert rp.browser.get("/account").status_code == 303


def home_token(home: Home, app: App) -> str:
    owed = home.post("/login", username="ana", password=PASSWORD).json
    answer = home.post("/login/continue", auth_session=owed["auth_session"], factor="totp",
                       code=app.next_code())  # fmt: skip
    return str(answer.json["access_token"])


def test_it_ends_in_the_browser_where_it_began(home: Home) -> None:
    """Its page, copied to another browser or to the JSON API, lifts and signs in nobody."""
    rp, app = weak(home)
    page = shown(rp, acr_values="aal2")
    secret = fields(page)["auth_session"]
    elsewhere = home.client()
    form = {**fields(elsewhere.get("/sign-in")), "auth_session": secret, "factor": "totp"}
    assert elsewhere.post("/sign-in", data={**form, "code": app.next_code()}).status_code == 401
    answer = home.post("/login/continue", auth_session=secret, factor="totp", code=app.next_code())
    assert answer.status_code == 401
    assert typed(rp.browser, page, code=app.next_code()).status_code == 303


def test_a_wrong_code_asks_again(home: Home) -> None:
    """And says who is meant."""
    rp, app = weak(home)
    again = typed(rp.browser, shown(rp, acr_values="aal2"), code="000000")
    assert again.status_code == 422
    assert "Not you?" in again.text
    assert typed(rp.browser, again, code=app.next_code()).status_code == 303


def test_somebody_else_can_sign_in_instead(home: Home) -> None:
    """The way out of the page leads to the whole form, for the same request."""
    rp, _ = weak(home)
    page = shown(rp, acr_values="aal2")
    other = rp.browser.get(f"/sign-in?request={fields(page)['request']}&other=1")
    assert asks_for_password(other)
    assert fields(other)["username"] == ""


def test_discovery_names_the_levels_that_can_be_reached(make_home: MakeHome) -> None:
    """From the settings: nobody is promised what no factor here reaches."""

    def levels(**settings: str) -> list[str]:
        found = make_home(**settings).client().get("/.well-known/openid-configuration").json
        assert found is not None
        return list(found["acr_values_supported"])

    assert levels(PORTERO_SECOND_FACTORS="totp") == ["aal1", "aal2"]
    assert levels(PORTERO_SECOND_FACTOR="off", PORTERO_SECOND_FACTORS="totp") == ["aal1"]


def test_an_essential_level_out_of_reach_is_refused(make_home: MakeHome) -> None:
    """Where second factors are off, at once and by the error of OpenID Connect's own extension."""
    home = make_home(PORTERO_SECOND_FACTOR="off", PORTERO_SECOND_FACTORS="totp")
    rp = relying_party(home)
    claims = '{"id_token":{"acr":{"essential":true,"values":["aal2"]}}}'
    assert query_of(rp.begin(claims=claims))["error"] == "unmet_authentication_requirements"


def test_a_login_of_the_json_api_says_which_level_it_wants(home: Home) -> None:
    """As the pages do for an application."""
    owed = home.post("/login", username="ana", password=PASSWORD, acr="aal2")
    assert (owed.status_code, owed.json["owed"]) == (403, "enrol_factor")
    out_of_reach = home.post("/login", username="ana", password=PASSWORD, acr="nonsense")
    assert out_of_reach.status_code == 422


def test_a_device_wants_a_level(home: Home) -> None:
    """default_acr_values hold for devices: the person is sent to the code alone, and back."""
    grants = ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]
    device = relying_party(home, grant_types=grants, default_acr_values=["aal2"])
    browser = home.client()
    signed_in(home, browser)
    app = enrolled_app(home)
    started = device.ask("/oauth/device", scope="openid").get_json()
    form = {**fields(browser.get("/device")), "user_code": started["user_code"]}
    sent = browser.post("/device", data=form)
    assert sent.location.endswith(".aal2")
    page = browser.get(sent.location)
    assert not asks_for_password(page)
    back = typed(browser, page, code=app.next_code())
    assert back.location.startswith("/device?user_code=")
    form = {**fields(browser.get(back.location)), "user_code": started["user_code"]}
    assert browser.post("/device", data=form).status_code == 200


@pytest.mark.parametrize("handle", ["device.aal2", "requests.aal2.fresh", "requests.phr"])
def test_what_a_page_of_ours_demands_is_in_its_address(home: Home, handle: str) -> None:
    """And leads to that page alone."""
    browser = home.client()
    form = {**fields(browser.get(f"/sign-in?request={handle}")), "username": "ana"}
    assert form["request"] == handle
    assert home.client().get(f"/sign-in?request={handle}.more").status_code == 400

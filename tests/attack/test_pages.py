"""What another site can do to the pages, and what a page makes people believe."""

from __future__ import annotations

import pytest

from portero.core.audit import Actor
from portero.core.clients.model import CreatedBy
from portero.core.sessions import EndReason
from tests.support.house import PASSWORD, Home
from tests.support.relying_party import RelyingParty, fields, query_of, relying_party

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FROM_ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
FROM_OURS = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}


def sign_in(rp: RelyingParty, username: str) -> None:
    form = {**fields(rp.browser.get("/sign-in")), "username": username, "password": PASSWORD}
    assert rp.browser.post("/sign-in", data=form).status_code == 303


def stranger(home: Home, **metadata: object) -> RelyingParty:
    """An application that registered itself: nobody vouches for where it sends people."""
    asked = {
        "redirect_uris": ["https://evil.example/phish"],
        "token_endpoint_auth_method": "none",
        "id_token_signed_response_alg": "ES256",
        "authorization_signed_response_alg": "ES256",
        **metadata,
    }
    created = home.house.clients.create(Actor.operator(), asked, created_by=CreatedBy.DCR).client
    return RelyingParty(
        home, created.client_id, "", home.client(), redirect_uri=asked["redirect_uris"][0]
    )


# --- the browser's cookie -------------------------------------------------------------------


def test_another_sites_form_signs_nobody_out(home: Home) -> None:
    """Attack: SameSite=Lax holds the cookie back from a POST that another site made, and a new
    cookie in the answer would take the place of the one that the person has. The page that is
    answered posts the same once more, from our own origin, and the cookie comes along."""
    home.register("ana")
    rp = relying_party(home)
    sign_in(rp, "ana")
    asked = rp.parameters(state="a&b")
    page = home.client().post("/oauth/authorize", data=asked, headers=FROM_ELSEWHERE)
    assert "Set-Cookie" not in page.headers
    assert page.status_code == 200
    assert fields(page) == asked
    again = rp.browser.post("/oauth/authorize", data=fields(page), headers=FROM_OURS)
    assert again.location.startswith("/consent?"), again.location


def test_a_browser_without_a_cookie_gets_one_when_it_posts_from_here(home: Home) -> None:
    """The second post of somebody who has never been here: no circle."""
    rp = relying_party(home)
    answer = rp.browser.post("/oauth/authorize", data=rp.parameters(), headers=FROM_OURS)
    assert answer.location.startswith("/sign-in?")
    assert answer.headers["Set-Cookie"].startswith("portero=")


# --- forms ----------------------------------------------------------------------------------


def test_a_second_tab_is_shown_its_form_again(home: Home) -> None:
    """Signing in in one tab makes the other tab's form stale. That is nobody's attack: the person
    finds the form again, with a token that is good."""
    home.register("ana")
    first, second = relying_party(home), relying_party(home, client_name="Second")
    second.browser = first.browser
    waiting = second.browser.get(second.begin().location)
    first.sign_in()
    form = {**fields(waiting), "username": "ana", "password": PASSWORD}
    again = second.browser.post("/sign-in", data=form, headers=FROM_OURS)
    assert again.status_code == 403
    assert "too old" in again.text
    assert fields(again)["username"] == "ana"
    answer = second.walk(
        second.browser.post("/sign-in", data={**form, **fields(again), "password": PASSWORD})
    )
    assert query_of(answer)["code"]


def test_a_stale_question_is_asked_again(home: Home) -> None:
    """The page of consent, after somebody signed in in another tab: who is there now is asked."""
    home.register("ana")
    home.register("bo")
    rp = relying_party(home)
    sign_in(rp, "ana")
    page = rp.browser.get(rp.begin().location)
    sign_in(rp, "bo")
    form = {**fields(page), "decision": "allow"}
    answer = rp.browser.post("/consent", data=form, headers=FROM_OURS)
    assert answer.status_code == 303
    again = rp.browser.get(answer.location)
    assert "bo" in again.text
    assert query_of(rp.browser.post("/consent", data={**fields(again), "decision": "allow"}))[
        "code"
    ]


def test_a_page_acts_for_the_person_whom_it_shows(home: Home) -> None:
    """Attack: Ana's session ends while her account page is open, and Bo is signed in in the same
    browser. What she presses there is not done to him."""
    home.register("ana")
    home.register("bo")
    rp = relying_party(home)
    for name in ("bo", "ana"):
        rp.walk(rp.begin(prompt="login"), username=name)
    page = rp.browser.get("/account/applications")
    accounts = {name: home.house.rooms.accounts.get_by_name(name).id for name in ("ana", "bo")}
    home.house.rooms.sessions.end_all(Actor.operator(), accounts["ana"], EndReason.REVOKED)
    answer = rp.browser.post("/account/applications/disconnect", data=fields(page))
    assert answer.location == "/sign-in?request=account.applications"
    assert len(home.house.rooms.provider.connections.list_of(accounts["bo"])) == 1


# --- what the pages say ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "shown", "hidden"),
    [
        ("com.example.app://accounts.bank.example/cb", "com.example.app", "bank.example"),
        ("com.example.app:/cb", "com.example.app", "/cb"),
        ("http://127.0.0.1:4711/cb", "127.0.0.1:4711", "/cb"),
    ],
)
def test_consent_says_what_will_be_called(
    home: Home, address: str, shown: str, hidden: str
) -> None:
    """Attack: behind a scheme of its own an application writes whatever host it likes."""
    home.register("ana")
    rp = relying_party(
        home,
        redirect_uris=[address],
        application_type="native",
        token_endpoint_auth_method="none",
    )
    sign_in(rp, "ana")
    page = rp.browser.get(rp.begin().location)
    assert shown in page.text
    assert hidden not in page.text


@pytest.mark.parametrize(
    "wrong", [{"response_type": "x"}, {"scope": "admin"}, {"prompt": "none"}], ids=str
)
@pytest.mark.parametrize("mode", ["query", "form_post", "jwt"])
def test_nobody_is_sent_to_a_stranger_unasked(home: Home, wrong: dict[str, str], mode: str) -> None:
    """RFC 9700 §4.11.2. Attack: a link to us that leads to a page of the attacker's at once,
    because the request is wrong, or may not show anything."""
    rp = stranger(home)
    answer = rp.begin(**wrong, response_mode=mode)
    assert answer.status_code == 400
    assert answer.location is None
    assert "evil.example" in answer.text
    assert "data-submit" not in answer.text
    assert "error=" in answer.text or mode != "query"


def test_a_strangers_application_hears_of_a_no(home: Home) -> None:
    """Who has read a page of ours knows where the button leads."""
    home.register("ana")
    rp = stranger(home)
    assert query_of(rp.walk(rp.begin(), agree=False))["error"] == "access_denied"


def test_an_operators_application_hears_of_its_mistakes(home: Home) -> None:
    """For the others an error still travels back by itself."""
    rp = relying_party(home)
    assert query_of(rp.begin(prompt="none"))["error"] == "login_required"


def test_frames_of_applications_can_not_take_the_page_over(home: Home) -> None:
    """They clear what they keep, and neither open windows nor leave for another address."""
    home.register("ana")
    rp = relying_party(home, frontchannel_logout_uri="https://app.example/out")
    hint = rp.sign_in()["id_token"]
    page = rp.browser.get("/oauth/logout", query_string={"id_token_hint": hint})
    assert 'src="https://app.example/out"' in page.text
    assert 'sandbox="allow-scripts allow-same-origin"' in page.text

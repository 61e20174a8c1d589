"""Signing out: asked for by an application, told to the others over both channels."""

from __future__ import annotations

import re
import threading
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from tests.support.house import ISSUER, PASSWORD, Home, MakeHome, bearer
from tests.support.listener import Listener
from tests.support.relying_party import RelyingParty, claims_of, fields, relying_party
from tests.support.smtp import Mailbox

pytestmark = pytest.mark.sqlite_alone


AFTER = "https://app.example/bye"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def tokens_of(listener: Listener) -> list[str]:
    return [parse_qs(each.body)["logout_token"][0] for each in listener.posted]


def app(home: Home, **metadata: Any) -> RelyingParty:
    asked = {"post_logout_redirect_uris": [AFTER], **metadata}
    return relying_party(home, **asked)


def signed_in(home: Home, **metadata: Any) -> tuple[RelyingParty, str]:
    """An application to which Ana has signed in, and its ID token."""
    home.register()
    party = app(home, **metadata)
    return party, party.sign_in()["id_token"]


def log_out(party: RelyingParty, **asked: str) -> TestResponse:
    return party.browser.get(f"/oauth/logout?{urlencode(asked)}")


def sessions_of(home: Home, username: str = "ana") -> int:
    account = home.house.rooms.accounts.get_by_name(username)
    return len(home.house.rooms.sessions.list_live(account.id))


def is_question(answer: TestResponse) -> bool:
    return answer.status_code == 200 and 'action="/oauth/logout/confirm"' in answer.text


def is_refused(answer: TestResponse) -> bool:
    return answer.status_code == 400 and "Location" not in answer.headers


# --- RP-initiated -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_good_hint_ends_the_session_and_goes_back(home: Home, method: str) -> None:
    """GET and POST; the state comes back; the session is over on the server, the cookie cleared."""
    party, hint = signed_in(home)
    asked = {"id_token_hint": hint, "post_logout_redirect_uri": AFTER, "state": "a b&c"}
    if method == "GET":
        answer = log_out(party, **asked)
    else:
        answer = party.browser.post("/oauth/logout", data=asked)
    assert answer.status_code == 303
    assert answer.location == f"{AFTER}?state=a+b%26c"
    assert sessions_of(home) == 0
    assert "portero=; Max-Age=0" in answer.headers["Set-Cookie"]


def test_another_sites_form_brings_no_cookie_and_is_asked_to_come_again(home: Home) -> None:
    """SameSite=Lax holds the cookie back from a cross-site POST: the GET after it has it."""
    party, hint = signed_in(home)
    answer = home.client().post("/oauth/logout", data={"id_token_hint": hint})
    assert answer.status_code == 303
    assert answer.location.startswith("/oauth/logout?id_token_hint=")
    assert party.browser.get(answer.location).status_code == 200
    assert sessions_of(home) == 0


def test_a_post_is_a_form_or_nothing(home: Home) -> None:
    """What is announced as text is not read as a form, here as at every other endpoint."""
    party, hint = signed_in(home)
    body = urlencode({"id_token_hint": hint})
    assert is_refused(party.browser.post("/oauth/logout", data=body, content_type="text/plain"))
    assert sessions_of(home) == 1


def test_an_expired_hint_is_good(home: Home) -> None:
    """RP-Initiated Logout §4: the hint says who, not that the token is still valid."""
    party, hint = signed_in(home)
    home.clock.let_pass(hours=2)
    answer = log_out(party, id_token_hint=hint, post_logout_redirect_uri=AFTER)
    assert answer.location == AFTER
    assert sessions_of(home) == 0


def test_state_is_not_told_on_a_page(home: Home) -> None:
    """It is echoed only in a redirect."""
    party, hint = signed_in(home)
    answer = log_out(party, id_token_hint=hint, state="echo-me-not")
    assert answer.status_code == 200
    assert "echo-me-not" not in answer.text


@pytest.mark.parametrize(
    "uri", ["https://evil.example/", AFTER + "/", AFTER + "?x=1", AFTER.upper(), "javascript:1"]
)
def test_only_the_very_registered_address_is_gone_back_to(home: Home, uri: str) -> None:
    """The attack is an open redirect; the comparison is of plain strings, and nothing ends."""
    party, hint = signed_in(home)
    assert is_refused(log_out(party, id_token_hint=hint, post_logout_redirect_uri=uri))
    assert sessions_of(home) == 1


def test_client_id_and_hint_have_to_agree(home: Home) -> None:
    """§2: else one application's hint vouches for another's address."""
    party, hint = signed_in(home)
    other = app(home, client_name="Other")
    answer = log_out(party, id_token_hint=hint, client_id=other.client_id)
    assert is_refused(answer)
    assert sessions_of(home) == 1


def test_an_address_without_a_client_is_not_gone_to(home: Home) -> None:
    """Nobody registered it: the person is asked, and stays here."""
    party, _ = signed_in(home)
    page = log_out(party, post_logout_redirect_uri=AFTER)
    assert is_question(page)
    answer = party.browser.post("/oauth/logout/confirm", data=fields(page))
    assert answer.status_code == 200
    assert sessions_of(home) == 0


def test_without_a_hint_the_person_is_asked(home: Home) -> None:
    """Else any page on the web signs people out; after a yes the client's address is good."""
    party, _ = signed_in(home)
    page = log_out(party, client_id=party.client_id, post_logout_redirect_uri=AFTER, state="xyz")
    assert is_question(page)
    assert sessions_of(home) == 1
    answer = party.browser.post("/oauth/logout/confirm", data=fields(page))
    assert answer.location == f"{AFTER}?state=xyz"
    assert sessions_of(home) == 0


@pytest.mark.parametrize("spoil", ["garbage", "cut", "access_token"])
def test_a_hint_that_is_not_our_id_token_only_asks(home: Home, spoil: str) -> None:
    """Nothing ends silently, and even a yes leads to no other site."""
    home.register()
    party = app(home)
    told = party.sign_in()
    hint = {
        "garbage": "abc",
        "cut": told["id_token"][:-6] + "AAAAAA",
        "access_token": told["access_token"],
    }[spoil]
    asked = {"client_id": party.client_id, "post_logout_redirect_uri": AFTER}
    page = log_out(party, id_token_hint=hint, **asked)
    assert is_question(page)
    assert sessions_of(home) == 1
    answer = party.browser.post("/oauth/logout/confirm", data=fields(page))
    assert answer.status_code == 200
    assert sessions_of(home) == 0


def test_a_hint_about_another_person_only_asks(home: Home) -> None:
    """The attack: a page sends a victim here with the attacker's own good ID token."""
    party, _ = signed_in(home)
    home.register("mallory", email="mallory@example.com")
    mallory = RelyingParty(home, party.client_id, party.secret, home.client())
    code = mallory.walk(mallory.begin(), username="mallory")
    redeemed = mallory.redeem(parse_qs(urlsplit(code.location).query)["code"][0])
    answer = log_out(
        party, id_token_hint=redeemed.get_json()["id_token"], post_logout_redirect_uri=AFTER
    )
    assert is_question(answer)
    assert sessions_of(home) == 1
    assert sessions_of(home, "mallory") == 1


def test_a_hint_about_a_session_that_is_over_only_asks(home: Home) -> None:
    """The same person signed in anew: an old token does not name the present session."""
    party, hint = signed_in(home)
    log_out(party, id_token_hint=hint)
    party.sign_in()
    assert is_question(log_out(party, id_token_hint=hint))
    assert sessions_of(home) == 1


def test_other_devices_stay_signed_in(home: Home) -> None:
    """Only the session that is meant ends."""
    party, hint = signed_in(home)
    home.log_in()
    assert sessions_of(home) == 2
    log_out(party, id_token_hint=hint)
    assert sessions_of(home) == 1


def test_the_confirmation_is_protected_against_other_sites(home: Home) -> None:
    """CSRF: a post without the page's token, or from elsewhere, ends nothing."""
    party, _ = signed_in(home)
    form = fields(log_out(party, client_id=party.client_id))
    assert party.browser.post("/oauth/logout/confirm", data={}).status_code == 403
    foreign = {"Origin": "https://evil.example"}
    answer = party.browser.post("/oauth/logout/confirm", data=form, headers=foreign)
    assert answer.status_code == 403
    assert sessions_of(home) == 1


def test_with_nobody_signed_in_only_a_good_hint_leads_on(home: Home) -> None:
    """There is nobody to ask, so without a hint the browser stays here."""
    party, hint = signed_in(home)
    log_out(party, id_token_hint=hint)
    back = {"post_logout_redirect_uri": AFTER}
    assert log_out(party, client_id=party.client_id, **back).status_code == 200
    assert log_out(party, id_token_hint=hint, **back).location == AFTER


def test_a_parameter_sent_twice_is_refused(home: Home) -> None:
    """Two readers could take two values."""
    party, _ = signed_in(home)
    assert is_refused(party.browser.get("/oauth/logout?client_id=a&client_id=b"))


def test_refresh_tokens_without_offline_access_are_over(home: Home) -> None:
    """Back-Channel Logout §2.7: what hangs on the session ends with it."""
    home.register()
    party = app(home)
    told = party.sign_in()
    log_out(party, id_token_hint=told["id_token"])
    assert party.refresh(told["refresh_token"]).status_code == 400


def test_a_pairwise_hint_is_understood(home: Home) -> None:
    """Its `sub` is another name of the same account."""
    party, hint = signed_in(home, subject_type="pairwise")
    log_out(party, id_token_hint=hint)
    assert sessions_of(home) == 0


# --- front channel ----------------------------------------------------------------------------


def frames(answer: TestResponse) -> list[str]:
    return [
        found.replace("&amp;", "&") for found in re.findall(r'<iframe src="([^"]*)"', answer.text)
    ]


FRONT = "https://app.example/front?a=1"


def test_the_front_channel_frame_has_iss_and_sid_and_alone_may_be_framed(home: Home) -> None:
    """Front-Channel Logout §2; the policy names the origin of what is framed and no other."""
    party, hint = signed_in(
        home, frontchannel_logout_uri=FRONT, frontchannel_logout_session_required=True
    )
    answer = log_out(party, id_token_hint=hint)
    told = urlencode({"iss": ISSUER, "sid": claims_of(hint)["sid"]})
    assert frames(answer) == [f"{FRONT}&{told}"]
    policy = answer.headers["Content-Security-Policy"]
    assert "; frame-src https://app.example" in policy
    assert policy.count("https:") == 1


def test_a_frame_without_session_required_is_bare(home: Home) -> None:
    """The page goes on to the application after the frames had their moment."""
    party, hint = signed_in(home, frontchannel_logout_uri=FRONT)
    answer = log_out(party, id_token_hint=hint, post_logout_redirect_uri=AFTER, state="s")
    assert answer.status_code == 200
    assert frames(answer) == [FRONT]
    assert f'content="2;url={AFTER}?state=s"' in answer.text


def test_signing_out_on_the_account_page_shows_the_frames_too(home: Home) -> None:
    """The same verb, the same page."""
    party, _ = signed_in(home, frontchannel_logout_uri=FRONT)
    answer = party.browser.post("/sign-out", data=fields(party.browser.get("/account")))
    assert frames(answer) == [FRONT]
    assert sessions_of(home) == 0


def test_a_page_without_frames_frames_nothing(home: Home) -> None:
    """`default-src 'none'` stays what counts."""
    party, hint = signed_in(home)
    answer = log_out(party, id_token_hint=hint)
    assert "frame-src" not in answer.headers["Content-Security-Policy"]


# --- back channel -----------------------------------------------------------------------------


def told_app(home: Home, listener: Listener, **metadata: Any) -> tuple[RelyingParty, str]:
    return signed_in(home, backchannel_logout_uri=listener.url + "/told", **metadata)


def test_a_logout_token_is_what_the_specification_says(home: Home, listener: Listener) -> None:
    """§2.4, §2.5: a form with a short signed token of its own type, and never a nonce."""
    party, hint = told_app(home, listener)
    log_out(party, id_token_hint=hint)
    assert listener.posted == []  # the person did not wait for it
    home.deliver()
    (posted,) = listener.posted
    assert posted.headers["content-type"] == "application/x-www-form-urlencoded"
    (token,) = tokens_of(listener)
    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("logout+jwt", "ES256")
    keys = jwt.PyJWKSet.from_dict(home.get("/.well-known/jwks.json").get_json())
    claims = jwt.decode(
        token,
        keys[header["kid"]].key,
        algorithms=["ES256"],
        audience=party.client_id,
        issuer=ISSUER,
        options={"require": ["iat", "exp", "jti", "sub"]},
    )
    assert claims["events"] == {EVENT: {}}
    assert claims["exp"] - claims["iat"] <= 120
    assert (claims["sub"], claims["sid"]) == (claims_of(hint)["sub"], claims_of(hint)["sid"])
    assert "nonce" not in claims


def test_a_pairwise_client_is_told_its_own_name_of_the_person(
    home: Home, listener: Listener
) -> None:
    """Not the account's id, which it must not learn."""
    party, hint = told_app(home, listener, subject_type="pairwise")
    log_out(party, id_token_hint=hint)
    home.deliver()
    assert claims_of(tokens_of(listener)[0])["sub"] == claims_of(hint)["sub"]


def test_every_client_of_the_session_is_told_and_no_other(home: Home, listener: Listener) -> None:
    """Two applications in one browser; a third one that the person never used."""
    party, hint = told_app(home, listener)
    second = app(home, backchannel_logout_uri=listener.url + "/second")
    second.browser = party.browser
    second.sign_in()
    app(home, backchannel_logout_uri=listener.url + "/third")
    log_out(party, id_token_hint=hint)
    home.deliver()
    told = {claims_of(token)["aud"] for token in tokens_of(listener)}
    assert told == {party.client_id, second.client_id}
    assert len(listener.posted) == 2


@pytest.mark.parametrize("how", ["revoked", "disabled", "password_reset", "deleted"])
def test_any_end_is_told(home: Home, listener: Listener, how: str) -> None:
    """Not only a logout. Of a deleted account the name is known when it goes."""
    _, hint = told_app(home, listener, subject_type="pairwise")
    account = home.house.rooms.accounts.get_by_name("ana")
    admin, operator = home.house.rooms.account_admin, Actor.operator()
    if how == "revoked":
        token = home.log_in()["access_token"]
        path = f"/me/sessions/{claims_of(hint)['sid']}"
        assert home.client().delete(path, headers=bearer(token)).status_code == 204
    elif how == "disabled":
        admin.disable(operator, account.id)
    elif how == "password_reset":
        from portero.kit.secrets import Secret

        admin.set_password(operator, account.id, Secret(PASSWORD + " x"), must_change=False)
    else:
        admin.delete(operator, account.id)
    home.deliver()
    (token,) = tokens_of(listener)
    assert claims_of(token)["sub"] == claims_of(hint)["sub"]
    assert claims_of(token)["sid"] == claims_of(hint)["sid"]


@pytest.mark.each_case_on_each_database
def test_a_client_that_hangs_keeps_no_mail_from_anybody(
    make_home: MakeHome, mailbox: Mailbox, listener: Listener
) -> None:
    """Mails and calls to applications wait in queues of their own."""
    home = make_home(
        PORTERO_SMTP_HOST=mailbox.host,
        PORTERO_SMTP_PORT=str(mailbox.port),
        PORTERO_SMTP_TLS="off",
    )
    home.create("ben", "ben@example.org")
    party, hint = told_app(home, listener)
    for number in range(3):
        other = app(home, client_name=f"Other {number}", backchannel_logout_uri=listener.url)
        other.browser = party.browser
        other.sign_in()
    listener.may_answer.clear()
    stop = threading.Event()
    thread = threading.Thread(target=home.house.worker.run, args=(stop,))
    thread.start()
    try:
        log_out(party, id_token_hint=hint)
        assert listener.asked.wait(20)
        assert home.post("/password/forgot", username="ben").status_code == 202
        [mail] = mailbox.wait_for(1)
        assert mail.recipients == ("ben@example.org",)
        assert len(listener.posted) < 4  # the others still wait, three seconds for each
    finally:
        listener.may_answer.set()
        stop.set()
        home.house.worker.wake()
        thread.join(30)
    assert not thread.is_alive()


def test_a_client_that_is_down_is_tried_again_with_a_new_token(
    home: Home, listener: Listener
) -> None:
    """The first token would have expired before the retry."""
    party, hint = told_app(home, listener)
    listener.status = 503
    log_out(party, id_token_hint=hint)
    home.deliver()
    assert len(listener.posted) == 1
    listener.status = 200
    home.clock.let_pass(minutes=5)
    home.deliver()
    first, second = tokens_of(listener)
    assert claims_of(second)["iat"] > claims_of(first)["exp"]
    home.clock.let_pass(hours=20)
    home.deliver()
    assert len(listener.posted) == 2


@pytest.mark.parametrize("status", [400, 404, 302])
def test_a_client_that_refuses_is_not_asked_again(
    home: Home, listener: Listener, status: int
) -> None:
    """And a redirect is not followed: that address was never registered."""
    party, hint = told_app(home, listener)
    listener.status = status
    log_out(party, id_token_hint=hint)
    home.deliver()
    home.clock.let_pass(hours=20)
    home.deliver()
    assert len(listener.posted) == 1


def test_a_dead_client_keeps_nobody_and_no_other_waiting(home: Home, listener: Listener) -> None:
    """Each client has a job of its own."""
    party, hint = told_app(home, listener)
    dead = app(home, backchannel_logout_uri="http://127.0.0.1:1/told")
    dead.browser = party.browser
    dead.sign_in()
    assert log_out(party, id_token_hint=hint).status_code == 200
    home.deliver()
    assert len(listener.posted) == 1


def test_a_private_address_is_never_called(home: Home, listener: Listener) -> None:
    """SSRF: the job is given up at once, and told to the operator."""
    party, hint = signed_in(home, backchannel_logout_uri="https://10.0.0.1/told")
    log_out(party, id_token_hint=hint)
    home.deliver()
    (dead,) = home.house.desk.list_dead()
    assert dead.kind == "back_channel_logout"
    assert dead.attempts == 1


def test_a_renewed_session_is_not_told_as_ended(home: Home, listener: Listener) -> None:
    """A sign-in that goes on in the same session leaves the applications alone."""
    party, _ = told_app(home, listener)
    party.sign_in(prompt="login")
    home.deliver()
    assert listener.posted == []


def test_the_metadata_says_what_logout_can_do(home: Home) -> None:
    """Applications look here before they register their addresses."""
    told = home.get("/.well-known/openid-configuration").get_json()
    for channel in ("backchannel", "frontchannel"):
        assert told[f"{channel}_logout_supported"] is True
        assert told[f"{channel}_logout_session_supported"] is True
    assert told["end_session_endpoint"] == f"{ISSUER}/oauth/logout"

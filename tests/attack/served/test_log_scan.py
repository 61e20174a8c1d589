"""After a day of everything, no secret stands where an operator, or a neighbour on the machine,
would read it. (The same is asked of all other tests here, when each begins and after the last.)"""

from __future__ import annotations

from tests.attack.served import people
from tests.attack.served.people import OURS
from tests.support.authenticator_app import enrolled_app
from tests.support.house import OTHER_PASSWORD, PASSWORD, SECRET_KEY, basic, bearer
from tests.support.production import PEPPER, Production, leaks_in
from tests.support.relying_party import fields, relying_party

# People type passwords where a name is asked for.
WRONG_FIELD = "password-in-the-wrong-field-1"


def test_the_scan_finds_what_is_there() -> None:
    """As it was sent, and as it stands in an address."""
    written = {"log": "GET /x?token=a%2Bb%3Dcccccccccccccccc", "audit": "nothing"}
    assert leaks_in(written, ["a+b=cccccccccccccccc", "another-secret-of-somebody"]) == [
        ("log", "a+b=cc…")
    ]


def test_no_secret_is_written_down(home: Production) -> None:
    """Passwords right and wrong, tokens, codes, cookies, links and client secrets, in requests that
    are good, refused, malformed and at the wrong address."""
    home.create("ana", "ana@example.org")
    token = home.log_in()
    home.post("/login", username="ana", password="wrong-password-of-somebody")
    home.post("/login", username=WRONG_FIELD, password=PASSWORD)
    party = relying_party(home)
    told = party.sign_in(scope="openid offline_access")
    home.client().post("/oauth/introspect", data={"token": told["access_token"]},
                       headers=basic(party.client_id, party.secret))  # fmt: skip
    party.refresh(told["refresh_token"])
    party.refresh(told["refresh_token"])
    home.client().post("/oauth/token", data={"grant_type": "refresh_token",
                       "refresh_token": told["refresh_token"]},
                       headers=basic(party.client_id, "wrong-secret-of-a-client"))  # fmt: skip
    for path in ("/nothing-here", "/me", "/oauth/userinfo"):
        home.client().get(f"{path}?access_token={token['access_token']}")
        home.client().get(path, headers=bearer(token["access_token"] + "x"))
        home.client().get(path, headers={"Authorization": f"Basic {token['refresh_token']}"})
    home.post("/password/forgot", username="ana")
    link = home.mailed_token("/reset-password")
    browser = people.in_a_browser(home, "ana")
    browser.browser.get(f"/reset-password?token={link}")
    browser.browser.get(f"/verify-email?token={link}")
    browser.browser.post("/sign-in", data="password=%zz" + PASSWORD, headers=OURS)
    home.client().post("/login", data='{"password": "' + OTHER_PASSWORD, headers=OURS,
                       content_type="application/json")  # fmt: skip
    home.client().post("/password/reset", json={"token": link, "new_password": OTHER_PASSWORD})
    app = enrolled_app(home, "ana", OTHER_PASSWORD)
    step = home.post("/login", username="ana", password=OTHER_PASSWORD).json["auth_session"]
    home.post("/login/continue", auth_session=step, factor="totp", code=app.code(steps_later=1))
    stranger = home.client()
    form = {**fields(stranger.get("/sign-up")), "username": "ben", "password": PASSWORD}
    stranger.post("/sign-up", data=form, headers=OURS)
    known = home.known_secrets()
    assert {PASSWORD, OTHER_PASSWORD, SECRET_KEY, PEPPER, link, step} <= known
    assert {told["access_token"], told["refresh_token"], "wrong-password-of-somebody"} <= known
    assert len(known) > 30
    written = home.written()
    assert "refused" in written["log"]
    assert "session.started" in written["audit"]
    assert "portero" in written["process list"]
    assert leaks_in(written, {*known, WRONG_FIELD}) == []

"""The whole table of routes, from outside: who is let in, what another site may send, and what each
answer says of itself to a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.attack.served import people
from tests.attack.served.people import OURS, Person
from tests.attack.served.routes import NEEDS, Need, path_of, routes_of
from tests.http.test_hosts import BODIES
from tests.support.house import OTHER_PASSWORD, PASSWORD
from tests.support.production import ISSUER, Production
from tests.support.wire import Reply

_BODY_OF = {
    "POST /me/authenticators/begin": "begin_authenticator",
    "POST /me/authenticators": "enrol_authenticator",
    "PATCH /me/authenticators/<authenticator_id>": "rename_authenticator",
    "PATCH /me": "change_me", "POST /login/step-up": "login_step_up", "POST /logout": "logout",
    "POST /password/change": "change_password",
}  # fmt: skip
# Who is let in where something is needed. Everybody else is not, whatever they show.
LET_IN = {
    Need.SESSION: {"in a browser"},
    Need.OWN_TOKEN: {"with a token", "by cookie"},
    Need.API_TOKEN: {"with a token", "by cookie"},
    Need.USER_TOKEN: {"an application's"},
    Need.CLIENT: set[str](),
    Need.REGISTRATION: set[str](),
    Need.NOT_HERE: set[str](),
}


def test_every_route_has_a_row(target: Production) -> None:
    """A new route says here who may use it; a row of no route is taken out."""
    assert routes_of(target) == NEEDS.keys()


def roles(home: Production) -> dict[str, Person]:
    home.create("ana", "ana@example.org")
    return {
        "nobody": people.anonymous(home),
        "halfway": people.halfway(home),
        "a service": people.a_service(home),
        "an application's": people.of_an_application(home, "ana"),
        "in a browser": people.in_a_browser(home, "ana"),
        "with a token": people.with_token(home, "ana"),
        "by cookie": people.by_cookie(home, "ana"),
    }


def asked(person: Person, route: str, form: dict[str, str]) -> Reply:
    """The route's least request, with the form's token of that browser: it is not for want of one
    that they are refused."""
    method = route.partition(" ")[0]
    if method == "GET":
        return person.ask(method, path_of(route))
    if NEEDS[route] in {Need.SESSION, Need.CLIENT, Need.USER_TOKEN, Need.NOT_HERE}:
        return person.ask(method, path_of(route), form=form)
    body = BODIES[_BODY_OF[route]] if route in _BODY_OF else {}
    return person.ask(method, path_of(route), body=body)


def lets_in(answer: Reply) -> bool:
    """Whatever is said to somebody who may be here: also that this is not there, or not so."""
    if answer.status_code == 303:
        return not (answer.location or "").startswith("/sign-in")
    told = answer.get_json() if answer.is_json else {}
    if told.get("error") in {"invalid_client", "invalid_request"}:
        return False
    if told.get("code") == "sign_in_incomplete":
        return True  # what POST /login/step-up is there to say
    return answer.status_code not in {401, 403}


GUARDED = [route for route, need in NEEDS.items() if need in LET_IN]


def test_nobody_is_let_in_who_is_not_named(home: Production) -> None:
    """Deny by default: seven kinds of people at every route that needs something. Nothing that is
    stored is different after it."""
    everybody = roles(home)
    tokens = {who: person.token() for who, person in everybody.items()}
    before = home.state("browsers")
    wrong = []
    for route in GUARDED:
        for who, person in everybody.items():
            if who in LET_IN[NEEDS[route]]:
                continue
            answer = asked(person, route, {"csrf": tokens[who], "session": "made-up"})
            refused = answer.status_code == 404 if NEEDS[route] is Need.NOT_HERE else not lets_in(
                answer
            )  # fmt: skip
            if not refused:
                wrong.append((route, who, answer.status_code, answer.location))
    assert wrong == [], "\n".join(map(str, wrong))
    assert home.state("browsers") == before


@pytest.mark.long_attack
def test_whoever_is_named_is_let_in(home: Production) -> None:
    """Else the table above would be one of addresses that nobody reaches."""
    home.create("ana", "ana@example.org")
    makers: dict[str, Callable[[Production, str], Person]] = {
        "in a browser": people.in_a_browser,
        "with a token": people.with_token,
        "by cookie": people.by_cookie,
        "an application's": people.of_an_application,
    }
    wrong = []
    for number, route in enumerate(GUARDED):
        for who in LET_IN[NEEDS[route]]:
            name = f"p{number}"
            name = f"{name}{who[0]}"
            home.create(name, f"{name}@example.org")
            person = makers[who](home, name)
            form = person.form() if who == "in a browser" else {}
            answer = asked(person, route, form)
            if not lets_in(answer):
                wrong.append((route, who, answer.status_code, answer.location, answer.text[:200]))
    assert wrong == [], "\n".join(map(str, wrong))


# --- another site -------------------------------------------------------------------------------

ELSEWHERE = {
    "no token": lambda own, other: (OURS, {**own, "csrf": ""}),
    "another browser's token": lambda own, other: (OURS, {**own, "csrf": other}),
    "another origin": lambda own, other: ({"Origin": "https://evil.example"}, own),
    "a near one": lambda own, other: ({"Origin": f"{ISSUER}.evil.example"}, own),
    "another scheme": lambda own, other: ({"Origin": ISSUER.replace("https", "http")}, own),
    "no origin": lambda own, other: ({"Origin": "null"}, own),
    "cross-site": lambda own, other: ({"Origin": ISSUER, "Sec-Fetch-Site": "cross-site"}, own),
    "same site": lambda own, other: ({"Sec-Fetch-Site": "same-site"}, own),
    "nothing said, no token": lambda own, other: ({}, {**own, "csrf": ""}),
}
FORMS = [
    route for route, need in NEEDS.items()
    if need in {Need.SESSION, Need.FORM} and route.startswith("POST")
]  # fmt: skip


# What each form takes: with a good token this would be done.
FILLED = {
    "username": "ana", "password": PASSWORD, "new_password": OTHER_PASSWORD, "confirm": "ana",
    "current_password": PASSWORD, "display_name": "Eve", "email": "eve@evil.example",
    "phone": "+4915123456712", "kind": "email", "name": "Eve", "decision": "allow", "not_now": "1",
}  # fmt: skip


def test_another_site_sends_no_form(home: Production) -> None:
    """CSRF at every form there is, filled in so that it would be done, in a browser in which Ana is
    signed in and at a link that was mailed to her. Some pages are shown again; nothing is done, and
    her cookie stays what it is."""
    home.create("ana", "ana@example.org")
    home.post("/password/forgot", username="ana")
    link = home.mailed_token("/reset-password")
    ana = people.in_a_browser(home, "ana")
    own, other = {**FILLED, **ana.form(), "token": link}, people.anonymous(home).token()
    before = home.state(*SHOWN)
    wrong = []
    for route in FORMS:
        for how, made in ELSEWHERE.items():
            headers, form = made(own, other)
            answer = ana.browser.post(path_of(route), data=form, headers=headers)
            again = answer.status_code == 303 and answer.location in SHOWN_AGAIN
            refused = again or answer.status_code in {403, 404, 422}
            if not refused or answer.headers.getlist("Set-Cookie"):
                wrong.append((route, how, answer.status_code, answer.location))
    assert wrong == [], "\n".join(map(str, wrong))
    assert home.state(*SHOWN) == before
    for path in ("/account/profile", "/reset-password"):
        done = ana.browser.post(path, data=own, headers=OURS)
        assert done.status_code in {200, 303}, done.text
        assert home.state(*SHOWN) != before, path
        before = home.state(*SHOWN)


# What a page that is shown makes, for the form that is in it.
SHOWN = ("passkey_users", "totp_pending")
# Where there is no request to agree to, and no codes to show.
SHOWN_AGAIN = {"/consent?request=", "/account"}


SAID = [{}, *(made({}, "")[0] for how, made in ELSEWHERE.items() if "token" not in how)]
FORM_TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")


def test_another_site_sends_no_json_with_our_cookie(home: Production) -> None:
    """The same at the API, where the tokens are in cookies: nothing without word of our own origin,
    nor as a form, which is what another site can send without being asked for."""
    home.create("ana", "ana@example.org")
    ana = people.by_cookie(home, "ana")
    before = home.state()
    wrong: list[Any] = []
    unsafe = [route for route, need in NEEDS.items() if need is Need.OWN_TOKEN]
    for route in (*(each for each in unsafe if not each.startswith("GET")), "POST /refresh"):
        method, body = route.partition(" ")[0], BODIES[_BODY_OF[route]] if route in _BODY_OF else {}
        for said in SAID:
            answer = ana.browser.open(path_of(route), method=method, json=body, headers=said)
            if answer.status_code not in {401, 403} or answer.headers.getlist("Set-Cookie"):
                wrong.append((route, said, answer.status_code))
        for kind in FORM_TYPES if body else ():
            said = {**OURS, "Content-Type": kind}
            answer = ana.browser.open(path_of(route), method=method, data="{}", headers=said)
            if answer.status_code != 415:
                wrong.append((route, kind, answer.status_code))
    assert wrong == [], "\n".join(map(str, wrong))
    assert home.state() == before

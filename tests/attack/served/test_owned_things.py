"""Two accounts: whatever is Ben's, named by Ana, is to her what nobody has. The answer to his id is
that to one which was made up, and nothing that is stored is different after it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import FactorKind, Given
from tests.attack.served import people
from tests.attack.served.people import Person
from tests.http.test_trusted_devices import prove, sign_in
from tests.support.authenticator_app import App, enrolled_app
from tests.support.codes import mailed_code
from tests.support.house import PASSWORD
from tests.support.production import ISSUER, Production
from tests.support.relying_party import fields, query_of, relying_party
from tests.support.software_authenticator import SoftwareAuthenticator, Twist

NOBODY = Actor.anonymous(Origin())
CIBA = "urn:openid:params:grant-type:ciba"
# What is of one request and not of what was asked.
_OWN = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,64}|Expires in [\w ]+")


@dataclass(frozen=True)
class Verb:
    """One way to name something: a method, an address with `{id}` in it, or a form's field."""

    face: str
    method: str
    path: str
    field: str = ""
    more: tuple[tuple[str, str], ...] = ()


VERBS = [
    Verb("api", "DELETE", "/me/sessions/{id}"),
    Verb("api", "PATCH", "/me/authenticators/{id}", more=(("name", "Mine"),)),
    Verb("api", "DELETE", "/me/authenticators/{id}"),
    Verb("page", "POST", "/account/sessions/end", "id"),
    Verb("page", "POST", "/account/sessions/forget", "id"),
    Verb("page", "POST", "/account/applications/disconnect", "client_id"),
    Verb("page", "POST", "/account/security/app/remove", "id"),
    Verb("page", "POST", "/account/security/app/rename", "id", (("name", "Mine"),)),
    Verb("page", "GET", "/account/security/passkeys/rename?id={id}"),
    Verb("page", "POST", "/account/security/passkeys/rename", "id", (("name", "Mine"),)),
    Verb("page", "POST", "/account/security/passkeys/remove", "id"),
    Verb("page", "POST", "/account/security/push/remove", "id"),
    Verb("page", "POST", "/account/security/push/rename", "id", (("name", "Mine"),)),
    Verb("page", "POST", "/account/security/codes/remove", "id", (("kind", "email"),)),
    Verb("page", "POST", "/requests", "request", (("decision", "allow"),)),
    Verb("page", "POST", "/requests", "id", (("decision", "allow"),)),
    Verb("page", "GET", "/consent?request={id}"),
    Verb("page", "POST", "/consent", "request", (("decision", "allow"),)),
    Verb("page", "GET", "/oauth/authorize/continue?request={id}"),
    Verb("page", "POST", "/accounts", "session"),
    Verb("page", "POST", "/accounts/sign-out", "session"),
]


def belongings(home: Production) -> dict[str, str]:
    """Everything that Ben has that has a name, by what it is."""
    rooms, ben = home.house.rooms, home.create("ben", "ben@example.org")
    rooms.sign_in.with_password(NOBODY, "ben", PASSWORD)
    app, browser = enrolled_app(home, "ben"), home.client()
    trusted = prove(browser, sign_in(browser, "ben"), _Soon(app), trust_device="on")
    assert trusted.status_code == 303, trusted.text
    first = rooms.sessions.list_live(ben.id)[0]
    device = SoftwareAuthenticator()
    shown = rooms.enrolment.begin(NOBODY, first, FactorKind.PASSKEY)
    made = device.create(shown["public_key"], Twist(origin=ISSUER))
    rooms.enrolment.finish(NOBODY, first, FactorKind.PASSKEY, Given(credential=made), name="Key")
    rooms.enrolment.begin(NOBODY, first, FactorKind.EMAIL)
    rooms.enrolment.finish(NOBODY, first, FactorKind.EMAIL, Given(mailed_code(home)), name="")
    party = relying_party(home, client_name="Bens notes")
    party.browser = browser
    assert query_of(party.walk(party.begin()))["code"]
    waiting = party.begin(prompt="consent").location or ""
    bank = relying_party(home, grant_types=[CIBA], response_types=[], redirect_uris=[])
    begun = bank.ask("/oauth/ciba", scope="openid", login_hint="ben")
    assert begun.status_code == 200, begun.text
    owned = {
        "account": ben.id,
        "application": party.client_id,
        "waiting request": waiting.partition("request=")[2],
        "request from elsewhere": fields(browser.get("/requests"))["id"],
        **{f"session {n}": one.id for n, one in enumerate(rooms.sessions.list_live(ben.id))},
        **{one.kind.value: one.id for one in rooms.authenticators.list_of(ben.id)},
        **{f"device {n}": one.id for n, one in enumerate(rooms.devices.list_of(ben.id))},
        "entry": home.house.audit.list_entries(account_id=ben.id)[0].id,
    }
    assert {"passkey", "totp", "email", "session 0", "device 0"} <= owned.keys(), owned
    assert all(owned.values()), owned
    return owned


class _Soon:
    """The app's next code, while the server's clock is not the test's."""

    def __init__(self, app: App) -> None:
        self._app = app

    def next_code(self) -> str:
        return str(self._app.code(steps_later=1))


def asked(person: Person, verb: Verb, own: dict[str, str], named: str) -> tuple[int, str, str]:
    path, sent = verb.path.replace("{id}", named), {**own, **dict(verb.more)}
    if verb.field:
        sent[verb.field] = named
    if verb.face == "api":
        answer = person.ask(verb.method, path, body=dict(verb.more) or None)
    else:
        answer = person.ask(verb.method, path, form=sent if verb.method == "POST" else None)
    text = answer.text.replace(named, "…")
    place = (answer.location or "").replace(named, "…")
    return answer.status_code, place, _OWN.sub("…", text)


@pytest.mark.long_attack
def test_what_is_bens_is_nothing_to_ana(home: Production) -> None:
    """IDOR: each of his things at each place that takes the name of something."""
    owned = belongings(home)
    home.create("ana", "ana@example.org")
    faces = {"api": people.with_token(home, "ana"), "page": people.in_a_browser(home, "ana")}
    own = faces["page"].form()
    before = home.state("interactions")
    wrong: list[Any] = []
    for verb in VERBS:
        for what, named in owned.items():
            made_up = _like(named)
            his, nobodys = (asked(faces[verb.face], verb, own, each) for each in (named, made_up))
            if his != nobodys or (his[0] in {200, 204} and verb.method != "GET"):
                wrong.append((verb.method, verb.path, what, his[:2], nobodys[:2]))
            assert "ben@example.org" not in his[2]
    assert wrong == [], "\n".join(map(str, wrong))
    # Where an old page of the log begins: whosever entry it names, her own follow.
    page = faces["page"].ask("GET", f"/account/activity?before={owned['entry']}").text
    assert not re.search("ben|Bens", shown_in(page))
    assert home.state("interactions") == before


def shown_in(page: str) -> str:
    """Its text, without its tags."""
    return re.sub(r"<[^>]*>", " ", page)


def _like(named: str) -> str:
    """Nobody's, of the same make."""
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", named):
        return str(uuid.uuid4())
    return "".join(chr(ord(c) + 1) if c in "abcdefgh" else c for c in reversed(named))


def test_a_step_that_is_bens_is_no_step_of_anas(home: Production) -> None:
    """The handles of what is not done yet: with Ben's, what Ana can prove proves nothing."""
    home.create("ana", "ana@example.org")
    home.create("ben", "ben@example.org")
    enrolled_app(home, "ben")
    app = enrolled_app(home, "ana")
    bens = home.post("/login", username="ben", password=PASSWORD).json["auth_session"]
    code = app.code(steps_later=1)
    crossed = home.post("/login/continue", auth_session=bens, factor="totp", code=code)
    assert crossed.status_code == 422, crossed.text
    own = home.post("/login", username="ana", password=PASSWORD).json["auth_session"]
    done = home.post("/login/continue", auth_session=own, factor="totp", code=code)
    assert done.status_code == 200, done.text
    assert done.json["user"]["username"] == "ana"

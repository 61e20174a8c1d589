"""What people and applications write, on every page and in every mail that shows it: text, whatever
it looks like. Parsed, a page with markup in a name has the elements, the attributes and the scripts
that it has with a plain one; and nothing is a template."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import FactorKind, Given
from tests.attack.served.people import OURS
from tests.http.test_device_flow import begin, look, television
from tests.support.authenticator_app import App
from tests.support.house import PASSWORD, bearer
from tests.support.production import ISSUER, Production
from tests.support.relying_party import fields, relying_party
from tests.support.software_authenticator import SoftwareAuthenticator, Twist

PLAIN = "Plain, of nobody"
MARKUP = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus=alert(1) '",
    "</title><svg onload=alert(1)>", "</textarea><iframe src=//evil>", "<a href=//evil>x</a>",
    "<!--", "]]><x>", "\"/><base href=//evil>", "<form action=//evil>", "<meta http-equiv=refresh>",
    "<style>*{}</style>", "\u2028<b>\u2029", "&lt;b&gt;&#60;i&#62;", "<bdo dir=rtl>",
    "javascript:alert(1)",
    "\ufe64script\ufe65", "\u00abb\u00bb<b", "`${alert(1)}`", "<math><mi xlink:href=data:x>",
)  # fmt: skip
TEMPLATES = (
    "{{7777*7777}}", "${7777*7777}", "#{7777*7777}", "{%print(7777*7777)%}", "<%= 7777*7777 %>",
    "{{config}}", "%(7)s", "{0}", "{{''.__class__.__mro__}}", "%s%n", "{username}",
    "{{request.environ}}", "@(7777*7777)", "*{7777*7777}",
)  # fmt: skip


@dataclass
class Shape(HTMLParser):
    """The elements of a page with the names of their attributes; and each address and script."""

    elements: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name, value)
            if name in {"href", "src", "action", "formaction"}:
                scheme = (value or "").partition(":")[0].lower().strip()
                assert scheme not in {"javascript", "data", "vbscript"}, (tag, value)
        # A hint, or a chosen option, comes and goes with what is typed.
        self.elements.append((tag, tuple(sorted(name for name, _ in attrs))))

    def handle_data(self, data: str) -> None:
        self.text += data


def shape_of(page: str) -> Shape:
    shape = Shape()
    shape.feed(page)
    shape.close()
    return shape


def everything_shown(home: Production, written: str, username: str) -> dict[str, str]:
    """One person's pages, mails and answers, with that text wherever somebody can put one."""
    account = home.create(username, f"{username}@example.org")
    rooms, actor = home.house.rooms, Actor.anonymous(Origin())
    agent = written.encode("ascii", "replace").decode()
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": username, "password": PASSWORD}
    said = {**OURS, "User-Agent": agent}
    assert browser.post("/sign-in", data=form, headers=said).status_code == 303
    token = home.log_in(username)["access_token"]
    body = {"display_name": written}
    assert home.client().patch("/me", json=body, headers=bearer(token)).status_code in {200, 422}
    session = rooms.sessions.list_live(account.id)[0]
    shown = rooms.enrolment.begin(actor, session, FactorKind.TOTP)
    app = App(home, shown["secret"])
    name = written[:60]
    rooms.enrolment.finish(actor, session, FactorKind.TOTP, Given(app.code()), name=name)
    session = rooms.sessions.list_live(account.id)[0]
    key = rooms.enrolment.begin(actor, session, FactorKind.PASSKEY)
    made = SoftwareAuthenticator().create(key["public_key"], Twist(origin=ISSUER))
    given = Given(credential=made)
    rooms.enrolment.finish(actor, session, FactorKind.PASSKEY, given, name=name)
    party = relying_party(home, client_name=written, scope="openid profile email")
    party.browser = browser
    consent = browser.get(party.begin(prompt="consent").location)
    assert browser.post(
        "/consent", data={**fields(consent), "decision": "allow"}, headers=OURS
    ).status_code in {200, 303}
    device = begin(home, television(home, client_name=written))
    bank = relying_party(
        home, client_name=written, response_types=[], redirect_uris=[],
        grant_types=["urn:openid:params:grant-type:ciba"],
    )  # fmt: skip
    asked = bank.ask("/oauth/ciba", scope="openid", login_hint=username)
    assert asked.status_code == 200, asked.text
    pages = {
        path: browser.get(path).text
        for path in ("/account", "/account/profile", "/account/security", "/account/security/app",
                     "/account/security/passkeys", "/account/sessions", "/account/activity",
                     "/account/applications", "/account/data", "/requests", "/accounts")
    }  # fmt: skip
    stranger = home.client()
    typed = {**fields(stranger.get("/sign-in")), "username": written, "password": PASSWORD}
    for path, more in (
        ("/sign-in", {}),
        ("/sign-up", {"email": written}),
        ("/forgot-password", {}),
    ):
        page = stranger.post(path, data={**typed, **more}, headers=OURS)
        pages[f"{path} again"] = page.text
    return {
        **pages, "consent": consent.text, "device": look(browser, device["user_code"]).text,
        **{f"mail {n}": mail for n, mail in enumerate(mails_as_html(home))},
    }  # fmt: skip


def mails_as_html(home: Production) -> list[str]:
    """In the order of their subjects: they may arrive in any."""
    home.deliver()
    found = []
    for one in sorted(home.mailbox.deliveries, key=lambda one: str(one.message["Subject"])):
        assert "\n" not in str(one.message["Subject"])
        part = one.message.get_body(("html",))
        if part is not None:
            found.append(str(part.get_content()))
    home.mailbox.deliveries.clear()
    return found


def test_no_text_becomes_an_element_or_an_attribute(home: Production) -> None:
    """XSS: all of it at once, as the name of everything that has one.
    (CVE-2018-1000088, CVE-2026-29192, CVE-2026-5468.)"""
    plain = everything_shown(home, PLAIN, "plain")
    odd = everything_shown(home, "".join(MARKUP[:4]), "odd")
    assert plain.keys() == odd.keys()
    for where, page in odd.items():
        assert shape_of(page).elements == shape_of(plain[where]).elements, where
    shown = [where for where, page in odd.items() if "alert(1)" in shape_of(page).text]
    assert {"consent", "device", "/account/applications", "/requests"} <= {*shown}, shown


@pytest.mark.long_attack
@pytest.mark.parametrize("written", MARKUP)
def test_nor_does_each_alone(home: Production, written: str) -> None:
    """Each in a house of its own. (A form that is shown again says which field is at fault, so its
    elements are compared by their names.)"""
    plain = everything_shown(home, PLAIN, "plain")
    odd = everything_shown(home, written, "odd")
    for where, page in odd.items():
        found, wanted = shape_of(page).elements, shape_of(plain[where]).elements
        if where.endswith("again"):
            assert {tag for tag, _ in found} <= {tag for tag, _ in wanted} | {"p", "ul", "li", "a"}
        else:
            assert found == wanted, where


def test_no_text_is_a_template(home: Production) -> None:
    """What a template engine would make of it is on no page and in no mail, and what was written is
    there as it was."""
    shown = everything_shown(home, " ".join(TEMPLATES), "odd")
    for where, page in shown.items():
        text = shape_of(page).text
        for made in ("60481729", "<class", "SECRET_KEY", "werkzeug", "wsgi."):
            assert made not in text, (where, made)
    assert "{{7777*7777}}" in shape_of(shown["consent"]).text
    assert "{{7777*7777}}" in shape_of(shown["/requests"]).text


def test_json_is_json(home: Production) -> None:
    """A name in an answer is never read as a page, and no `</script>` stands in one as it is."""
    home.create("ana", "ana@example.org")
    token = home.log_in()["access_token"]
    for written in (*MARKUP, *TEMPLATES):
        changed: Any = home.client().patch(
            "/me", json={"display_name": written}, headers=bearer(token)
        )
        if changed.status_code == 422:
            continue
        told = home.get("/me", token)
        assert told.content_type == "application/json"
        assert told.json["display_name"] == written.strip()
        assert told.headers["X-Content-Type-Options"] == "nosniff"

"""No page and no mail of an issuer with a path leads out of that path."""

from __future__ import annotations

import email
import email.policy
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import flask
import httpx2
import pytest

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.login.errors import OwesMore
from portero.core.login.model import Wanted
from tests.http.test_device_flow import begin, television
from tests.support.authenticator_app import App, enrolled_app
from tests.support.backchannel import bank
from tests.support.doors import DOORS, opener
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.push import another
from tests.support.push_service import Browser, PushService
from tests.support.relying_party import REDIRECT_URI, RelyingParty, relying_party
from tests.support.software_authenticator import SoftwareAuthenticator
from tests.support.visitor import Visitor

ORIGIN = "http://127.0.0.1:8000"
ISSUER = f"{ORIGIN}/auth"
DOMAIN = "http://localhost:8000"
AFTER = "https://app.example/bye"
FRONT = "https://app.example/front"
TEMPLATES = Path(__file__).parents[2] / "src/portero/web/templates"
# What others are made of.
PARTS = {
    "layout.html",
    "dev/layout.html",
    "account/layout.html",
    "oidc/wants.html",
}
# Where the host is an address there are no passkeys (WebAuthn L3 §5.1.3: a domain).
NEEDS_A_DOMAIN = {
    f"account/security/{name}.html" for name in ("passkeys", "passkey_add", "passkey_rename")
}
# Of endpoints that are no Flask views, and by what each is known.
STANDALONE = {
    "oidc/form_post.html": "data-submit",
    "oidc/way_back.html": "<h1>Back to the application</h1>",
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: addresses are the faces' alone."""
    return sqlite_url


@pytest.fixture
def path_home(make_home: MakeHome) -> Home:
    return make_home(
        PORTERO_ISSUER=ISSUER,
        PORTERO_REQUIRE_VERIFIED_EMAIL="on",
        PORTERO_CLIENT_REGISTRATION="open",
        PORTERO_MAIL_SIGN_IN="on",
    )


@pytest.fixture
def domain_home(make_home: MakeHome, path_home: Home) -> Home:
    """The same house at a host name: passkeys have pages there."""
    return make_home(PORTERO_ISSUER=f"{DOMAIN}/auth")


@pytest.fixture
def rendered() -> Iterator[set[str]]:
    """The names of the templates that Flask has rendered."""
    names: set[str] = set()

    def note(_: Any, template: Any, **more: Any) -> None:
        names.add(template.name)

    flask.template_rendered.connect(note)
    yield names
    flask.template_rendered.disconnect(note)


def mailed(home: Home, path: str) -> str:
    """The newest mailed link to that page, below the origin."""
    return f"{home.at(path)}?token={home.mailed_token(path)}"


def journey(home: Home, visitor: Visitor, service: PushService) -> None:
    """Through everything that there is to see."""
    visitor.go("/auth/nothing-here")
    visitor.go("/auth/oauth/authorize?client_id=nobody")
    visitor.go("/auth/api/docs")
    visitor.go("/auth/styleguide")
    visitor.go("/auth/dev/mail")
    visitor.go("/auth/demo/callback")
    sign_up_and_forget(home, visitor)
    prove_a_second_factor(home, visitor)
    move_mailbox(home, visitor)
    leave(home, visitor)
    change_password(home, visitor)
    look_around(visitor)
    party = relying_party(
        home,
        frontchannel_logout_uri=FRONT,
        post_logout_redirect_uris=[AFTER],
        application_type="web",
    )
    hint = connect_application(visitor, party)
    refuse_stranger(home, visitor)
    connect_device(home, visitor)
    answer_application(home, visitor)
    sign_out(visitor, hint)
    sign_in_by_mail(home, visitor)
    approve_elsewhere(home, visitor, service)
    look_at_mail(visitor)


def look_at_mail(visitor: Visitor) -> None:
    """The demo's first page, and the newest of the mails that were written to files."""
    visitor.go("/auth/demo")
    page = visitor.go("/auth/dev/mail")
    letter = next(url for _, url in page.addresses if url.endswith(".eml"))
    visitor.go(letter)


def sign_up_and_forget(home: Home, visitor: Visitor) -> None:
    """An account, its proof, a sign-in that waits for it, and a new password."""
    ana = {"username": "ana", "password": PASSWORD}
    page = visitor.follow(visitor.go("/auth/account"), "/auth/sign-up")
    done = visitor.submit(page, None, **ana, email="ana@mail.example")
    page = visitor.submit(visitor.follow(done, "/auth/sign-in"), "/auth/sign-in", **ana)
    visitor.submit(page, "/auth/sign-in", resend="1")
    visitor.submit(visitor.go(mailed(home, "/verify-email")), None)
    asked = visitor.follow(visitor.go("/auth/sign-in"), "/auth/forgot-password")
    sent = visitor.submit(asked, "/auth/forgot-password", username="ana")
    visitor.follow(sent, "/auth/sign-in")
    link = mailed(home, "/reset-password")
    reset = visitor.go(link)
    visitor.submit(reset, None, new_password="short")
    visitor.submit(reset, None, new_password=OTHER_PASSWORD)
    visitor.go(link)  # once more: it is spent
    home.house.rooms.sign_up.invite(Actor.operator(), "eve@mail.example")
    visitor.go(mailed(home, "/sign-up"))


def move_mailbox(home: Home, visitor: Visitor) -> None:
    """From one mailbox to another, and back because it was somebody else."""
    home.create("mia", email="mia@mail.example")
    page = visitor.go("/auth/sign-in")
    visitor.submit(page, "/auth/sign-in", username="mia", password=PASSWORD)
    visitor.submit(visitor.go("/auth/account/profile/email"), None, email="mia@other.example")
    visitor.submit(visitor.go(mailed(home, "/allow-new-email")), None)
    visitor.submit(visitor.go(mailed(home, "/verify-email")), None)
    visitor.submit(visitor.go(mailed(home, "/take-back-email")), None)


def give_number(visitor: Visitor) -> None:
    """A phone number, and the code that is sent there."""
    visitor.submit(visitor.go("/auth/account/profile/phone"), None, phone="+4915123456712")


def leave(home: Home, visitor: Visitor) -> None:
    """To be deleted, and kept after all."""
    home.create("lea", email="lea@mail.example")
    lea = {"username": "lea", "password": PASSWORD}
    visitor.submit(visitor.go("/auth/sign-in"), "/auth/sign-in", **lea)
    give_number(visitor)
    visitor.submit(visitor.go("/auth/account/data/delete"), None, confirm="lea")
    page = visitor.submit(visitor.go("/auth/sign-in"), "/auth/sign-in", **lea)
    visitor.submit(page, "/auth/sign-in", keep="1")
    frozen = visitor.submit(visitor.go(mailed(home, "/it-was-not-me")), None)
    visitor.follow(frozen, "/auth/forgot-password")


def prove_a_second_factor(home: Home, visitor: Visitor) -> None:
    """Somebody with an app, and somebody who needs one."""
    home.create("una", email="una@mail.example")
    app = enrolled_app(home, "una")
    una = {"username": "una", "password": PASSWORD}
    page = visitor.submit(visitor.go("/auth/sign-in"), "/auth/sign-in", **una)
    page = visitor.submit(page, "/auth/sign-in", code="000000")
    page = visitor.submit(page, "/auth/sign-in", code=app.next_code())
    assert page.url == f"{ISSUER}/account"
    home.create("ivo", email="ivo@mail.example")
    try:
        home.house.rooms.sign_in.with_password(
            Actor.anonymous(Origin()), "ivo", PASSWORD, wanted=Wanted(acr="aal2")
        )
    except OwesMore as refusal:
        secret = refusal.still.auth_session.reveal()
    page = visitor.go("/auth/sign-in")
    page = visitor.submit(page, "/auth/sign-in", auth_session=secret)
    page = visitor.submit(page, "/auth/sign-in", begin="totp")
    shown = re.search(r"<code>([A-Z2-7]+)</code>", page.text)
    assert shown
    app = App(home, shown.group(1))
    page = visitor.submit(page, "/auth/sign-in", code=app.code())
    visitor.submit(page, "/auth/recovery-codes")


def change_password(home: Home, visitor: Visitor) -> None:
    """A sign-in that fails, one that owes a step, and the account page."""
    home.create("ben", email="ben@mail.example", must_change=True)
    page = visitor.go("/auth/sign-in")
    page = visitor.submit(page, "/auth/sign-in", username="ben", password="wrong")
    page = visitor.submit(page, "/auth/sign-in", username="ben", password=PASSWORD)
    page = visitor.submit(page, "/auth/sign-in", new_password=OTHER_PASSWORD)
    assert page.url == f"{ISSUER}/account"


def look_around(visitor: Visitor) -> None:
    """Every page of the account console: what the navigation has, and what those pages lead to."""
    pages = [visitor.go("/auth/account")]
    for page in pages:
        found = {url.partition("?")[0] for name, url in page.addresses if name == "href"}
        known = {urlsplit(each.url).path for each in pages}
        below = {url for url in found if url.startswith("/auth/account/")}
        pages += [visitor.go(url) for url in sorted(below - known)]


def connect_application(visitor: Visitor, party: RelyingParty) -> str:
    """Consent, tokens, a form that posts itself, and the list of what is connected."""
    asked = urlencode(party.parameters())
    page = visitor.go(f"/auth/oauth/authorize?{asked}")
    visitor.submit(page, "/auth/consent", decision="allow")
    choice = urlencode(party.parameters(prompt="select_account"))
    visitor.submit(visitor.go(f"/auth/oauth/authorize?{choice}"), "/auth/accounts")
    visitor.follow(visitor.go("/auth/account"), "/auth/accounts")
    told = parse_qs(urlsplit(visitor.places[-1]).query)
    answer = party.redeem(told["code"][0])
    assert answer.status_code == 200, answer.text
    by_form = urlencode(party.parameters(response_mode="form_post"))
    visitor.go(f"/auth/oauth/authorize?{by_form}")
    connected = visitor.go("/auth/account/applications")
    visitor.submit(connected, "/auth/account/applications/disconnect")
    again = urlencode(party.parameters(prompt="login"))
    visitor.go(f"/auth/oauth/authorize?{again}")
    visitor.go(f"/auth/oauth/authorize?{asked}")
    return str(answer.get_json()["id_token"])


def refuse_stranger(home: Home, visitor: Visitor) -> None:
    """An application that nobody vouches for, and a request of its that is refused at once."""
    metadata = {"redirect_uris": [REDIRECT_URI], "id_token_signed_response_alg": "ES256"}
    made = home.client().post("/oauth/register", json=metadata).get_json()
    asked = {"client_id": made["client_id"], "redirect_uri": REDIRECT_URI, "response_type": "x"}
    page = visitor.go(f"/auth/oauth/authorize?{urlencode(asked)}")
    assert page.status == 400


def connect_device(home: Home, visitor: Visitor) -> None:
    told = begin(home, television(home))
    assert told["verification_uri"] == f"{ISSUER}/device"
    page = visitor.go(told["verification_uri_complete"].removeprefix(ORIGIN))
    visitor.submit(page, "/auth/device", user_code="BBBB-BBBB")
    page = visitor.submit(page, "/auth/device")
    visitor.submit(page, "/auth/device", decision="allow")


def answer_application(home: Home, visitor: Visitor) -> None:
    """What an application asks of somebody who is elsewhere, from the account page."""
    bank(home).begin(login_hint="ben", binding_message="Pay 30 EUR")
    page = visitor.follow(visitor.go("/auth/account"), "/auth/requests")
    visitor.submit(page, "/auth/requests", decision="allow")
    visitor.follow(visitor.go("/auth/requests"), "/auth/requests")


def sign_out(visitor: Visitor, hint: str) -> None:
    """The question, the way back to the account, and out, by an application and by oneself."""
    page = visitor.go("/auth/oauth/logout")
    visitor.follow(page, "/auth/account")
    end = {"id_token_hint": hint, "post_logout_redirect_uri": AFTER}
    visitor.go(f"/auth/oauth/logout?{urlencode(end)}")
    visitor.go("/auth/device?user_code=BBBB-BBBB")
    page = visitor.go("/auth/sign-in")
    page = visitor.submit(page, "/auth/sign-in", username="ben", password=OTHER_PASSWORD)
    visitor.submit(page, "/auth/sign-out")


def make_a_passkey(home: Home, visitor: Visitor) -> None:
    """At a domain: an offer, a passkey, its name."""
    home.create("pia", email="pia@mail.example")
    page = visitor.go("/auth/sign-in")
    page = visitor.submit(page, "/auth/sign-in", username="pia", password=PASSWORD)
    visitor.submit(page, "/auth/passkey-offer", not_now="1")
    page = visitor.go("/auth/account/security/passkeys/add")
    asked = re.search(r"data-options='([^']*)'", page.text)
    assert asked
    made = SoftwareAuthenticator().create(json.loads(html.unescape(asked.group(1))))
    action = "/auth/account/security/passkeys/add"
    page = visitor.submit(page, action, credential=json.dumps(made))
    visitor.submit(page, None)  # now that there is something to lose: recovery codes
    page = visitor.go("/auth/account/security/passkeys")
    visitor.follow(page, "/auth/account/security/passkeys/rename")
    page = visitor.go("/auth/account/security/codes")
    visitor.submit(page, "/auth/account/security/codes/send")


def approve_elsewhere(home: Home, visitor: Visitor, service: PushService) -> None:
    """A device that is set up, asked, answers right, wrong and with a no, and is asked too late."""
    home.create("nia", email="nia@mail.example")
    nia = {"username": "nia", "password": PASSWORD}
    visitor.submit(visitor.go("/auth/sign-in"), "/auth/sign-in", **nia)
    device = service.browser()
    told = json.dumps(device.subscription())
    page = visitor.go("/auth/account/security/push")
    assert 'data-push-worker="/auth/push/worker.js" data-push-scope="/auth/push/"' in page.text
    waits = visitor.submit(page, "/auth/account/security/push/subscribe", credential=told)
    assert 'data-push-waits="/auth/account/security/push/state"' in waits.text
    home.deliver()
    device_asked(visitor, device, decision="approve")
    visitor.submit(waits, "/auth/account/security/push/add")
    visitor.go("/auth/account/security/push")
    for decision, typed in (("approve", True), ("approve", False), ("deny", False)):
        page = visitor.go("/auth/sign-in?other=1")
        page = visitor.submit(page, "/auth/sign-in", **nia)
        home.deliver()
        assert 'data-push-waits="/auth/sign-in/push"' in page.text
        number = re.search(r'class="number-shown">(\d\d)<', page.text)
        assert number
        given = number.group(1) if typed else another(number.group(1))
        device_asked(visitor, device, decision=decision, number=given)
        visitor.submit(page, "/auth/sign-in")


def device_asked(visitor: Visitor, device: Browser, **answer: str) -> None:
    page = visitor.go("/auth/push/answer")
    page = visitor.submit(page, "/auth/push/answer", secret=device.newest.secret)
    visitor.submit(page, "/auth/push/answer", **answer)


def sign_in_by_mail(home: Home, visitor: Visitor) -> None:
    """The mail, its link in the browser that asked, and a link of another browser."""
    home.create("mona", "mona@mail.example")
    page = visitor.go("/auth/sign-in/mail")
    visitor.submit(page, "/auth/sign-in/mail", username="mona")
    visitor.go(mailed(home, "/sign-in/mail/link"))
    visitor.go("/auth/sign-in/mail/link?token=another")


@pytest.mark.parametrize("door", DOORS)
def test_no_address_of_any_page_loses_the_path(
    path_home: Home,
    domain_home: Home,
    door: str,
    rendered: set[str],
    push_service: PushService,
) -> None:
    """Each page that there is, crawled: what it links, embeds, sends its forms to or sends people
    to is below the issuer, and answers there; or is the application's."""
    open_client, open_at_domain = opener(path_home, door), opener(domain_home, door)
    visitor, at_domain = Visitor(open_client()), Visitor(open_at_domain())
    journey(path_home, visitor, push_service)
    make_a_passkey(domain_home, at_domain)
    templates = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")}
    pages = {name for name in templates - PARTS if not {"parts", "factors"} & set(name.split("/"))}
    assert pages - set(STANDALONE) - NEEDS_A_DOMAIN - rendered == set()
    seen = "".join(page.text for page in visitor.pages)
    assert [name for name, mark in STANDALONE.items() if mark not in seen] == []
    check_addresses(visitor, open_client(), ORIGIN)
    check_addresses(at_domain, open_at_domain(), DOMAIN)


def check_addresses(visitor: Visitor, client: httpx2.Client, origin: str) -> None:
    issuer = f"{origin}/auth"
    found = {
        (name, urljoin(page.url, url)) for page in visitor.pages for name, url in page.addresses
    }
    found |= {("location", urljoin(issuer, place)) for place in visitor.places}
    ours = {(name, url) for name, url in found if url.startswith(origin)}
    assert len(ours) > 20
    assert [(name, url) for name, url in ours if not url.startswith(f"{issuer}/")] == []
    # What a browser has itself, and what opens an authenticator app, are nobody's address.
    others = {
        url.partition("?")[0]
        for _, url in found - ours
        if urlsplit(url).scheme not in {"data", "otpauth"}
    }
    assert others <= {REDIRECT_URI, AFTER, FRONT}
    for name, url in ours:
        path = url.removeprefix(origin)
        statuses = {client.get(path).status_code}
        if name == "action":
            statuses.add(client.post(path).status_code)
        assert 404 not in statuses, (name, url)


def test_no_link_of_any_mail_loses_the_path(path_home: Home, push_service: PushService) -> None:
    """In the text, in the HTML and in the head."""
    journey(path_home, Visitor(opener(path_home, "wsgi")()), push_service)
    path_home.deliver()
    mails = sorted((path_home.folder / "mail").glob("*.eml"))
    assert len(mails) >= 5
    linked = 0
    for path in mails:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
        texts = [part.get_content() for part in parts] + [str(value) for value in message.values()]
        for url in re.findall(r"https?://[^\s\"'<>)]+", "\n".join(texts)):
            linked += 1
            assert url.startswith(f"{ISSUER}/"), (path.name, url)
    assert linked >= 8

"""A person, a thief and an operator do things in any order; a model of few words says what holds.

The model knows of each session whether it lives, what it proved and when. After each step every
session is asked for: none that ended is in, none that lives is out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.protocol.jose.algorithms import SigningAlg
from tests.support.authenticator_app import App, enrolled_app
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, bearer
from tests.support.relying_party import fields

PASSWORDS = (PASSWORD, OTHER_PASSWORD, "a third one of fair length")
WRONG = "not the password of anybody"
TRIES = 5  # until the password waits
SETTINGS = {"PORTERO_LIMITS": f"login_by_account={TRIES}/900", "PORTERO_KEEP_SIGNED_IN": "always"}
_TOKEN = timedelta(seconds=600)
_FRESH = timedelta(seconds=900)
_STEP = timedelta(seconds=600)  # how long a step of a sign-in waits


@dataclass
class Signed:
    """A session, by its newest tokens. `strong`: it proved a second factor."""

    access: str
    refresh: str
    issued_at: datetime
    proven_at: datetime
    strong: bool
    lives: bool = True


@dataclass
class Owing:
    """A sign-in with the right password that owes its factor. `disturbed`: something happened to
    the account since; whether it goes on is then not for this model to say."""

    secret: str
    since: datetime
    of: Signed | None = None
    disturbed: bool = False


class SignIn(RuleBasedStateMachine):
    """`home` is set by whoever runs it; each example is another account in it."""

    home: ClassVar[Home]
    sessions = Bundle("sessions")
    owing = Bundle("owing")
    tabs = Bundle("tabs")

    @initialize(with_app=st.booleans())
    def a_person(self, with_app: bool) -> None:
        home = self.home
        home.clock.let_pass(hours=2)  # new tries, for all that is counted by address
        home.house.keys.keep((SigningAlg.ES256,))
        home.house.feed.poll()
        self.name = token_hex(8)
        made = home.create(self.name, f"{self.name}@example.org")
        self.account_id, self.password, self.active = made.id, PASSWORD, True
        self.app: App | None = enrolled_app(home, self.name) if with_app else None
        self.all: list[Signed] = []
        self.steps: list[Owing] = []
        self.wrong: list[datetime] = []
        self.browser, self.browser_session = home.client(), ""
        self.browser_in = self.browser_known = False
        self.bystander = home.create(f"{self.name}-b", "")
        self.beside = home.log_in(f"{self.name}-b")["refresh_token"]

    # --- the model ---------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.home.clock.now()

    def waits(self) -> bool:
        """Wrong tries of the last window, which begins with its first."""
        return len(self.wrong) >= TRIES

    def end_all(self, *, but: Signed | None = None, browser: bool = True) -> None:
        for each in self.all:
            each.lives = each.lives and each is but
        if browser:
            self.browser_in = False
        for step in self.steps:
            step.disturbed = True

    def signed(self, told: Any, *, strong: bool) -> Signed:
        made = Signed(told["access_token"], told["refresh_token"], self.now, self.now, strong)
        self.all.append(made)
        return made

    def renewed(self, session: Signed, told: Any) -> None:
        session.access, session.refresh = told["access_token"], told["refresh_token"]
        session.issued_at = self.now

    def may_harm(self, session: Signed) -> bool:
        """What harms most: it is in, was proven lately, and by what the account has."""
        fresh = self.now - session.proven_at < _FRESH and self.now - session.issued_at < _TOKEN
        return session.lives and fresh and (session.strong or self.app is None)

    def call(self, method: str, path: str, session: Signed, **body: Any) -> TestResponse:
        client = self.home.client()
        json = body or ({} if method == "POST" else None)
        return client.open(path, method=method, json=json, headers=bearer(session.access))

    # --- signing in --------------------------------------------------------------------------

    @rule(target=sessions, guess=st.sampled_from((*PASSWORDS, WRONG)))
    def log_in(self, guess: str) -> Any:
        answer = self.home.post("/login", username=self.name, password=guess)
        right = guess == self.password
        if self.waits():
            assert answer.status_code == 429, answer.text
            return multiple()
        if right and self.active and self.app is None:
            assert answer.status_code == 200, answer.text
            self.wrong.clear()
            return self.signed(answer.json, strong=False)
        assert answer.status_code in {401, 403}, answer.text
        assert "access_token" not in answer.json
        if not (right and self.active):
            self.wrong.append(self.now)
        else:
            assert answer.json["owed"] == "second_factor"
            self.wrong.clear()
            self.steps.append(Owing(answer.json["auth_session"], self.now))
        return multiple()

    @precondition(lambda self: self.steps and self.app is not None)
    @rule(target=sessions, right=st.booleans())
    def prove(self, right: bool) -> Any:
        step = self.steps.pop()
        code = self.app.next_code() if right else "000000"
        late = self.now - step.since >= _STEP
        asked = {"factor": "totp", "code": code}
        answer = self.home.post("/login/continue", auth_session=step.secret, **asked)
        if answer.status_code != 200:
            assert step.disturbed or late or not right or not self.active, answer.text
            if answer.status_code == 403 and "auth_session" in answer.json:
                self.steps.append(Owing(answer.json["auth_session"], step.since, step.of))
            return multiple()
        assert right
        assert self.active
        assert not late
        if step.of is None:
            return self.signed(answer.json, strong=True)
        assert step.of.lives
        self.renewed(step.of, answer.json)
        step.of.proven_at, step.of.strong = self.now, True
        return multiple()

    @rule(session=sessions)
    def step_up(self, session: Signed) -> None:
        answer = self.call("POST", "/login/step-up", session)
        assert answer.status_code in {401, 403}
        if not session.lives or self.now - session.issued_at >= _TOKEN:
            assert answer.status_code == 401
            return
        if answer.json.get("owed") == "second_factor":
            self.steps.append(Owing(answer.json["auth_session"], self.now, session))

    # --- what the account has ----------------------------------------------------------------

    @precondition(lambda self: self.app is None)
    @rule(session=sessions)
    def enrol_an_app(self, session: Signed) -> None:
        path, may = "/me/authenticators", self.may_harm(session)
        begun = self.call("POST", f"{path}/begin", session, kind="totp")
        assert (begun.status_code == 200) is may, begun.text
        if may:
            app = App(self.home, begun.json["shown"]["secret"])
            made = self.call("POST", path, session, kind="totp", code=app.code())
            assert made.status_code == 201, made.text
            self.app, session.strong = app, True
            for step in self.steps:
                step.disturbed = True

    @rule(session=sessions, new=st.sampled_from(PASSWORDS), right=st.booleans())
    def change_password(self, session: Signed, new: str, right: bool) -> None:
        present = self.password if right else WRONG
        body = {"current_password": present, "new_password": new}
        answer = self.call("POST", "/password/change", session, **body)
        if answer.status_code == 200:
            assert session.lives
            assert right
            assert session.strong or self.app is None
            self.password = new
            self.end_all(but=session)
            self.renewed(session, answer.json)
            session.proven_at = self.now

    @rule(new=st.sampled_from(PASSWORDS))
    def reset_by_mail(self, new: str) -> None:
        asked = self.home.post("/password/forgot", username=self.name)
        assert asked.status_code in {202, 429}
        self.home.deliver()
        mails = "\n".join(self.home.mails())
        tokens = re.findall(r"/reset-password\?token=([\w-]+)", mails)
        for mail in (self.home.folder / "mail").glob("*.eml"):
            mail.unlink()
        if not tokens:
            return
        body = {"token": tokens[0], "new_password": new}
        answer = self.home.client().post("/password/reset", json=body)
        if answer.status_code == 204:
            assert self.active
            self.password = new
            self.wrong.clear()
            self.end_all()

    # --- ends --------------------------------------------------------------------------------

    @rule(session=consumes(sessions))
    def log_out(self, session: Signed) -> None:
        in_time = session.lives and self.now - session.issued_at < _TOKEN
        answer = self.call("POST", "/logout", session)
        assert (answer.status_code == 200) is in_time, answer.text
        session.lives = session.lives and not in_time

    @rule(session=sessions)
    def log_out_everywhere(self, session: Signed) -> None:
        may = self.may_harm(session)
        answer = self.call("POST", "/logout", session, all=True)
        assert (answer.status_code == 200) is may, answer.text
        if may:
            self.end_all()

    @rule(session=sessions)
    def end_the_others(self, session: Signed) -> None:
        may = self.may_harm(session)
        answer = self.call("DELETE", "/me/sessions", session)
        assert (answer.status_code == 200) is may, answer.text
        if may:
            self.end_all(but=session)

    @precondition(lambda self: len(self.all) > 1)
    @rule()
    def the_operator_disables(self) -> None:
        self.home.house.rooms.account_admin.disable(Actor.operator(), self.account_id)
        self.active = False
        self.end_all()

    @rule()
    def the_operator_enables(self) -> None:
        """Not in the second of the end: `iat` has whole ones, and counts for the earlier."""
        self.home.clock.let_pass(seconds=1)
        self.home.house.rooms.account_admin.enable(Actor.operator(), self.account_id)
        self.active = True

    @rule(minutes=st.sampled_from((1, 9, 16, 300)))
    def time_passes(self, minutes: int) -> None:
        self.home.clock.let_pass(minutes=minutes)
        if self.wrong and self.now - self.wrong[0] >= timedelta(seconds=900):
            self.wrong.clear()

    # --- a browser with two tabs -------------------------------------------------------------

    @precondition(lambda self: self.active and self.app is None and not self.browser_in)
    @precondition(lambda self: self.browser_known or not self.waits())
    @rule()
    def sign_in_by_page(self) -> None:
        page = self.browser.get("/sign-in")
        form = {**fields(page), "username": self.name, "password": self.password}
        self.browser.post("/sign-in", data=form)
        self.browser_session = fields(self.browser.get("/accounts"))["session"]
        self.browser_in = True
        if not self.browser_known:  # from now on it has tries of its own
            self.browser_known = True
            self.wrong.clear()

    @precondition(lambda self: self.browser_in)
    @rule(target=tabs)
    def open_a_tab(self) -> dict[str, str]:
        return fields(self.browser.get("/accounts"))

    @rule(tab=tabs)
    def sign_out_in_a_tab(self, tab: dict[str, str]) -> None:
        """Perhaps one that was open before: it signs out nobody but whom it shows."""
        assert self.browser.post("/accounts/sign-out", data=tab).status_code < 500
        if tab["session"] == self.browser_session:
            self.browser_in = False

    # --- what holds --------------------------------------------------------------------------

    @invariant()
    def who_is_in_is_in_and_nobody_else(self) -> None:
        for session in getattr(self, "all", ()):
            if self.now - session.issued_at >= _TOKEN:
                answer = self.home.post("/refresh", refresh_token=session.refresh)
                assert (answer.status_code == 200) is session.lives, answer.text
                if session.lives:
                    self.renewed(session, answer.json)
            answer = self.home.get("/me", session.access)
            assert (answer.status_code == 200) is session.lives, answer.text

    @invariant()
    def the_browser_is_in_or_not(self) -> None:
        if hasattr(self, "browser"):
            page = self.browser.get("/account")
            assert (page.status_code == 200) is self.browser_in, page.text[:500]

    def teardown(self) -> None:
        """A bystander was never touched."""
        if hasattr(self, "beside"):
            assert self.home.post("/refresh", refresh_token=self.beside).status_code == 200

"""An application gets, renews and throws away tokens in any order; a model says which are good.

A grant is a code, then a chain of refresh tokens with one live head, and access tokens. After each
step every access token is introspected: it is active as long as the model says, and not longer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_hex
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.core.sessions import EndReason
from portero.protocol.jose.algorithms import SigningAlg
from tests.support.house import Home
from tests.support.relying_party import Pkce, query_of, relying_party

SETTINGS = {"PORTERO_REFRESH_GRACE_SECONDS": "0", "PORTERO_KEEP_SIGNED_IN": "always"}
SCOPE = "openid profile email offline_access"
_TOKEN = timedelta(seconds=600)
_CODE = timedelta(seconds=60)
# `exp` has whole seconds, and the clocks of two nodes may differ by two: good or not.
_EARLY, _LATE = timedelta(seconds=599), timedelta(seconds=602)


@dataclass
class Access:
    """`keys` is how many keys had leaked when it was signed: the next one takes it along."""

    text: str
    issued_at: datetime
    keys: int
    revoked: bool = False


@dataclass
class Granted:
    """What one consent gave. `spent` are the refresh tokens that were exchanged, newest last."""

    code: str
    since: datetime
    offline: bool
    pkce: Pkce = field(default_factory=Pkce)
    redeemed: bool = False
    lives: bool = True
    head: str = ""
    spent: list[str] = field(default_factory=list)
    access: list[Access] = field(default_factory=list)


class Tokens(RuleBasedStateMachine):
    """`home` is set by whoever runs it; each example is another account and application in it."""

    home: ClassVar[Home]
    grants = Bundle("grants")

    @initialize()
    def a_person_and_an_application(self) -> None:
        home = self.home
        home.clock.let_pass(hours=2)
        home.house.keys.keep((SigningAlg.ES256,))
        home.house.feed.poll()
        self.name, self.keys = token_hex(8), 0
        self.account_id = home.create(self.name, f"{self.name}@example.org").id
        self.rp = relying_party(home, scope=SCOPE)
        self.other = relying_party(home, scope=SCOPE)
        self.all: list[Granted] = []
        self.active = True

    # --- the model ---------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.home.clock.now()

    def end(self, *, offline_too: bool) -> None:
        for grant in self.all:
            kept = grant.offline and grant.redeemed and not offline_too
            grant.lives = grant.lives and kept

    def kept(self, grant: Granted, answer: TestResponse) -> None:
        told = answer.json
        if grant.head:
            grant.spent.append(grant.head)
        grant.head = told["refresh_token"]
        grant.access.append(Access(told["access_token"], self.now, self.keys))

    def is_good(self, grant: Granted, access: Access) -> bool:
        in_time = self.now - access.issued_at < _TOKEN
        return grant.lives and in_time and not access.revoked and access.keys == self.keys

    def refused(self, answer: TestResponse) -> None:
        assert answer.status_code == 400, answer.text
        assert answer.json["error"] == "invalid_grant"
        assert "access_token" not in answer.json

    # --- getting them ------------------------------------------------------------------------

    @precondition(lambda self: self.active)
    @rule(target=grants, offline=st.booleans(), at_once=st.booleans())
    def authorize(self, offline: bool, at_once: bool) -> Granted:
        """Signs in by the way, and agrees, where that is owed; `at_once` the code is redeemed."""
        pkce = Pkce()
        scope = SCOPE if offline else SCOPE.rpartition(" ")[0]
        asked = self.rp.begin(scope=scope, code_challenge=pkce.challenge, nonce=token_hex(4))
        answered = query_of(self.rp.walk(asked, username=self.name))
        made = Granted(answered["code"], self.now, offline, pkce)
        self.all.append(made)
        if at_once:
            self.redeem(made)
        return made

    @rule(grant=grants)
    def redeem_any(self, grant: Granted) -> None:
        self.redeem(grant)

    def redeem(self, grant: Granted) -> None:
        """Once, in its time. A second time ends whatever it gave."""
        answer = self.rp.redeem(grant.code, code_verifier=grant.pkce.verifier)
        late = self.now - grant.since >= _CODE
        if grant.redeemed or not grant.lives or late:
            self.refused(answer)
            grant.lives = grant.lives and not grant.redeemed
            return
        assert answer.status_code == 200, answer.text
        grant.redeemed = True
        self.kept(grant, answer)

    @rule(grant=grants)
    def redeem_as_a_thief(self, grant: Granted) -> None:
        """Another application, and one without the verifier: neither gets anything."""
        self.refused(self.other.redeem(grant.code, code_verifier=grant.pkce.verifier))
        if not grant.redeemed:
            self.refused(self.rp.redeem(grant.code, code_verifier=Pkce().verifier))
            grant.lives = False  # the code was shown by its client, and is spent

    @precondition(lambda self: any(grant.head for grant in self.all))
    @rule(data=st.data())
    def refresh(self, data: st.DataObject) -> None:
        grant = data.draw(st.sampled_from([grant for grant in self.all if grant.head]))
        answer = self.rp.refresh(grant.head)
        if not grant.lives:
            self.refused(answer)
            return
        assert answer.status_code == 200, answer.text
        self.kept(grant, answer)

    @precondition(lambda self: any(grant.spent for grant in self.all))
    @rule(data=st.data())
    def refresh_with_an_old_one(self, data: st.DataObject) -> None:
        """A copy came back: the whole chain is over."""
        grant = data.draw(st.sampled_from([grant for grant in self.all if grant.spent]))
        self.refused(self.rp.refresh(data.draw(st.sampled_from(grant.spent))))
        grant.lives = False

    @precondition(lambda self: any(grant.head for grant in self.all))
    @rule(data=st.data())
    def refresh_anothers(self, data: st.DataObject) -> None:
        grant = data.draw(st.sampled_from([grant for grant in self.all if grant.head]))
        self.refused(self.other.refresh(grant.head))

    # --- throwing them away ------------------------------------------------------------------

    @precondition(lambda self: any(grant.head for grant in self.all))
    @rule(data=st.data(), which=st.sampled_from(("access", "refresh", "another's")))
    def revoke(self, data: st.DataObject, which: str) -> None:
        grant = data.draw(st.sampled_from([grant for grant in self.all if grant.head]))
        if which == "another's":
            for token in (grant.access[-1].text, grant.head):
                self.other.ask("/oauth/revoke", token=token)
        elif which == "access":
            assert self.rp.ask("/oauth/revoke", token=grant.access[-1].text).status_code == 200
            grant.access[-1].revoked = True
        else:
            assert self.rp.ask("/oauth/revoke", token=grant.head).status_code == 200
            grant.lives = False

    @rule()
    def sign_out(self) -> None:
        """What does not work offline ends with the session, and so does a code."""
        sessions = self.home.house.rooms.sessions
        sessions.end_all(Actor.operator(), self.account_id, EndReason.LOGOUT)
        self.end(offline_too=False)

    @precondition(lambda self: len(self.all) > 1)
    @rule()
    def the_operator_disables(self) -> None:
        self.home.house.rooms.account_admin.disable(Actor.operator(), self.account_id)
        self.active = False
        self.end(offline_too=True)

    @rule()
    def the_operator_enables(self) -> None:
        """Not in the second of the end: `iat` has whole ones, and counts for the earlier."""
        self.home.clock.let_pass(seconds=1)
        self.home.house.rooms.account_admin.enable(Actor.operator(), self.account_id)
        self.active = True

    @rule()
    def a_key_leaks(self) -> None:
        """Whatever it signed is worth nothing; refresh tokens are."""
        self.home.clock.let_pass(seconds=2)
        self.home.house.keys.rotate(Actor.operator(), SigningAlg.ES256, immediately=True)
        self.home.house.feed.poll()
        self.keys += 1

    @rule(seconds=st.sampled_from((5, 61, 605)))
    def time_passes(self, seconds: int) -> None:
        self.home.clock.let_pass(seconds=seconds)

    # --- what holds --------------------------------------------------------------------------

    @invariant()
    def a_token_is_good_as_long_as_it_may_be(self) -> None:
        for grant in getattr(self, "all", ()):
            for access in grant.access:
                told = self.rp.ask("/oauth/introspect", token=access.text).json
                if not _EARLY <= self.now - access.issued_at < _LATE:
                    assert told["active"] is self.is_good(grant, access)

    def teardown(self) -> None:
        """Each chain that lives has one head, and it is the newest."""
        for grant in getattr(self, "all", ()):
            if grant.lives and grant.head:
                assert self.rp.refresh(grant.head).status_code == 200

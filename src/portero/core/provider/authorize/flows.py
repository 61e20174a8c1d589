"""The authorization endpoint's verb (RFC 6749 §4.1, OpenID Connect Core §3.1.2).

1. Who asks, and where may an answer go? Until both are known, an error is a page of ours.
2. Is the request well formed and allowed? From here on errors travel back to the client.
3. Is somebody signed in who meets what the client demands? Else the person signs in first.
4. Does the person agree, now or from before? Else they are asked.
5. A code is issued for exactly this transaction: session, client, scope, resources, redirect URI.

What waits for a person is stored with the browser that began it; when the person comes back all
steps run again, on what is true then. With a session and a consent all of it is one transaction of
two statements.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from portero.core.audit import Actor, AuditLog
from portero.core.consent import store as consent_store
from portero.core.limits import OverLimit
from portero.core.provider.authorize import rules, store
from portero.core.provider.authorize.answers import Answers
from portero.core.provider.authorize.arrivals import Arrivals, as_page
from portero.core.provider.authorize.model import (
    Answer,
    Asked,
    ConsentOwed,
    Decision,
    Outcome,
    Seat,
    SignInOwed,
    Visit,
)
from portero.core.provider.authorize.waiting import WaitingRequests
from portero.core.provider.codes import store as code_store
from portero.core.provider.errors import WaitingRequestOver
from portero.core.provider.events import CodeIssued, ConsentGiven, ConsentRefused
from portero.core.provider.subjects import Subjects
from portero.core.sessions import Sessions, SignInDemand
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.refusals import Refusal
from portero.kit.secrets import Secret, fingerprint, same_secret
from portero.protocol.oauth.authorization_request import UnusableReturn
from portero.protocol.oauth.errors import (
    AccessDenied,
    ConsentRequired,
    LoginRequired,
    OAuthRefusal,
)
from portero.protocol.oauth.parameters import Parameters


class Authorize:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        sessions: Sessions,
        arrivals: Arrivals,
        waiting: WaitingRequests,
        answers: Answers,
        subjects: Subjects,
        reachable_levels: Collection[str],
        registrants_trusted: bool = False,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._sessions = sessions
        self._arrivals = arrivals
        self._waiting = waiting
        self._answers = answers
        self._subjects = subjects
        self.reachable_levels = tuple(reachable_levels)
        self._registrants_trusted = registrants_trusted

    # --- the three ways in ---------------------------------------------------------------------

    def begin(self, actor: Actor, parameters: Parameters, browser: str) -> Outcome:
        """A new request. `browser` is the cookie, "" for none. Raises `UnknownClient`,
        `UnusableReturnAddress` and `OverLimit`, which are pages of ours."""
        client = self._arrivals.client_of(parameters)
        counting, back = parameters, None
        try:
            counting, pushed_id = self._arrivals.counting(client, parameters)
            back = self._arrivals.return_address(client, counting)
            asked = self._arrivals.new(client, counting, back, pushed_id)
            return self._go_on(actor, asked, browser)
        except UnusableReturn as refusal:
            raise as_page(refusal) from refusal
        except OAuthRefusal as refusal:
            # Of a request object that is bad: to an address that needs no object, or on a page.
            back = back or self._arrivals.known_return(client, parameters)
            if back is None:
                raise as_page(refusal) from refusal
            return self._answers.refused_unseen(client, back, refusal)

    def resume(self, actor: Actor, handle: str, browser: str) -> Outcome:
        """The person is back from signing in. Raises `WaitingRequestOver`."""
        asked = self._arrivals.back(handle, browser)
        try:
            return self._go_on(actor, asked, browser)
        except OAuthRefusal as refusal:
            return self._answers.refused(asked.client, asked.request.back, refusal)

    def decide(self, actor: Actor, handle: str, browser: str, decision: Decision) -> Outcome:
        """The person's answer; asked again where it answers another question than the present
        one. Raises `WaitingRequestOver`."""
        asked = self._arrivals.back(handle, browser)
        try:
            return self._go_on(actor, asked, browser, decision)
        except OAuthRefusal as refusal:
            return self._answers.refused(asked.client, asked.request.back, refusal)

    def waiting_for(self, handle: str, browser: str) -> Asked:
        """What a handle stands for, for the sign-in page to tell. Raises `WaitingRequestOver`."""
        return self._arrivals.back(handle, browser)

    def choose(self, handle: str, browser: str, session_id: str) -> None:
        """The person goes on with that one of the browser's sessions. Raises `WaitingRequestOver`,
        `NoSuchSession`."""
        asked, now = self._arrivals.back(handle, browser), self._clock.now()

        def unit(tx: Tx) -> None:
            self._sessions.choose_in(tx, browser, session_id, now=now)
            if asked.waiting is not None:
                code_store.choose_waiting(tx, asked.waiting.id)

        self._db.write(unit)

    def demand_of(self, asked: Asked) -> SignInDemand:
        """What a sign-in for that request has to reach."""
        return rules.demand_of(asked, reachable=self.reachable_levels)

    def seats_for(self, asked: Asked, browser: str) -> tuple[Seat, ...]:
        """Who is signed in in that browser and may be meant, whether or not it is enough."""
        now, hashed = self._clock.now(), fingerprint(browser)

        def look(tx: Tx) -> tuple[Seat, ...]:
            visit = store.find_visit(tx, hashed, asked.client.client_id, now=now)
            return self._meant_in(tx, asked, visit, now)

        return self._db.read(look)

    # --- one transaction -----------------------------------------------------------------------

    def _go_on(
        self, actor: Actor, asked: Asked, browser: str, decision: Decision | None = None
    ) -> Outcome:
        now = self._clock.now()
        handle = Secret(asked.handle or self._dice.token())

        def unit(tx: Tx) -> Outcome | Refusal:
            try:
                return self._go_on_in(tx, actor, asked, browser, handle, decision, now)
            except (AccessDenied, OverLimit) as refusal:
                return refusal  # final, and counted: what it wrote is kept

        outcome = self._db.write(unit)
        if isinstance(outcome, Refusal):
            raise outcome
        if isinstance(outcome, Answer):
            return self._answers.sealed(asked.client, outcome)
        return outcome

    def _go_on_in(
        self,
        tx: Tx,
        actor: Actor,
        asked: Asked,
        browser: str,
        handle: Secret,
        decision: Decision | None,
        now: datetime,
    ) -> Outcome:
        request = asked.request
        visit = Visit("", ())
        if browser:
            visit = store.find_visit(tx, fingerprint(browser), asked.client.client_id, now=now)
        meant = self._meant_in(tx, asked, visit, now)
        demand = self.demand_of(asked)
        seat = rules.fitting(meant, demand, now)
        if seat is None:
            if "none" in request.prompt:
                raise LoginRequired("nobody is signed in who meets the demand")
            if asked.waiting is not None and rules.is_somebody_else(asked, visit, meant):
                raise LoginRequired("somebody else signed in")
            fresh = self._waiting.keep_in(tx, actor, asked, handle, visit.browser_id, now=now)
            return SignInOwed(handle, asked, fresh)
        rules.check_essential(request, seat)
        question = rules.question_of(request, seat)
        if decision is None:
            must_ask = rules.owes_consent(
                asked.client,
                request,
                seat,
                registrants_trusted=self._registrants_trusted,
            )
        else:
            must_ask = decision.agreed and not same_secret(decision.question, question)
        if must_ask:
            if "none" in request.prompt:
                raise ConsentRequired("the person has to be asked")
            self._waiting.keep_in(tx, actor, asked, handle, visit.browser_id, now=now)
            return ConsentOwed(handle, asked, seat.account, question)
        self._finish_in(tx, asked, now)
        who = Actor.account(
            seat.account.id,
            session_id=seat.session.id,
            client_id=asked.client.client_id,
            origin=actor.origin,
        )
        if decision is not None and not decision.agreed:
            refused = ConsentRefused(account_id=seat.account.id, client_id=asked.client.client_id)
            self._audit.record(tx, who, now, refused)
            raise AccessDenied("the person said no")
        if decision is not None:
            self._remember_in(tx, who, asked, seat, now)
        return self._code_in(tx, who, asked, seat, now)

    def _meant_in(self, tx: Tx, asked: Asked, visit: Visit, now: datetime) -> tuple[Seat, ...]:
        """Of those in the browser, the ones that the request can mean."""
        wanted = asked.request.subject
        if not wanted:
            return visit.seats[:1] if asked.is_chosen else visit.seats
        return tuple(
            seat
            for seat in visit.seats
            if self._subjects.subject_in(tx, asked.client, seat.account.id, now=now) == wanted
        )

    def _finish_in(self, tx: Tx, asked: Asked, now: datetime) -> None:
        """The transaction ends here: of two tabs one goes on, and a pushed request is used up."""
        if asked.waiting is not None and not code_store.end_waiting(tx, asked.waiting.id):
            raise WaitingRequestOver("another tab was faster")
        if asked.pushed_id:
            self._arrivals.use_pushed_in(tx, asked)

    def _remember_in(self, tx: Tx, actor: Actor, asked: Asked, seat: Seat, now: datetime) -> None:
        request = asked.request
        consent_store.remember(
            tx,
            seat.account.id,
            asked.client.client_id,
            scope=request.told_scope,
            resources=request.resources,
            now=now,
        )
        given = ConsentGiven(
            account_id=seat.account.id,
            session_id=seat.session.id,
            client_id=asked.client.client_id,
            scope=" ".join(request.told_scope),
        )
        self._audit.record(tx, actor, now, given)

    def _code_in(self, tx: Tx, actor: Actor, asked: Asked, seat: Seat, now: datetime) -> Answer:
        request, secret = asked.request, self._dice.token()
        code = rules.code_of(asked, seat, grant_id=self._dice.new_id(), now=now)
        code_store.add_code(tx, fingerprint(secret), code)
        self._sessions.touch_in(tx, seat.session, now=now)
        issued = CodeIssued(
            account_id=seat.account.id,
            session_id=seat.session.id,
            client_id=asked.client.client_id,
            grant_id=code.grant_id,
            scope=code.scope,
        )
        self._audit.record(tx, actor, now, issued)
        return self._answers.bare(request.back, {"code": secret})

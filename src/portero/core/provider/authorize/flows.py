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
from datetime import datetime, timedelta
from typing import Final

from portero.core.audit import Actor, AuditLog
from portero.core.clients import Client, ClientCache
from portero.core.consent import store as consent_store
from portero.core.provider.authorize import rules, store
from portero.core.provider.authorize.model import (
    Answer,
    Asked,
    ConsentOwed,
    Outcome,
    Seat,
    SignInOwed,
    Visit,
)
from portero.core.provider.authorize.reading import RequestReader
from portero.core.provider.client_signer import ClientSigner
from portero.core.provider.codes import store as code_store
from portero.core.provider.codes.model import AuthorizationCode, WaitingRequest
from portero.core.provider.errors import UnknownClient, UnusableReturnAddress, WaitingRequestOver
from portero.core.provider.events import CodeIssued, ConsentGiven, ConsentRefused
from portero.core.provider.par import PushedRequests
from portero.core.provider.subjects import Subjects
from portero.core.sessions import Sessions
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import Secret, fingerprint
from portero.protocol.oauth.authorization_request import ReturnAddress, UnusableReturn
from portero.protocol.oauth.errors import (
    AccessDenied,
    ConsentRequired,
    InvalidRequest,
    LoginRequired,
    OAuthRefusal,
)
from portero.protocol.oauth.jarm import TYP as JARM_TYP
from portero.protocol.oauth.jarm import jarm_alg, jarm_claims
from portero.protocol.oauth.metadata_policy import FAPI2_PROFILE
from portero.protocol.oauth.parameters import Parameters

# A code travels through one redirect: a minute is plenty (section 17 of the protocol checklist;
# FAPI 2.0 §5.3.2.1 demands at most this).
CODE_LIFETIME: Final = timedelta(seconds=60)
# Long enough to make an account and find a mail on the way.
WAITING_LIFETIME: Final = timedelta(hours=1)


class Authorize:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        clients: ClientCache,
        sessions: Sessions,
        reader: RequestReader,
        pushed: PushedRequests,
        signer: ClientSigner,
        subjects: Subjects,
        issuer: str,
        reachable_levels: Collection[str],
        push_required: bool = False,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._clients = clients
        self._sessions = sessions
        self._reader = reader
        self._pushed = pushed
        self._signer = signer
        self._subjects = subjects
        self._issuer = issuer
        self.reachable_levels = tuple(reachable_levels)
        self._push_required = push_required

    # --- the three ways in ---------------------------------------------------------------------

    def begin(self, actor: Actor, parameters: Parameters, browser: str) -> Outcome:
        """A new request. `browser` is the cookie, "" for none. Raises `UnknownClient` and
        `UnusableReturnAddress`, which are pages of ours."""
        client = self._client(parameters)
        back: ReturnAddress | None = None
        try:
            counting, pushed_id = self._counting(client, parameters)
            back = self._reader.return_address(client, counting)
            if not pushed_id and self._has_to_push(client):
                raise InvalidRequest("This client has to push its requests.")  # RFC 9126 §5
            asked = Asked(
                client=client,
                parameters=counting,
                request=self._reader.request(client, counting, back),
                pushed_id=pushed_id,
                began_at=self._clock.now(),
            )
            return self._go_on(actor, asked, browser)
        except UnusableReturn as refusal:
            raise _as_page(refusal) from refusal
        except OAuthRefusal as refusal:
            back = back or self._outer_return(client, parameters)
            if back is None:
                raise _as_page(refusal) from refusal
            return self._refused(client, back, refusal)

    def resume(self, actor: Actor, handle: str, browser: str) -> Outcome:
        """The person is back from signing in. Raises `WaitingRequestOver`."""
        asked = self._waiting(handle, browser)
        try:
            return self._go_on(actor, asked, browser)
        except OAuthRefusal as refusal:
            return self._refused(asked.client, asked.request.back, refusal)

    def decide(self, actor: Actor, handle: str, browser: str, *, agreed: bool) -> Outcome:
        """The person's answer to the question. Raises `WaitingRequestOver`."""
        asked = self._waiting(handle, browser)
        try:
            return self._go_on(actor, asked, browser, agreed=agreed)
        except OAuthRefusal as refusal:
            return self._refused(asked.client, asked.request.back, refusal)

    def waiting_for(self, handle: str, browser: str) -> Asked:
        """What a handle stands for, for the sign-in page to tell. Raises `WaitingRequestOver`."""
        return self._waiting(handle, browser)

    # --- one transaction -----------------------------------------------------------------------

    def _go_on(
        self, actor: Actor, asked: Asked, browser: str, *, agreed: bool | None = None
    ) -> Outcome:
        now = self._clock.now()
        handle = Secret(asked.handle or self._dice.token())

        def unit(tx: Tx) -> Outcome | OAuthRefusal:
            try:
                return self._go_on_in(tx, actor, asked, browser, handle, agreed, now)
            except AccessDenied as refusal:
                return refusal  # the answer is final: what it wrote is kept

        outcome = self._db.write(unit)
        if isinstance(outcome, OAuthRefusal):
            raise outcome
        if isinstance(outcome, Answer):
            return self._sealed(asked.client, outcome)
        return outcome

    def _go_on_in(
        self,
        tx: Tx,
        actor: Actor,
        asked: Asked,
        browser: str,
        handle: Secret,
        agreed: bool | None,
        now: datetime,
    ) -> Outcome:
        request = asked.request
        visit = Visit("", ())
        if browser:
            visit = store.find_visit(tx, fingerprint(browser), asked.client.client_id, now=now)
        meant = self._meant_in(tx, asked, visit, now)
        demand = rules.demand_of(asked, reachable=self.reachable_levels)
        seat = rules.fitting(meant, demand, now)
        if seat is None:
            if "none" in request.prompt:
                raise LoginRequired("nobody is signed in who meets the demand")
            if asked.waiting is not None and self._is_somebody_else(asked, visit, meant):
                raise LoginRequired("somebody else signed in")
            fresh = self._wait_in(tx, asked, handle, visit, now)
            return SignInOwed(handle, asked, fresh)
        rules.check_essential(request, seat)
        if agreed is None and rules.owes_consent(asked.client, request, seat):
            if "none" in request.prompt:
                raise ConsentRequired("the person has to be asked")
            self._wait_in(tx, asked, handle, visit, now)
            return ConsentOwed(handle, asked, seat.account)
        self._finish_in(tx, asked, now)
        who = _person(actor, seat, asked.client)
        if agreed is False:
            refused = ConsentRefused(account_id=seat.account.id, client_id=asked.client.client_id)
            self._audit.record(tx, who, now, refused)
            raise AccessDenied("the person said no")
        if agreed:
            self._remember_in(tx, who, asked, seat, now)
        return self._code_in(tx, who, asked, seat, now)

    def _meant_in(self, tx: Tx, asked: Asked, visit: Visit, now: datetime) -> tuple[Seat, ...]:
        """Of those in the browser, the ones that the request can mean."""
        wanted = self._reader.subject_of(asked.client, asked.request)
        if not wanted:
            return visit.seats
        return tuple(
            seat
            for seat in visit.seats
            if self._subjects.subject_in(tx, asked.client, seat.account.id, now=now) == wanted
        )

    @staticmethod
    def _is_somebody_else(asked: Asked, visit: Visit, meant: tuple[Seat, ...]) -> bool:
        """Whether somebody signed in for this request who is not the one that it means."""
        return any(
            seat.session.auth_time >= asked.began_at and seat not in meant for seat in visit.seats
        )

    def _wait_in(
        self, tx: Tx, asked: Asked, handle: Secret, visit: Visit, now: datetime
    ) -> Secret | None:
        """Keep the request until the person is back; a cookie to set where there was none."""
        if asked.waiting is not None:
            return None
        browser_id, fresh = visit.browser_id, None
        if not browser_id:
            made = self._sessions.new_browser(tx, now=now)
            browser_id, fresh = made.browser_id, made.secret
        waiting = WaitingRequest(
            id=self._dice.new_id(),
            client_id=asked.client.client_id,
            browser_id=browser_id,
            parameters=asked.parameters.as_mapping(),
            pushed_id=asked.pushed_id,
            created_at=asked.began_at,
            expires_at=now + WAITING_LIFETIME,
        )
        code_store.add_waiting(tx, fingerprint(handle.reveal()), waiting)
        return fresh

    def _finish_in(self, tx: Tx, asked: Asked, now: datetime) -> None:
        """The transaction ends here: of two tabs one goes on, and a pushed request is used up."""
        if asked.waiting is not None and not code_store.end_waiting(tx, asked.waiting.id):
            raise WaitingRequestOver("another tab was faster")
        if asked.pushed_id:
            self._pushed.use_in(tx, asked.pushed_id, asked.client.client_id)

    def _remember_in(self, tx: Tx, actor: Actor, asked: Asked, seat: Seat, now: datetime) -> None:
        request = asked.request
        consent_store.remember(
            tx,
            seat.account.id,
            asked.client.client_id,
            scope=request.scope,
            resources=request.resources,
            now=now,
        )
        given = ConsentGiven(
            account_id=seat.account.id,
            session_id=seat.session.id,
            client_id=asked.client.client_id,
            scope=" ".join(request.scope),
        )
        self._audit.record(tx, actor, now, given)

    def _code_in(self, tx: Tx, actor: Actor, asked: Asked, seat: Seat, now: datetime) -> Answer:
        request, secret = asked.request, self._dice.token()
        code = AuthorizationCode(
            grant_id=self._dice.new_id(),
            client_id=asked.client.client_id,
            account_id=seat.account.id,
            session_id=seat.session.id,
            redirect_uri=request.back.redirect_uri,
            redirect_uri_was_sent=request.redirect_uri_was_sent,
            scope=" ".join(request.scope),
            resources=request.resources,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
            dpop_jkt=request.dpop_jkt,
            claims=request.claims,
            details=request.details,
            created_at=now,
            expires_at=now + CODE_LIFETIME,
        )
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
        return self._answer(request.back, {"code": secret})

    # --- before a transaction, and after -------------------------------------------------------

    def _client(self, parameters: Parameters) -> Client:
        try:
            client_id = parameters.get("client_id")
        except OAuthRefusal as refusal:
            raise _as_page(refusal) from refusal
        client = self._clients.find(client_id) if client_id else None
        if client is None or not client.is_active:
            raise UnknownClient("no such client, or a disabled one")
        return client

    def _counting(self, client: Client, parameters: Parameters) -> tuple[Parameters, str]:
        """The parameters that count, and the pushed request that they come from ("" for none)."""
        request_uri = parameters.get("request_uri")
        if request_uri is None:
            return self._reader.counting(client, parameters), ""
        if "request" in parameters:
            raise InvalidRequest("request and request_uri were both sent.")  # RFC 9101 §5
        pushed = self._pushed.find(client.client_id, request_uri)
        return pushed.parameters, pushed.id

    def _has_to_push(self, client: Client) -> bool:
        metadata = client.metadata
        return (
            self._push_required
            or metadata.require_pushed_authorization_requests
            or metadata.profile == FAPI2_PROFILE
        )

    def _waiting(self, handle: str, browser: str) -> Asked:
        now = self._clock.now()
        waiting = self._db.read(
            lambda tx: code_store.find_waiting(
                tx, fingerprint(handle), fingerprint(browser), now=now
            )
        )
        if waiting is None:
            raise WaitingRequestOver("unknown, expired, or begun in another browser")
        parameters = Parameters(waiting.parameters)
        client = self._client(parameters)
        try:
            back = self._reader.return_address(client, parameters)
            request = self._reader.request(client, parameters, back)
        except OAuthRefusal as refusal:
            # It was good when it began: the client was changed meanwhile.
            raise WaitingRequestOver(refusal.description) from refusal
        return Asked(
            client=client,
            parameters=parameters,
            request=request,
            pushed_id=waiting.pushed_id,
            began_at=waiting.created_at,
            waiting=waiting,
            handle=handle,
        )

    def _outer_return(self, client: Client, parameters: Parameters) -> ReturnAddress | None:
        """Where to tell that a request object is bad: only an address that needs no object."""
        try:
            return self._reader.return_address(client, parameters)
        except OAuthRefusal:
            return None

    def _refused(self, client: Client, back: ReturnAddress, refusal: OAuthRefusal) -> Answer:
        told = {"error": refusal.code, "error_description": refusal.description}
        return self._sealed(client, self._answer(back, told))

    def _sealed(self, client: Client, answer: Answer) -> Answer:
        """As a JWT where the client asked for one (JARM), after the transaction: a signature is
        slow."""
        if not answer.back.response_mode.endswith("jwt"):
            return answer
        now, back = self._clock.now(), answer.back
        claims = jarm_claims(
            answer.parameters, issuer=self._issuer, client_id=client.client_id, now=now
        )
        alg = jarm_alg(client.metadata)
        signed = self._signer.signed(client, claims, alg=alg, typ=JARM_TYP, now=now)
        return Answer(back, {"response": signed})

    def _answer(self, back: ReturnAddress, parameters: dict[str, str]) -> Answer:
        """With `state` as it came, and `iss` in every answer (RFC 9207 §2)."""
        state = {"state": back.state} if back.state else {}
        return Answer(back, {**parameters, **state, "iss": self._issuer})


def _person(actor: Actor, seat: Seat, client: Client) -> Actor:
    return Actor.account(
        seat.account.id,
        session_id=seat.session.id,
        client_id=client.client_id,
        origin=actor.origin,
    )


def _as_page(refusal: OAuthRefusal) -> UnusableReturnAddress:
    return UnusableReturnAddress(refusal.detail, values={"why": refusal.description})

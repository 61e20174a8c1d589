"""Asking for somebody.

1. The client proves itself, and is registered for this grant.
2. It names one person, by username, proven mail address or an ID token that it was given. Wrong
   names are counted, and so are requests for one person.
3. The person is mailed, where their address is proven, and answers on a page of ours: `answering`.
4. The client asks for its tokens: see `grants/polled.py`; in ping mode it is told when.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portero.core.accounts import store as account_store
from portero.core.accounts.flows import find_identified
from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.clients import Client
from portero.core.limits import LimitPolicy, Limits, OverLimit
from portero.core.notices import Notice, Notices, NoticeTemplate
from portero.core.provider.ciba import rules, store
from portero.core.provider.ciba.events import CibaAskedFor, CibaLimited
from portero.core.provider.ciba.model import CibaRequest, CibaStarted
from portero.core.provider.ciba.pings import Pings
from portero.core.provider.client_auth import ClientAuth
from portero.core.provider.hints import IdTokenHints
from portero.core.provider.model import Binding, ClientCall
from portero.core.provider.polling import RequestState
from portero.core.provider.polling.rules import INTERVAL_SECONDS
from portero.core.provider.subjects import Subjects
from portero.core.provider.token_endpoint import acting
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.refusals import Refusal
from portero.kit.secrets import Secret, fingerprint
from portero.protocol.oauth.authorization_request import Rules
from portero.protocol.oauth.errors import AccessDenied, UnauthorizedClient, UnknownUserId
from portero.protocol.oauth.metadata_policy import GrantType
from portero.protocol.oidc.backchannel_authentication import (
    BackchannelRequest,
    read_backchannel_request,
)


@dataclass(frozen=True, slots=True)
class _Hinted:
    """The subject of an ID token, and the account that it is traced to, '' for none."""

    subject: str
    account_id: str


class CibaAsking:
    """`rules_of` says what a client may ask for; `page` is the URL where people answer."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        limits: Limits,
        notices: Notices,
        client_auth: ClientAuth,
        hints: IdTokenHints,
        subjects: Subjects,
        pings: Pings,
        rules_of: Callable[[Client], Rules],
        binding_of: Callable[[ClientCall, Client], Binding],
        page: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._limits = limits
        self._notices = notices
        self._client_auth = client_auth
        self._hints = hints
        self._subjects = subjects
        self._pings = pings
        self._rules_of = rules_of
        self._binding_of = binding_of
        self._page = page

    def begin(self, call: ClientCall) -> CibaStarted:
        """The application's request (CIBA §7.1); raises `OAuthRefusal` and `OverLimit`."""
        client = self._client_auth.authenticate(call)
        if GrantType.CIBA not in client.metadata.grant_types:
            raise UnauthorizedClient("not registered for the CIBA grant")
        asked = read_backchannel_request(
            call.form, client=client.metadata, rules=self._rules_of(client)
        )
        hinted = self._hinted(client, asked)
        binding = self._binding_of(call, client) if call.proofs else Binding()
        auth_req_id, now = self._dice.token(), self._clock.now()
        draft = self._draft(client, asked, binding, auth_req_id, now)
        actor = acting(call.actor, client)

        def unit(tx: Tx) -> Refusal | None:
            account = self._meant_in(tx, actor, client, asked, hinted, now)
            if isinstance(account, Refusal):
                return account
            request = replace(draft, account_id=account.id)
            store.requests.add(tx, request, {"request_hash": fingerprint(auth_req_id)})
            mailed = self._mail_in(tx, client, account, request, now)
            event = CibaAskedFor(
                account_id=account.id,
                client_id=client.client_id,
                scope=request.scope,
                mailed=mailed,
            )
            self._audit.record(tx, actor, now, event)
            return None

        refusal = self._db.write(unit)
        if refusal is not None:
            raise refusal
        lifetime = int((draft.expires_at - now).total_seconds())
        return CibaStarted(Secret(auth_req_id), lifetime, INTERVAL_SECONDS)

    def _hinted(self, client: Client, asked: BackchannelRequest) -> _Hinted | None:
        """Whom an ID token is about that was issued to this client; None for another hint. Raises
        `InvalidRequest` for any other token."""
        if not asked.id_token_hint:
            return None
        subject = str(self._hints.read_own(asked.id_token_hint, client)["sub"])
        return _Hinted(subject, self._subjects.account_of(subject))

    def _draft(
        self,
        client: Client,
        asked: BackchannelRequest,
        binding: Binding,
        auth_req_id: str,
        now: datetime,
    ) -> CibaRequest:
        """The request but for whom it is meant."""
        request_id = self._dice.new_id()
        lifetime = asked.lifetime_seconds or rules.LIFETIME_SECONDS
        return CibaRequest(
            id=request_id,
            client_id=client.client_id,
            scope=" ".join(asked.scope),
            resources=asked.resources,
            jkt=binding.jkt,
            state=RequestState.PENDING,
            account_id="",
            session_id="",
            grant_id="",
            created_at=now,
            expires_at=now + timedelta(seconds=lifetime),
            binding_message=asked.binding_message,
            acr_values=asked.acr_values,
            details=asked.details,
            ping_sealed=self._pings.sealed(request_id, auth_req_id, asked.notification_token),
        )

    def _meant_in(
        self,
        tx: Tx,
        actor: Actor,
        client: Client,
        asked: BackchannelRequest,
        hinted: _Hinted | None,
        now: datetime,
    ) -> Account | Refusal:
        """Whom the request is for, and that it may be made. A refusal is committed with what was
        counted. One limit after the other: who is over its own must not use up the person's."""
        client_id = client.client_id
        over = self._spent(tx, actor, client, rules.CIBA_UNKNOWN_BY_CLIENT, client_id, now)
        if over is not None:
            return over
        account = self._found_in(tx, client, asked, hinted, now)
        if account is None:
            return UnknownUserId("nobody of that name, address or subject")
        if not account.is_available:
            return AccessDenied(f"{account.id} is {account.state}, or about to be deleted")
        self._limits.give_back(tx, rules.CIBA_UNKNOWN_BY_CLIENT, client_id)
        return (
            self._spent(tx, actor, client, rules.CIBA_BY_CLIENT, f"{client_id}\0{account.id}", now)
            or self._spent(tx, actor, client, rules.CIBA_BY_ACCOUNT, account.id, now)
            or account
        )

    def _found_in(
        self,
        tx: Tx,
        client: Client,
        asked: BackchannelRequest,
        hinted: _Hinted | None,
        now: datetime,
    ) -> Account | None:
        if hinted is None:
            return find_identified(tx, asked.login_hint)
        account = account_store.find(tx, hinted.account_id)
        if account is None:
            return None
        # A client whose ID tokens are made with its own secret can make one itself, with the name
        # that another client has for somebody: it would learn that both names are one person.
        known_as = self._subjects.subject_in(tx, client, account.id, now=now)
        return account if known_as == hinted.subject else None

    def _spent(
        self, tx: Tx, actor: Actor, client: Client, policy: LimitPolicy, subject: str, now: datetime
    ) -> OverLimit | None:
        over = self._limits.spend(tx, policy, subject, now=now)
        if over is not None and over.is_first:
            limited = CibaLimited(client_id=client.client_id, limit=over.limit)
            self._audit.record(tx, actor, now, limited)
        return over

    def _mail_in(
        self, tx: Tx, client: Client, account: Account, request: CibaRequest, now: datetime
    ) -> bool:
        """Tell the person, at an address that is proven: another may be a stranger's."""
        if not account.email_verified:
            return False
        lifetime = int((request.expires_at - now).total_seconds())
        values = {
            "link": self._page,
            "username": account.username,
            "client_name": client.name_in(account.locale),
            "binding_message": request.binding_message,
            "lifetime_seconds": str(lifetime),
        }
        notice = Notice(NoticeTemplate.SIGN_IN_ASKED, account.email, account.locale, values)
        self._notices.send_in(tx, notice, now)
        return True

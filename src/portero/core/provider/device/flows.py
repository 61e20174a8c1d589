"""Beginning at a device, looking at a typed code, and deciding.

1. The device is a client like any other at the token endpoint, registered for this grant.
2. A person who is signed in types the code. Each wrong one is counted, for the account, for the
   address and for everybody together.
3. The person is shown who asks for what, and decides: the first decision counts, for the session
   that it was made in.
4. The device is given its tokens: see `grants/device_code.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final

from portero.core.audit import Actor, AuditLog
from portero.core.clients import Client, ClientCache
from portero.core.limits import Limits, OverLimit, Volume
from portero.core.provider.client_auth import ClientAuth
from portero.core.provider.device import rules, store
from portero.core.provider.device.errors import UserCodeUnknown
from portero.core.provider.device.events import DeviceApproved, DeviceDenied
from portero.core.provider.device.model import DeviceAsked, DeviceRequest, DeviceStarted
from portero.core.provider.model import Binding, ClientCall
from portero.core.provider.polling import (
    RequestState,
    check_enough,
    decide_in,
    demand_of,
)
from portero.core.provider.polling.rules import INTERVAL_SECONDS
from portero.core.provider.resources import Resources
from portero.core.provider.scopes import Scopes
from portero.core.sessions import Session
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import Secret, fingerprint
from portero.kit.vault import Vault
from portero.protocol.oauth import pkce
from portero.protocol.oauth.authorization_request import read_resources
from portero.protocol.oauth.errors import (
    InvalidAuthorizationDetails,
    InvalidScope,
    UnauthorizedClient,
)
from portero.protocol.oauth.metadata_policy import GrantType
from portero.protocol.oauth.scopes import known_scopes, read_scope

_PURPOSE: Final = "user-code"
# Two codes of 2^34 that are alike: once is luck, four times is a fault.
_ATTEMPTS: Final = 4


class Devices:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        vault: Vault,
        audit: AuditLog,
        limits: Limits,
        volume: Volume,
        client_auth: ClientAuth,
        clients: ClientCache,
        scopes: Scopes,
        resources: Resources,
        binding_of: Callable[[ClientCall, Client], Binding],
        reachable_levels: Collection[str],
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._vault = vault
        self._audit = audit
        self._limits = limits
        self._volume = volume
        self._client_auth = client_auth
        self._clients = clients
        self._scopes = scopes
        self._resources = resources
        self._binding_of = binding_of
        self._reachable_levels = tuple(reachable_levels)

    def begin(self, call: ClientCall) -> DeviceStarted:
        """The device's request (RFC 8628 §3.1); raises `OAuthRefusal` and `OverLimit`."""
        client = self._client_auth.authenticate(call)
        if GrantType.DEVICE_CODE not in client.metadata.grant_types:
            raise UnauthorizedClient("not registered for the device grant")
        device_code, now = self._dice.token(), self._clock.now()
        request = self._read(call, client, now)
        if client.metadata.is_public:
            self._count(call.actor.origin.address, now)
        else:
            self._volume.spend(rules.DEVICE_BY_CLIENT, client.client_id)
        for _ in range(_ATTEMPTS):
            code = rules.made_of(self._dice.token())
            if self._add(request, device_code, code):
                return DeviceStarted(
                    Secret(device_code),
                    rules.shown(code),
                    rules.LIFETIME_SECONDS,
                    INTERVAL_SECONDS,
                )
        raise RuntimeError("no user code is free")

    def look(self, actor: Actor, session: Session, typed: str) -> DeviceAsked:
        """What is behind a typed code, for somebody who is signed in. Raises `UserCodeUnknown`,
        `FreshSignInNeeded` and `OverLimit`."""
        now = self._clock.now()
        outcome = self._db.write(lambda tx: self._found_in(tx, actor, session, typed, now))
        if isinstance(outcome, OverLimit):
            raise outcome
        return self._asked(outcome, session, typed, now)

    def decide(self, actor: Actor, session: Session, typed: str, *, agreed: bool) -> DeviceAsked:
        """The person's answer; raises as `look` does, also when it was decided meanwhile."""
        asked = self.look(actor, session, typed)
        now = self._clock.now()
        macs = self._macs(typed)

        def unit(tx: Tx) -> bool:
            request = store.find_pending(tx, macs, now=now)
            if request is None or not decide_in(
                tx, store.requests, request, session, agreed=agreed, now=now
            ):
                return False
            kind = DeviceApproved if agreed else DeviceDenied
            event = kind(
                account_id=session.account_id,
                session_id=session.id,
                client_id=request.client_id,
                scope=request.scope,
            )
            self._audit.record(tx, actor, now, event)
            return True

        if not self._db.write(unit):
            raise UserCodeUnknown("decided meanwhile")
        return asked

    def _read(self, call: ClientCall, client: Client, now: datetime) -> DeviceRequest:
        form = call.form
        if "authorization_details" in form:
            raise InvalidAuthorizationDetails("A device can not ask for authorization_details.")
        named = read_scope(form.get("scope"))
        scope = (
            known_scopes(named, allowed=self._scopes.open_to(client))
            if named
            else self._scopes.default_of(client)
        )
        if not scope:
            raise InvalidScope("none was asked for, and the client registered none")
        resources = read_resources(form.each("resource"), allowed=self._resources.open_to(client))
        binding = self._binding_of(call, client) if call.proofs else Binding()
        return DeviceRequest(
            id=self._dice.new_id(),
            client_id=client.client_id,
            scope=" ".join(scope),
            resources=resources,
            code_challenge=pkce.checked_challenge(
                form.get("code_challenge"), form.get("code_challenge_method"), required=False
            ),
            jkt=binding.jkt,
            state=RequestState.PENDING,
            account_id="",
            session_id="",
            grant_id="",
            created_at=now,
            expires_at=now + timedelta(seconds=rules.LIFETIME_SECONDS),
        )

    def _add(self, request: DeviceRequest, device_code: str, user_code: str) -> bool:
        mac = self._vault.mac(_PURPOSE, user_code)
        return self._db.write(
            lambda tx: store.add(
                tx,
                request,
                device_hash=fingerprint(device_code),
                user_code_mac=mac,
            )
        )

    def _macs(self, typed: str) -> tuple[str, ...]:
        """Under each configured SECRET_KEY: its rotation costs nobody the code on the screen."""
        code = rules.typed(typed)
        return self._vault.macs(_PURPOSE, code) if code else ()

    def _found_in(
        self, tx: Tx, actor: Actor, session: Session, typed: str, now: datetime
    ) -> DeviceRequest | OverLimit | None:
        """Count a try and look; a right one is given back."""
        tries = (
            (rules.USER_CODE_BY_ACCOUNT, session.account_id),
            (rules.USER_CODE_BY_ADDRESS, actor.origin.address),
            (rules.USER_CODE_EVERYWHERE, ""),
        )
        over = self._limits.spend_each(tx, *tries, now=now)
        if over is not None:
            return over
        macs = self._macs(typed)
        request = store.find_pending(tx, macs, now=now) if macs else None
        if request is not None:
            for policy, subject in tries:
                self._limits.give_back(tx, policy, subject)
        return request

    def _asked(
        self, request: DeviceRequest | None, session: Session, typed: str, now: datetime
    ) -> DeviceAsked:
        client = self._clients.find(request.client_id) if request is not None else None
        if request is None or client is None or not client.is_active:
            raise UserCodeUnknown("no such code, or its client is disabled")
        demand = demand_of(request, client, reachable=self._reachable_levels)
        check_enough(session, demand, now)
        return DeviceAsked(
            client, read_scope(request.scope), request.resources, rules.shown(rules.typed(typed))
        )

    def _count(self, address: str, now: datetime) -> None:
        over = self._db.write(
            lambda tx: self._limits.spend(tx, rules.DEVICE_BY_ADDRESS, address, now=now)
        )
        if over is not None:
            raise over

"""Enrolling a browser that takes messages, and asking the enrolled ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portero.core.accounts import store as account_store
from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import Authenticators, Evidence, FactorKind, Given
from portero.core.authenticators import store as authenticator_store
from portero.core.factors.push import rules, store
from portero.core.factors.push.errors import (
    AlreadyEnrolled,
    NoDeviceToAsk,
    SubscriptionRefused,
    TooManyDevices,
)
from portero.core.factors.push.events import PushSent
from portero.core.factors.push.keys import VapidKeys
from portero.core.factors.push.model import Device, Purpose, Question, Subscription
from portero.core.factors.push.numbers import Numbers
from portero.core.factors.push.sealing import Sealing
from portero.core.factors.push.sending import PUSH_MESSAGE
from portero.core.limits import Limits
from portero.core.outbox import Outbox
from portero.kit.db import Database, Tx
from portero.kit.devices import device_of
from portero.kit.ports import Clock, Dice
from portero.kit.refusals import Refusal
from portero.kit.secrets import fingerprint


@dataclass(frozen=True, slots=True)
class PushFactor:
    """A `SecondFactor` and an `Enrollable` that is answered elsewhere."""

    db: Database
    clock: Clock
    dice: Dice
    audit: AuditLog
    limits: Limits
    outbox: Outbox
    authenticators: Authenticators
    keys: VapidKeys
    sealing: Sealing
    numbers: Numbers
    services: rules.PushServices

    @property
    def kind(self) -> FactorKind:
        return FactorKind.PUSH

    # --- proving ------------------------------------------------------------------------------

    def begin(self, actor: Actor, account: Account, subject: str) -> Mapping[str, Any]:
        """`ask`, in a browser that the account does not know."""
        return self.ask(actor, account, subject, budget=account.id)

    def ask(
        self, actor: Actor, account: Account, subject: str, *, budget: str
    ) -> Mapping[str, Any]:
        """Ask every device of the account. `number` is what has to be given there, `expires_at`
        when the question ends. Raises `NoDeviceToAsk`, `OverLimit`."""

        def devices_in(tx: Tx) -> list[Device] | Refusal:
            found = store.devices_of(tx, account.id)
            return found or NoDeviceToAsk(f"{account.id} has no device that takes messages")

        asked = self._asked(actor, account.id, subject, Purpose.PROVE, devices_in, budget=budget)
        return self._shown(asked)

    def prove_in(
        self, tx: Tx, account_id: str, subject: str, given: Given, *, now: datetime
    ) -> Evidence | None:
        taken = store.take_approved(tx, account_id, Purpose.PROVE, subject, now=now)
        by = taken.answered_by if taken is not None else None
        # A device that was removed since it answered proves nothing.
        if by is None or authenticator_store.find(tx, account_id, by) is None:
            return None
        authenticator_store.touch(tx, by, now=now)
        return _evidence(by)

    def waiting(
        self, account_id: str, subject: str, *, enrols: bool = False
    ) -> Mapping[str, Any] | None:
        """What the person is shown while nobody has answered; None when there is nothing (more) to
        wait for."""
        now, purpose = self.clock.now(), Purpose.ENROL if enrols else Purpose.PROVE
        found = self.db.read(lambda tx: store.find_of(tx, account_id, purpose))
        if found is None or found.subject != subject or not rules.waits(found, now):
            return None
        return self._shown(found)

    # --- enrolling ----------------------------------------------------------------------------

    def begin_enrolment(self, actor: Actor, account: Account, subject: str) -> Mapping[str, Any]:
        """`public_key` is what the browser has to subscribe with."""
        return {"public_key": self.keys.public()}

    def offer(
        self, actor: Actor, account: Account, subject: str, given: Given
    ) -> Mapping[str, Any]:
        """Ask the browser that has subscribed: it counts when the answer has come. Raises
        `SubscriptionRefused`, `AlreadyEnrolled`, `TooManyDevices`, `OverLimit`."""
        try:
            subscription = Subscription.read(given.credential or {})
        except ValueError as error:
            raise SubscriptionRefused(str(error)) from None
        if not self.services.serves(subscription.endpoint):
            raise SubscriptionRefused("at a push service that is not called")

        def nothing_against_it_in(tx: Tx) -> list[Device] | Refusal:
            refusal = self._refusal_in(tx, account.id, subscription)
            return [] if refusal is None else refusal

        asked = self._asked(
            actor,
            account.id,
            subject,
            Purpose.ENROL,
            nothing_against_it_in,
            subscription,
            budget=account.id,
        )
        return {"public_key": self.keys.public(), "expires_at": asked.expires_at.isoformat()}

    def enrol_in(
        self,
        tx: Tx,
        actor: Actor,
        account_id: str,
        subject: str,
        given: Given,
        *,
        name: str,
        now: datetime,
    ) -> Evidence | None:
        account_store.hold(tx, account_id)
        taken = store.take_approved(tx, account_id, Purpose.ENROL, subject, now=now)
        if taken is None:
            return None
        subscription = self.sealing.open_question(taken)
        if self._refusal_in(tx, account_id, subscription) is not None:
            return None  # another tab was quicker
        called = name.strip() or _name_of(taken.user_agent)
        made = self.authenticators.add_in(tx, actor, account_id, self.kind, called, now=now)
        device = self.sealing.device(made.id, subscription)
        store.add_device(tx, account_id, device, endpoint_hash=fingerprint(subscription.endpoint))
        return _evidence(made.id)

    def _refusal_in(self, tx: Tx, account_id: str, subscription: Subscription) -> Refusal | None:
        if store.has_endpoint(tx, account_id, fingerprint(subscription.endpoint)):
            return AlreadyEnrolled("the same endpoint")
        if len(store.devices_of(tx, account_id)) >= rules.MOST_DEVICES:
            return TooManyDevices(f"{rules.MOST_DEVICES} already")
        return None

    # --- asking -------------------------------------------------------------------------------

    def _asked(
        self,
        actor: Actor,
        account_id: str,
        subject: str,
        purpose: Purpose,
        devices_in: Callable[[Tx], list[Device] | Refusal],
        subscription: Subscription | None = None,
        *,
        budget: str,
    ) -> Question:
        """The question that was put, or the one that was within the last minute. Raises what
        `devices_in` answers with, and `OverLimit`."""
        now, request_id = self.clock.now(), self.dice.new_id()
        question = Question(
            request_id,
            purpose,
            account_id,
            subject,
            self.sealing.seal_question(request_id, subscription) if subscription else "",
            actor.origin.user_agent[:512].replace("\0", ""),
            actor.origin.address[:64],
            now,
            now + rules.LIFETIME,
        )

        def unit(tx: Tx) -> Question | Refusal:
            # Of two at once the second sees the first one's question.
            account_store.hold(tx, account_id)
            before = store.find_of(tx, account_id, purpose)
            told_again = before is not None and rules.is_told_again(before, subject, now)
            if before is not None and told_again and purpose is Purpose.PROVE:
                return before
            devices = devices_in(tx)
            if isinstance(devices, Refusal):
                return devices
            enrols = purpose is Purpose.ENROL
            policy = rules.PUSH_ENROLMENTS if enrols else rules.PUSH_BY_ACCOUNT
            over = self.limits.spend(tx, policy, budget, now=now)
            if over is not None:
                return over
            store.put(tx, question)
            ids: list[str | None] = [each.authenticator_id for each in devices]
            ids = ids or [None]  # the browser that is to be enrolled
            for each in ids:
                self._send_in(tx, question, each, now)
            event = PushSent(
                account_id=account_id, factor=self.kind, purpose=purpose, devices=len(ids)
            )
            self.audit.record(tx, actor, now, event)
            return question

        put = self.db.write(unit)
        if isinstance(put, Refusal):
            raise put
        return put

    def _send_in(
        self, tx: Tx, question: Question, authenticator_id: str | None, now: datetime
    ) -> None:
        """Each device has a secret of its own, so that it is known who answered."""
        secret = self.dice.token()
        store.add_secret(tx, fingerprint(secret), question.id, authenticator_id)
        job = {
            "request_id": question.id,
            "authenticator_id": authenticator_id or "",
            "secret": secret,
        }
        self.outbox.enqueue(tx, PUSH_MESSAGE, job, now=now)

    def _shown(self, question: Question) -> Mapping[str, Any]:
        ends_at = question.expires_at.isoformat()
        if question.purpose is Purpose.ENROL:
            return {"public_key": self.keys.public(), "expires_at": ends_at}
        return {"number": self.numbers.of(question), "expires_at": ends_at}


def _evidence(authenticator_id: str) -> Evidence:
    # RFC 8176 §2: something was given on one screen that another one showed.
    return Evidence(authenticator_id, amr=("mca",), acr="aal2")


def _name_of(user_agent: str) -> str:
    """As “Firefox, Android”: names and no words, so it needs no language."""
    device = device_of(user_agent)
    return ", ".join(part for part in (device.browser, device.system) if part)

"""From the outbox to a browser's push service. Nobody who signs in waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from portero.core.accounts import store as account_store
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import FactorKind
from portero.core.factors.push import rules, store
from portero.core.factors.push.events import PushUnreachable
from portero.core.factors.push.keys import VapidKeys
from portero.core.factors.push.model import Device, PushMessage, Question, Subscription
from portero.core.factors.push.ports import Messenger, SubscriptionGone
from portero.core.factors.push.sealing import Sealing
from portero.core.notices import NoticeTemplate
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock

# The kind of the outbox job.
PUSH_MESSAGE: Final = "push_message"


@dataclass(frozen=True, slots=True)
class PushSending:
    db: Database
    clock: Clock
    audit: AuditLog
    owner: OwnerTold
    keys: VapidKeys
    sealing: Sealing
    messenger: Messenger

    def deliver(self, payload: Mapping[str, object]) -> None:
        """Deliver a `PUSH_MESSAGE` job; nothing, where the question is over or the device gone."""
        now = self.clock.now()
        request_id, device_id = str(payload["request_id"]), str(payload["authenticator_id"])

        def look(tx: Tx) -> tuple[Question, Device | None, str] | None:
            question = store.find(tx, request_id)
            if question is None or not rules.waits(question, now):
                return None
            account = account_store.find(tx, question.account_id)
            found = store.find_device(tx, device_id) if device_id else None
            if account is None or (device_id and found is None):
                return None
            return question, found[1] if found else None, account.locale

        looked = self.db.read(look)
        if looked is None:
            return
        question, device, locale = looked
        message = PushMessage(
            subscription=self._subscription(question, device),
            secret=str(payload["secret"]),
            purpose=question.purpose,
            locale=locale,
            ttl_seconds=max(1, int((question.expires_at - now).total_seconds())),
        )
        try:
            self.messenger.send(message, key=self.keys.key(), now=now)
        except SubscriptionGone:
            self.db.write(lambda tx: self._gone_in(tx, question, device))

    def _subscription(self, question: Question, device: Device | None) -> Subscription:
        if device is None:
            return self.sealing.open_question(question)
        return self.sealing.open_device(device)

    def _gone_in(self, tx: Tx, question: Question, device: Device | None) -> None:
        """The browser takes no messages any more. What was enrolled stays on the list: if it went
        with its subscription, the password alone would open the account from now on, and nobody had
        decided that."""
        now, account_id = self.clock.now(), question.account_id
        if device is None:
            store.drop(tx, question.id)
            return
        if not store.drop_device(tx, device):
            return
        event = PushUnreachable(
            account_id=account_id,
            factor=FactorKind.PUSH,
            authenticator_id=device.authenticator_id,
        )
        self.audit.record(tx, Actor.system(), now, event)
        self.owner.tell_in(tx, account_id, NoticeTemplate.PUSH_UNREACHABLE, {}, now=now)

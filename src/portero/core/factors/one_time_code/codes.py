"""Sending a code, and spending one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.factors.one_time_code import rules, store
from portero.core.factors.one_time_code.channels import Channel
from portero.core.factors.one_time_code.events import CodeSent
from portero.core.factors.one_time_code.model import CodePurpose, CodeSubject, KeptCode
from portero.core.limits import Limits, OverLimit
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import same_secret
from portero.kit.vault import Vault

_PURPOSE: Final = "one-time-code"


@dataclass(frozen=True, slots=True)
class Codes:
    db: Database
    clock: Clock
    dice: Dice
    vault: Vault
    audit: AuditLog
    limits: Limits

    def send(
        self, actor: Actor, channel: Channel, account: Account, purpose: CodePurpose, subject: str,
        address: str,
    ) -> datetime:  # fmt: skip
        """Queue a code, unless one was within the last minute; until when it is good. Raises
        `OverLimit`, `NumberNotServed`."""
        channel.check(address)
        now = self.clock.now()
        about = CodeSubject(purpose, subject, account.id, address)
        sent = self.db.write(lambda tx: self._send_in(tx, actor, channel, account, about, now))
        if isinstance(sent, OverLimit):
            raise sent
        return sent

    def _send_in(
        self, tx: Tx, actor: Actor, channel: Channel, account: Account, about: CodeSubject,
        now: datetime,
    ) -> datetime | OverLimit:  # fmt: skip
        sent_after = now - rules.SENT_AGAIN_AFTER
        before = store.find_sent(tx, about, after=sent_after)
        if before is not None:
            return before.expires_at
        client_address = actor.origin.address
        over = self.limits.spend_each(
            tx,
            (rules.CODES_BY_ADDRESS, client_address),
            (rules.CODES_BY_ACCOUNT, about.account_id),
            (rules.CODES_BY_RECIPIENT, about.address),
            *channel.limits(client_address),
            now=now,
        )
        if over is not None:
            return over
        code, code_id = rules.code_of(self.dice.token()), self.dice.new_id()
        kept = KeptCode(
            code_id,
            about,
            self.vault.mac(_PURPOSE, *_bound(code_id, about), code),
            rules.TRIES,
            now,
            now + rules.LIFETIME,
        )
        if store.put(tx, kept, unless_sent_after=sent_after):
            channel.send_in(tx, account, about.address, code, now=now)
            event = CodeSent(account_id=account.id, factor=channel.kind, purpose=about.purpose)
            self.audit.record(tx, actor, now, event)
        return kept.expires_at

    def spend_in(
        self, tx: Tx, purpose: CodePurpose, subject: str, typed: str, *, now: datetime
    ) -> CodeSubject | None:
        """Count a try, and spend the code if it is the right one: what it was bound to. The
        transaction has to be committed in either case."""
        code = rules.typed_code(typed)
        kept = store.spend_try(tx, purpose, subject, now=now) if code else None
        if kept is None:
            return None
        macs = self.vault.macs(_PURPOSE, *_bound(kept.id, kept.about), code)
        if not any(same_secret(mac, kept.code_mac) for mac in macs):
            return None
        return kept.about if store.take(tx, kept.id) else None


def _bound(code_id: str, about: CodeSubject) -> tuple[str, ...]:
    return (code_id, about.purpose, about.subject, about.account_id, about.address)

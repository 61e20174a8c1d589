"""Sending a code, and spending one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.factors.one_time_code import rules, store
from portero.core.factors.one_time_code.channels import Channel
from portero.core.factors.one_time_code.events import CodeSent
from portero.core.factors.one_time_code.model import (
    CodePurpose,
    CodeSubject,
    KeptCode,
    MadeCode,
)
from portero.core.limits import Limits, OverLimit
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import same_secret
from portero.kit.vault import Vault

_PURPOSE: Final = "one-time-code"
_LINK_PURPOSE: Final = "one-time-code-link"


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
        tries = (
            (rules.CODES_BY_ADDRESS, client_address),
            (rules.CODES_BY_ACCOUNT, about.account_id),
            (rules.CODES_BY_RECIPIENT, about.address),
            *channel.limits(client_address),
        )
        over = self.limits.spend_each(tx, *tries, now=now)
        if over is not None:
            return over
        made = self.make_in(tx, about, lifetime=rules.LIFETIME, now=now)
        if made is None:  # by another tab, just now: this one sends nothing
            for policy, subject in tries:
                self.limits.give_back(tx, policy, subject)
            return now + rules.LIFETIME
        channel.send_in(tx, account, about.address, made.code, now=now)
        event = CodeSent(account_id=account.id, factor=channel.kind, purpose=about.purpose)
        self.audit.record(tx, actor, now, event)
        return made.expires_at

    def make_in(
        self, tx: Tx, about: CodeSubject, *, lifetime: timedelta, now: datetime
    ) -> MadeCode | None:
        """A code in place of the one before, which its caller sends; None when that one was made
        within the last minute."""
        code, code_id = rules.code_of(self.dice.token()), self.dice.new_id()
        kept = KeptCode(
            code_id,
            about,
            self.vault.mac(_PURPOSE, *_bound(code_id, about), code),
            rules.TRIES,
            now,
            now + lifetime,
        )
        if not store.put(tx, kept, unless_sent_after=now - rules.SENT_AGAIN_AFTER):
            return None
        return MadeCode(code, self._link_tokens(kept)[0], kept.expires_at)

    def find_in(
        self, tx: Tx, purpose: CodePurpose, subject: str, *, now: datetime
    ) -> CodeSubject | None:
        """What the live code of that subject is bound to. Counts and spends nothing."""
        kept = store.find_live(tx, purpose, subject, now=now)
        return None if kept is None else kept.about

    def find_by_link_in(
        self, tx: Tx, purpose: CodePurpose, subject: str, token: str, *, now: datetime
    ) -> CodeSubject | None:
        """The same for whoever has the link."""
        kept = self._of_link(tx, purpose, subject, token, now)
        return None if kept is None else kept.about

    def spend_by_link_in(
        self, tx: Tx, purpose: CodePurpose, subject: str, token: str, *, now: datetime
    ) -> CodeSubject | None:
        """Spend the code by the link that was sent with it. No try is counted."""
        kept = self._of_link(tx, purpose, subject, token, now)
        return kept.about if kept is not None and store.take(tx, kept.id) else None

    def _of_link(
        self, tx: Tx, purpose: CodePurpose, subject: str, token: str, now: datetime
    ) -> KeptCode | None:
        kept = store.find_live(tx, purpose, subject, now=now)
        if kept is None or not any(same_secret(token, each) for each in self._link_tokens(kept)):
            return None
        return kept

    def _link_tokens(self, kept: KeptCode) -> tuple[str, ...]:
        return self.vault.macs(_LINK_PURPOSE, *_bound(kept.id, kept.about))

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

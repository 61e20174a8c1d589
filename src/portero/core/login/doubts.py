"""Judging a sign-in, once, when its first proof is right: before that, a stranger could learn from
the answer what an account's usual places are.

1. What is known: the device, the last sign-ins, whether stolen passwords are tried here.
2. What the operator's rules make of it (`core/risk`).
3. The trace in the audit, and the mail to the owner, in the transaction of the proof.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from portero.core.accounts.model import Account
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.audit import store as audit_store
from portero.core.devices import KnownDevices
from portero.core.limits import Limits
from portero.core.login import rules, store
from portero.core.login.events import AccountFrozen, EmailMoveUndone
from portero.core.login.model import Facts, InBrowser, SignInPolicy
from portero.core.notices import NoticeTemplate
from portero.core.risk import Answer, Judge, Known, Seen, Verdict
from portero.core.risk.events import judged
from portero.core.sessions import EndReason
from portero.core.stuffing import StuffingAlarm
from portero.kit.db import Tx

USUAL: Final = Verdict()
# A month of a person who signs in every day; and of whoever comes seldom, no more than an attack
# of two months can have added to her entries.
_MOST_LOOKED_AT: Final = 30
# How a session ended is to be known for as long (`background.py`).
LONGEST_AGO: Final = timedelta(days=60)
# A session that ended so may have been a thief's: it makes no place usual. One that ended with all
# others does: else whoever can sign her out everywhere takes the owner's places from her.
_NOT_THE_OWNERS: Final = (EndReason.REVOKED, EndReason.REPLAYED)
# What says since when somebody else may have been in, however those sessions ended.
_NOT_ME: Final = (AccountFrozen.kind, EmailMoveUndone.kind)


@dataclass(frozen=True, slots=True)
class Doubts:
    audit: AuditLog
    limits: Limits
    devices: KnownDevices
    stuffing: StuffingAlarm
    judge: Judge
    owner: OwnerTold

    def weigh_in(
        self,
        tx: Tx,
        actor: Actor,
        facts: Facts,
        policy: SignInPolicy,
        in_browser: InBrowser | None,
        *,
        now: datetime,
    ) -> Verdict:
        """What comes of the sign-in; nothing is asked where no rule can change anything."""
        if not self.judge.is_asked:
            return USUAL
        account_id = facts.account.id
        since = now - LONGEST_AGO
        earlier = _earlier_in(tx, account_id, since)
        # Without a browser nothing can be known: else that face would be the way past this signal.
        devices = in_browser.devices if in_browser else ""
        known = Known(
            now=now,
            address=actor.origin.address,
            device_known=self.devices.knows_in(tx, account_id, devices),
            stuffing=self.stuffing.is_on,
            earlier=earlier,
            is_lost=not earlier and bool(store.list_starts(tx, account_id, since=since, limit=1)),
        )
        observed = self.judge.observe(known)
        second = rules.second_of(facts, policy)
        verdict = self.judge.verdict(observed, second)
        # Where the mail is one too many, that of the new browser is not held back for it.
        is_told = verdict.is_told and self._tell_in(tx, actor, facts.account, verdict, now)
        factor = facts.proven.factor
        trace = judged(account_id, factor, observed, second, verdict, told=is_told)
        self.audit.record(tx, actor, now, trace)
        return replace(verdict, is_told=is_told)

    def _tell_in(
        self, tx: Tx, actor: Actor, account: Account, verdict: Verdict, now: datetime
    ) -> bool:
        """Few a day: whoever has the password could fill its owner's mailbox. Whether it was."""
        if not account.email_verified:
            return False
        if self.limits.spend(tx, rules.DOUBT_MAIL_BY_ACCOUNT, account.id, now=now) is not None:
            return False
        template = NoticeTemplate.UNUSUAL_SIGN_IN
        if verdict.answer is Answer.DENY:
            template = NoticeTemplate.SIGN_IN_DENIED
        told = {"user_agent": actor.origin.user_agent[:512]}
        self.owner.tell_account_in(tx, account, template, told, now=now)
        return True


def _earlier_in(tx: Tx, account_id: str, since: datetime) -> list[Seen]:
    """Out of the audit: in a browser that travels one session is proven again and again, and keeps
    its first address."""
    told = audit_store.list_entries(
        tx, kinds=_NOT_ME, account_id=account_id, since=since, limit=_MOST_LOOKED_AT
    )
    started = store.list_starts(
        tx,
        account_id,
        since=since,
        reasons=_NOT_THE_OWNERS,
        spans=[
            (datetime.fromisoformat(str(each.details["since"])), each.at)
            for each in told
            if "since" in each.details  # an older release did not tell
        ],
        limit=_MOST_LOOKED_AT,
    )
    return [Seen(each.at, each.address) for each in started]

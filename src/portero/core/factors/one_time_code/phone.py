"""Proving that a phone number is an account's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portero.core.accounts import store as account_store
from portero.core.accounts.model import Account
from portero.core.accounts.phones import e164
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.factors.one_time_code.channels import Channel
from portero.core.factors.one_time_code.codes import Codes
from portero.core.factors.one_time_code.errors import WrongPhoneCode
from portero.core.factors.one_time_code.events import PhoneVerified
from portero.core.factors.one_time_code.model import CodePurpose
from portero.core.notices import NoticeTemplate
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock


class PhoneProofs:
    """For a page of somebody who is signed in, freshly: a number is a way into accounts elsewhere.

        shown = rooms.phone.ask(actor, account, session.id, typed)     # shown["to"]: "+49 … 12"
        account = rooms.phone.prove(actor, account.id, session.id, typed_code)

    The account keeps the number that it has until the new one is proven. A second factor that was
    enrolled with the old one stays there: see `flows.py`.
    """

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        feed: ChangeFeed,
        codes: Codes,
        channel: Channel,
        owner: OwnerTold,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._feed = feed
        self._codes = codes
        self._channel = channel
        self._owner = owner

    def ask(
        self, actor: Actor, account: Account, session_id: str, number: str
    ) -> Mapping[str, Any]:
        """Send a code to that number, in whatever spelling; `to` is the number, masked, and
        `expires_at` when the code ends. Asked again within a minute nothing is sent again. Raises
        `InvalidPhone` (field `phone`), `NumberNotServed`, `OverLimit`."""
        address = e164(number)
        purpose = CodePurpose.PHONE
        ends_at = self._codes.send(actor, self._channel, account, purpose, session_id, address)
        return {"to": self._channel.masked(address), "expires_at": ends_at.isoformat()}

    def prove(self, actor: Actor, account_id: str, session_id: str, code: str) -> Account:
        """The number that the code was sent to is the account's, proven. Raises `WrongPhoneCode`,
        which spends one of the code's five tries."""
        now = self._clock.now()

        def unit(tx: Tx) -> Account | None:
            known = account_store.hold(tx, account_id)
            spent = self._codes.spend_in(tx, CodePurpose.PHONE, session_id, code, now=now)
            if known is None or spent is None or spent.account_id != account_id:
                return None
            values = {"phone": spent.address, "phone_verified": True}
            account = account_store.change(tx, account_id, values, now=now)
            self._audit.record(tx, actor, now, PhoneVerified(account_id=account_id))
            self._feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account_id)
            if known.phone != spent.address:
                told = NoticeTemplate.PHONE_CHANGED
                self._owner.tell_account_in(tx, known, told, {}, now=now)
            return account

        account = self._db.write(unit)
        if account is None:
            raise WrongPhoneCode("wrong, expired, tried too often, or of another session")
        return account

"""Enrolling a mailbox or a phone as a second factor, and proving that one has it.

An enrolled factor sends to the address that was proven when it was enrolled, whatever the profile
says later: whoever changes a profile does not take over the second factor with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from portero.core.accounts import store as account_store
from portero.core.accounts.model import Account
from portero.core.audit import Actor
from portero.core.authenticators import (
    Authenticators,
    Evidence,
    FactorKind,
    Given,
    NoSuchAuthenticator,
)
from portero.core.authenticators import store as authenticator_store
from portero.core.factors.one_time_code import store
from portero.core.factors.one_time_code.channels import Channel
from portero.core.factors.one_time_code.codes import Codes
from portero.core.factors.one_time_code.model import CodePurpose, EnrolledAddress
from portero.kit.db import Database, Tx
from portero.kit.refusals import Refusal

_PROVES: Final = {
    FactorKind.EMAIL: CodePurpose.PROVE_EMAIL,
    FactorKind.SMS: CodePurpose.PROVE_SMS,
}
_ENROLS: Final = {
    FactorKind.EMAIL: CodePurpose.ENROL_EMAIL,
    FactorKind.SMS: CodePurpose.ENROL_SMS,
}
# A mailbox lifts nothing: SP 800-63B-4 §3.1.3.1 does not count mail as a second channel.
_ACR: Final = {FactorKind.EMAIL: "aal1", FactorKind.SMS: "aal2"}


class CodeFactor:
    """A `SecondFactor` and an `Enrollable`, by one channel. A mailbox that was never enrolled is
    proven too, the account's own: whether it is asked for is the sign-in's to say, and its evidence
    names no authenticator."""

    def __init__(
        self, *, db: Database, codes: Codes, channel: Channel, authenticators: Authenticators
    ) -> None:
        self.kind = channel.kind
        self._db = db
        self._codes = codes
        self._channel = channel
        self._authenticators = authenticators

    def begin(self, actor: Actor, account: Account, subject: str) -> Mapping[str, Any]:
        """`to` is the address, masked; `expires_at` when the code ends."""
        enrolled = self._db.read(lambda tx: store.newest_address(tx, account.id, self.kind))
        if enrolled is None and self.kind is not FactorKind.EMAIL:
            raise NoSuchAuthenticator(f"{account.id} has enrolled no {self.kind}")
        address = enrolled.address if enrolled else self._channel.address_of(account)
        return self._send(actor, account, _PROVES[self.kind], subject, address)

    def prove_in(
        self, tx: Tx, account_id: str, subject: str, given: Given, *, now: datetime
    ) -> Evidence | None:
        spent = self._codes.spend_in(tx, _PROVES[self.kind], subject, given.code, now=now)
        if spent is None or spent.account_id != account_id:
            return None
        enrolled = store.newest_address(tx, account_id, self.kind)
        if enrolled is None and self.kind is FactorKind.EMAIL:
            is_own = self._address_in(tx, account_id) == spent.address
            return self._evidence("") if is_own else None
        if enrolled is None or enrolled.address != spent.address:
            return None  # removed, or another was enrolled, since the code was sent
        authenticator_store.touch(tx, enrolled.authenticator_id, now=now)
        return self._evidence(enrolled.authenticator_id)

    def begin_enrolment(self, actor: Actor, account: Account, subject: str) -> Mapping[str, Any]:
        """The same, to the account's own confirmed address; raises when it has none."""
        address = self._channel.address_of(account)
        return self._send(actor, account, _ENROLS[self.kind], subject, address)

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
        spent = self._codes.spend_in(tx, _ENROLS[self.kind], subject, given.code, now=now)
        if spent is None or spent.account_id != account_id:
            return None
        if self._address_in(tx, account_id) != spent.address:
            return None  # the address was changed since the code was sent
        called = name.strip() or self._channel.masked(spent.address)
        made = self._authenticators.add_in(tx, actor, account_id, self.kind, called, now=now)
        store.add_address(tx, EnrolledAddress(made.id, spent.address))
        return self._evidence(made.id)

    def _address_in(self, tx: Tx, account_id: str) -> str:
        """The account's confirmed address as it is now; '' for none."""
        account = account_store.find(tx, account_id)
        try:
            return "" if account is None else self._channel.address_of(account)
        except Refusal:
            return ""

    def _send(
        self, actor: Actor, account: Account, purpose: CodePurpose, subject: str, address: str
    ) -> Mapping[str, Any]:
        ends_at = self._codes.send(actor, self._channel, account, purpose, subject, address)
        return {"to": self._channel.masked(address), "expires_at": ends_at.isoformat()}

    def _evidence(self, authenticator_id: str) -> Evidence:
        return Evidence(authenticator_id, amr=self._channel.amr, acr=_ACR[self.kind])

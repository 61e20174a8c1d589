"""The two ways that a code can go: by mail, and by text message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from portero.core.accounts.email import MAILS_EVERYWHERE
from portero.core.accounts.model import Account
from portero.core.accounts.phones import country_code
from portero.core.authenticators import FactorKind
from portero.core.factors.one_time_code import rules
from portero.core.factors.one_time_code.errors import (
    NoConfirmedEmail,
    NoConfirmedPhone,
    NumberNotServed,
)
from portero.core.limits import LimitPolicy
from portero.core.notices import CodeText, Notice, Notices, NoticeTemplate
from portero.kit.db import Tx


class Channel(Protocol):
    @property
    def kind(self) -> FactorKind: ...

    @property
    def amr(self) -> tuple[str, ...]:
        """What a code proves (RFC 8176 §2)."""

    def address_of(self, account: Account) -> str:
        """The account's confirmed address; raises the refusal of an account that has none."""

    def check(self, address: str) -> None:
        """Raise `NumberNotServed` for one that nothing is sent to, or not any more."""

    def masked(self, address: str) -> str: ...

    def limits(self, client_address: str) -> tuple[tuple[LimitPolicy, str], ...]:
        """Those of this way alone."""

    def send_in(
        self, tx: Tx, account: Account, address: str, code: str, *, now: datetime
    ) -> None: ...


class MailChannel:
    kind = FactorKind.EMAIL
    # RFC 8176 has no word for a mailbox. `otp` is the code.
    amr = ("otp",)

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    def address_of(self, account: Account) -> str:
        if not account.email_verified:
            raise NoConfirmedEmail(f"{account.id} has proven no mail address")
        return account.email

    def check(self, address: str) -> None:
        """Every mailbox is served."""

    def masked(self, address: str) -> str:
        return rules.masked_email(address)

    def limits(self, client_address: str) -> tuple[tuple[LimitPolicy, str], ...]:
        return ((MAILS_EVERYWHERE, ""),)

    def send_in(self, tx: Tx, account: Account, address: str, code: str, *, now: datetime) -> None:
        values = {
            "code": code,
            "username": account.username,
            "lifetime_seconds": str(int(rules.LIFETIME.total_seconds())),
        }
        notice = Notice(NoticeTemplate.ONE_TIME_CODE, address, account.locale, values)
        self._notices.send_in(tx, notice, now)


class TextChannel:
    """`serves` says whether the operator sends to a number."""

    kind = FactorKind.SMS
    amr = ("sms",)

    def __init__(self, notices: Notices, serves: Callable[[str], bool]) -> None:
        self._notices = notices
        self._serves = serves

    def address_of(self, account: Account) -> str:
        if not account.phone_verified:
            raise NoConfirmedPhone(f"{account.id} has proven no phone number")
        return account.phone

    def check(self, address: str) -> None:
        if not self._serves(address):
            raise NumberNotServed("of another country, or no mobile phone's")

    def masked(self, address: str) -> str:
        return rules.masked_number(address, country_code=country_code(address))

    def limits(self, client_address: str) -> tuple[tuple[LimitPolicy, str], ...]:
        return ((rules.TEXTS_BY_ADDRESS, client_address), (rules.TEXTS_EVERYWHERE, ""))

    def send_in(self, tx: Tx, account: Account, address: str, code: str, *, now: datetime) -> None:
        self._notices.text_in(
            tx, CodeText(address, account.locale, code, now + rules.LIFETIME), now
        )

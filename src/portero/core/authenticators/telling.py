"""Telling the owner that something about the ways to sign in has changed.

Whoever got in may enrol a factor of their own or remove the owner's: the mail is how the owner
hears of it. It goes to a proven address alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portero.core.accounts import store as account_store
from portero.core.notices import Notice, Notices, NoticeTemplate
from portero.kit.db import Tx


@dataclass(frozen=True, slots=True)
class OwnerTold:
    """`security_url` is the page where the owner undoes it."""

    notices: Notices
    security_url: str

    def tell_in(
        self,
        tx: Tx,
        account_id: str,
        template: NoticeTemplate,
        values: Mapping[str, str],
        *,
        now: datetime,
    ) -> None:
        account = account_store.find(tx, account_id)
        if account is None or not account.email_verified:
            return
        named = {"username": account.username, "link": self.security_url, **values}
        self.notices.send_in(tx, Notice(template, account.email, account.locale, named), now)

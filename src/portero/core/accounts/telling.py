"""Telling the owner of an account what happened to it.

Whoever got in may enrol a factor of their own or remove the owner's: the mail is how the owner
hears of it, and its link "it was not me" is how she shuts them out (`core/login/freezing.py`). It
goes to a proven address alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portero.core import links
from portero.core.accounts import store
from portero.core.accounts.model import Account
from portero.core.links import Link, LinkPurpose, LinkUrl
from portero.core.notices import Notice, Notices, NoticeTemplate
from portero.core.notices.model import LINK, NOT_ME, NOT_ME_LIFETIME, USERNAME
from portero.kit.db import Tx
from portero.kit.ports import Dice


@dataclass(frozen=True, slots=True)
class OwnerTold:
    """`security_url` is the page where the owner looks at what is enrolled, and where they are
    signed in."""

    notices: Notices
    dice: Dice
    link_url: LinkUrl
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
        """`tell_account_in`, of an account that is looked up; nothing, where there is none."""
        account = store.find(tx, account_id)
        if account is not None:
            self.tell_account_in(tx, account, template, values, now=now)

    def tell_account_in(
        self,
        tx: Tx,
        account: Account,
        template: NoticeTemplate,
        values: Mapping[str, str],
        *,
        now: datetime,
    ) -> None:
        """Mail it to the proven mailbox, if there is one, with those of the name and the links that
        the template wants and that are not among `values`."""
        if not account.email_verified:
            return
        told = {USERNAME: account.username, **values}
        if LINK in template.required:
            told.setdefault(LINK, self.security_url)
        if NOT_ME in template.required:
            told[NOT_ME] = self._not_me_in(tx, account, template, now)
        self.notices.send_in(tx, Notice(template, account.email, account.locale, told), now)

    def _not_me_in(self, tx: Tx, account: Account, template: NoticeTemplate, now: datetime) -> str:
        """Each mail has a link of its own, which knows what it is about: that of an earlier mail
        still opens, because its reader may read that one first."""
        token = self.dice.token()
        ends_at = now + NOT_ME_LIFETIME
        about = template.label
        link = Link(LinkPurpose.FREEZE, account.id, account.email, now, ends_at, about)
        links.issue(tx, token, link)
        return self.link_url(LinkPurpose.FREEZE, token)

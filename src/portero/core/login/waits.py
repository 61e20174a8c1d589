"""How long what came by mail is not enough where a second factor is, or was (`Facts`)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from portero.core.accounts.model import Account
from portero.core.devices import KnownDevices
from portero.core.factors.password import StoredPassword
from portero.core.login import rules
from portero.core.sessions import Proven
from portero.core.sessions.demand import is_multi_factor
from portero.kit.db import Tx


def mail_counts_from_in(
    known: KnownDevices,
    tx: Tx,
    stored: StoredPassword | None,
    proven: Proven,
    devices: str,
    *,
    now: datetime,
) -> datetime | None:
    """See `Facts`."""
    if stored is None or not _came_by_mail(stored, proven):
        return None
    return _wait_in(known, tx, stored.account_id, stored.changed_at, devices, now=now)


def put_aside_until_in(
    known: KnownDevices,
    tx: Tx,
    account: Account,
    stored: StoredPassword | None,
    proven: Proven,
    devices: str,
    *,
    now: datetime,
) -> datetime | None:
    """See `Facts`."""
    since = account.factors_put_aside_at
    by_mail = proven.factor == rules.MAILBOX or _came_by_mail(stored, proven)
    if since is None or not by_mail:
        return None
    return _wait_in(known, tx, account.id, since, devices, now=now)


def stays_by_mail(stored: StoredPassword, amr: Collection[str], now: datetime) -> bool:
    """Whether a password that somebody who has proven those methods puts in the place of that one
    proves no more than the mailbox: whoever chose it by a mailed link knows it, so knowing it is no
    second proof."""
    is_over = stored.changed_at + rules.MAILBOX_WAIT <= now
    return stored.by_mail and not is_over and not is_multi_factor(amr)


def _wait_in(
    known: KnownDevices, tx: Tx, account_id: str, since: datetime, devices: str, *, now: datetime
) -> datetime | None:
    """When it ends. A browser that the account knew before is something that whoever has only
    the mailbox lacks: there its owner need not wait."""
    ends_at = since + rules.MAILBOX_WAIT
    if ends_at <= now or known.knew_in(tx, account_id, devices, before=since):
        return None
    return ends_at


def _came_by_mail(stored: StoredPassword | None, proven: Proven) -> bool:
    return stored is not None and stored.by_mail and "pwd" in proven.amr

"""Mailed links: spent once, for one purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portero.core import links
from portero.core.links import Link, LinkPurpose, LinkSpent
from portero.kit.db import Database

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RESET = LinkPurpose.RESET_PASSWORD


def issue(db: Database, token: str, purpose: LinkPurpose = RESET, account_id: str = "a") -> Link:
    link = Link(purpose, account_id, "ana@example.org", NOW, NOW + HOUR)
    db.write(lambda tx: links.issue(tx, token, link))
    return link


def redeem(
    db: Database, token: str, purpose: LinkPurpose = RESET, after: timedelta = HOUR / 2
) -> Link:
    return db.write(lambda tx: links.redeem(tx, token, purpose, now=NOW + after))


def test_a_link_is_redeemed_once(db: Database) -> None:
    """And tells what it was issued for; looking does not spend it."""
    link = issue(db, "token")
    for _ in range(2):
        assert db.read(lambda tx: links.find_live(tx, "token", RESET, now=NOW)) == link
    assert redeem(db, "token") == link
    with pytest.raises(LinkSpent):
        redeem(db, "token")
    with pytest.raises(LinkSpent):
        db.read(lambda tx: links.find_live(tx, "token", RESET, now=NOW))


@pytest.mark.parametrize("other", [p for p in LinkPurpose if p is not RESET])
def test_another_purpose_neither_opens_nor_spends_it(db: Database, other: LinkPurpose) -> None:
    """CVE-2026-52809."""
    issue(db, "token")
    with pytest.raises(LinkSpent):
        redeem(db, "token", other)
    assert redeem(db, "token")


def test_a_link_ends_at_its_time(db: Database) -> None:
    """To the microsecond."""
    issue(db, "token")
    with pytest.raises(LinkSpent):
        redeem(db, "token", after=HOUR)
    assert redeem(db, "token", after=HOUR - timedelta(microseconds=1))


def test_withdrawing_ends_one_accounts_links_of_one_purpose(db: Database) -> None:
    """Another purpose and another account keep theirs."""
    issue(db, "mine")
    issue(db, "invite", LinkPurpose.INVITE)
    issue(db, "theirs", account_id="b")
    db.write(lambda tx: links.withdraw(tx, "a", RESET, now=NOW))
    with pytest.raises(LinkSpent):
        redeem(db, "mine")
    assert redeem(db, "theirs")
    assert redeem(db, "invite", LinkPurpose.INVITE)


def test_the_token_itself_is_not_kept(db: Database) -> None:
    """Whoever reads the database can't open an account with it."""
    issue(db, "a-very-secret-token")
    rows = db.read(lambda tx: tx.exec_driver_sql("SELECT * FROM links").all())
    assert rows
    assert "a-very-secret-token" not in str(rows)


def test_what_expired_long_ago_is_forgotten(db: Database) -> None:
    """And only that."""
    issue(db, "token")
    assert db.write(lambda tx: links.purge(tx, before=NOW)) == 0
    assert db.write(lambda tx: links.purge(tx, before=NOW + 2 * HOUR)) == 1

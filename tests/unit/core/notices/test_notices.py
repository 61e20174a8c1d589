"""A notice is complete when it is queued, or it is not queued."""

from __future__ import annotations

import pytest

from portero.core.notices import NOTICE, Notice, Notices, NoticeTemplate
from portero.core.outbox import JOB_ID, QUEUED_AT, Outbox, OutboxWorker
from portero.kit.db import Database
from portero.kit.secrets import Secret
from portero.kit.vault import Vault
from portero.outside.clock import SystemClock, SystemDice

LINK = "https://id.example/reset?token=abc"
RESET = Notice(
    NoticeTemplate.RESET_PASSWORD,
    "ana@example.org",
    "de",
    {"link": LINK, "username": "ana", "lifetime_seconds": "1800"},
)


def without(notice: Notice, name: str) -> Notice:
    values = {key: value for key, value in notice.values.items() if key != name}
    return Notice(notice.template, notice.to, notice.locale, values)


def plus(notice: Notice, **more: str) -> Notice:
    return Notice(notice.template, notice.to, notice.locale, {**notice.values, **more})


def test_arrives_as_sent(db: Database) -> None:
    """What the worker hands to the mail room is the notice that was queued, with its job's id."""
    dice, clock, vault = SystemDice(), SystemClock(), Vault([Secret("a key of these tests")])
    got: list[tuple[Notice, object]] = []
    worker = OutboxWorker(
        db, clock, dice, vault, {NOTICE: lambda p: got.append((Notice.from_payload(p), p[JOB_ID]))}
    )
    notices = Notices(Outbox(dice, vault))
    job_id = db.write(lambda tx: notices.send_in(tx, RESET, clock.now()))
    worker.run_once()
    assert got == [(RESET, job_id)]


@pytest.mark.parametrize(
    ("notice", "why"),
    [
        (without(RESET, "link"), "lacks"),
        (without(RESET, "username"), "lacks"),
        (plus(RESET, colour="red"), "does not know"),
        (plus(RESET, link="javascript:alert(1)"), "link"),
        (plus(RESET, lifetime_seconds="soon"), "lifetime"),
    ],
    ids=["no link", "no username", "unknown value", "no https link", "no number"],
)
def test_incomplete_is_not_queued(db: Database, notice: Notice, why: str) -> None:
    """A mistake of the calling room shows in its own transaction, not later in the worker."""
    notices = Notices(Outbox(SystemDice(), Vault([Secret("a key of these tests")])))
    with pytest.raises(ValueError, match=why):
        db.write(lambda tx: notices.send_in(tx, notice, SystemClock().now()))


def test_optional_value_may_be_left_out() -> None:
    """The lifetime is said only where the caller knows it."""
    without(RESET, "lifetime_seconds").check()


def test_every_template_is_found_by_its_label() -> None:
    """The label in a payload leads back to its template; another label is refused."""
    assert [NoticeTemplate.of(each.label) for each in NoticeTemplate] == list(NoticeTemplate)
    with pytest.raises(ValueError, match="no notice"):
        NoticeTemplate.of("../../etc/passwd")


def test_added_names_do_not_disturb() -> None:
    """The worker's additions to the payload are no values of the notice."""
    payload = {**RESET.to_payload(), JOB_ID: "1", QUEUED_AT: "2026-11-25T09:00:00+00:00"}
    assert Notice.from_payload(payload) == RESET

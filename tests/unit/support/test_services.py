"""The servers that tests lean on are real, and no test sees another's leavings."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa

from portero.kit.db import Database
from tests.support import postgresql
from tests.support.smtp import Mailbox


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_database_of_its_own(db: Database, turn: int) -> None:
    """The same table can be made in each turn: what another test wrote is not there."""
    db.write(lambda tx: tx.execute(sa.text("CREATE TABLE leavings (id INTEGER)")))


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_an_empty_redis(redis_url: str, turn: int) -> None:
    """A key set in one turn is gone in the other."""
    with redis.Redis.from_url(redis_url) as connection:
        assert connection.set("leavings", "1", nx=True)


def test_a_missing_service_fails_and_names_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the program a test fails, here as in CI, and says what to run; it never skips."""
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(pytest.fail.Exception, match="make system-deps"):
        postgresql._binaries()


def test_the_mailbox_keeps_what_it_is_sent(mailbox: Mailbox) -> None:
    """A mail sent by SMTP arrives whole, with the recipients of its envelope."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.test", "b@example.test", "Grüße"
    mail.set_content("Guten Tag")
    with smtplib.SMTP(mailbox.host, mailbox.port) as client:
        client.send_message(mail)
    (delivery,) = mailbox.wait_for(1)
    assert delivery.recipients == ("b@example.test",)
    assert delivery.message["Subject"] == "Grüße"

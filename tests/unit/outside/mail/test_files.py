"""Mails as files: where no mail server is set."""

from __future__ import annotations

import email
import email.policy
import logging
import os
import stat
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from portero.core.outbox import TransientFailure
from portero.outside.mail import FileSender


def message(text: str = "hello") -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    made["To"] = "ana@example.org"
    made["Date"] = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
    made["Message-ID"] = "<0198c0de@id.example>"
    made.set_content(text)
    return made


def test_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The file is a whole message, named by time and id, and the log says where it is."""
    with caplog.at_level(logging.INFO):
        FileSender(tmp_path / "mail").send(message())
    [path] = (tmp_path / "mail").iterdir()
    assert path.name == "20261125T093000Z-0198c0de.eml"
    read = email.message_from_bytes(path.read_bytes(), EmailMessage, policy=email.policy.default)
    assert (read["To"], read.get_content().strip()) == ("ana@example.org", "hello")
    assert str(path) in caplog.text


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    """A mail holds a link that opens an account: the file is 0600, its folder 0700, even where
    new files are open to all."""
    before = os.umask(0)
    try:
        FileSender(tmp_path / "mail").send(message())
    finally:
        os.umask(before)
    [path] = (tmp_path / "mail").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_sent_twice_is_one_file(tmp_path: Path) -> None:
    """At least once means that a mail may come again: it replaces itself."""
    for text in ("first", "second"):
        FileSender(tmp_path).send(message(text))
    [path] = tmp_path.iterdir()
    assert "second" in path.read_text()


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    """A link in the place of the unfinished file is removed, and what it names is untouched."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "20261125T093000Z-0198c0de.unfinished").symlink_to(victim)
    FileSender(folder).send(message())
    assert victim.read_text() == "precious"
    assert not (folder / "20261125T093000Z-0198c0de.eml").is_symlink()


def test_no_room(tmp_path: Path) -> None:
    """A folder that can't be written is a failure that is tried again."""
    (tmp_path / "mail").write_text("a file is in the way")
    with pytest.raises(TransientFailure, match="mail folder"):
        FileSender(tmp_path / "mail").send(message())

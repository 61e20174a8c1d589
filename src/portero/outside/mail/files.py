"""Mails as files, where no mail server is set: for development on loopback."""

from __future__ import annotations

import logging
import os
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from portero.core.outbox import TransientFailure

log = logging.getLogger(__name__)


class FileSender:
    """Writes `<time>-<id>.eml` into a directory that only we can read: a mail holds a link that
    opens an account. The same mail again replaces its file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def send(self, message: EmailMessage) -> None:
        """Raises `TransientFailure` when the file can't be written."""
        sent_at = parsedate_to_datetime(message["Date"]).strftime("%Y%m%dT%H%M%SZ")
        identifier = message["Message-ID"].strip("<>").partition("@")[0]
        target = self._directory / f"{sent_at}-{identifier}.eml"
        unfinished = target.with_suffix(".unfinished")
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished.unlink(missing_ok=True)
            # Private from its first byte on; O_EXCL follows no link that somebody put there.
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(message.as_bytes())
            unfinished.replace(target)
        except OSError as error:
            raise TransientFailure(f"mail folder: {type(error).__name__}") from error
        log.info("no mail server is set: the mail is in %s", target)

"""Text messages as files, where no provider is set: for development on loopback."""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path

from portero.core.outbox import TransientFailure

log = logging.getLogger(__name__)


class TextFiles:
    """Writes `<time>-<id>.txt` into a directory that only we can read. The same message again
    replaces its file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def send(self, to: str, text: str, *, job_id: str, queued_at: datetime) -> None:
        """Raises `TransientFailure` when the file can't be written."""
        target = self._directory / f"{queued_at:%Y%m%dT%H%M%SZ}-{job_id}.txt"
        unfinished = target.with_suffix(".unfinished")
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished.unlink(missing_ok=True)
            # Private from its first byte on; O_EXCL follows no link that somebody put there.
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"To: {to}\n\n{text}\n")
            unfinished.replace(target)
        except OSError as error:
            raise TransientFailure(f"folder of text messages: {type(error).__name__}") from error
        log.info("no provider of text messages is set: the message is in %s", target)

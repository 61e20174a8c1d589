"""Sending a notice from inside a verb's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from portero.core.notices.model import Notice
from portero.core.notices.texts import CODE_TEXT, CodeText
from portero.core.outbox import Outbox
from portero.kit.db import Tx

# The kind of the outbox job; its payload is `Notice.to_payload()`.
NOTICE: Final = "notice"


class Notices:
    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def send_in(self, tx: Tx, notice: Notice, now: datetime) -> str:
        """Queue the notice; the job's id, which becomes the mail's Message-ID. Raises
        `ValueError` when a value is missing or unknown: a mistake of the calling room."""
        notice.check()
        return self._outbox.enqueue(tx, NOTICE, notice.to_payload(), now=now)

    def text_in(self, tx: Tx, text: CodeText, now: datetime) -> str:
        """Queue a text message; the job's id."""
        return self._outbox.enqueue(tx, CODE_TEXT, text.to_payload(), now=now)

"""The deliverer of outbox jobs of the kind `portero.core.notices.CODE_TEXT`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from portero.core.notices import CodeText
from portero.core.outbox import JOB_ID, QUEUED_AT, PermanentFailure
from portero.kit.ports import Clock
from portero.outside.sms.writing import TextWriter


class TextSender(Protocol):
    def send(self, to: str, text: str, *, job_id: str, queued_at: datetime) -> None:
        """Hand the message on; raises `PermanentFailure` or `TransientFailure`."""


class TextDelivery:
    def __init__(self, writer: TextWriter, sender: TextSender, clock: Clock) -> None:
        self._writer = writer
        self._sender = sender
        self._clock = clock

    def __call__(self, payload: Mapping[str, object]) -> None:
        text = CodeText.from_payload(payload)
        if text.expires_at <= self._clock.now():
            raise PermanentFailure("the code expired before its message could be sent")
        self._sender.send(
            text.to,
            self._writer.write(text),
            job_id=str(payload[JOB_ID]),
            queued_at=datetime.fromisoformat(str(payload[QUEUED_AT])),
        )

"""The deliverer of outbox jobs of the kind `portero.core.notices.NOTICE`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol

from portero.core.notices import Notice
from portero.core.outbox import JOB_ID, QUEUED_AT
from portero.outside.mail.render import MailRenderer


class MailSender(Protocol):
    def send(self, message: EmailMessage) -> None:
        """Hand the message on; raises `PermanentFailure` or `TransientFailure`."""


class MailDelivery:
    def __init__(self, renderer: MailRenderer, sender: MailSender) -> None:
        self._renderer = renderer
        self._sender = sender

    def __call__(self, payload: Mapping[str, object]) -> None:
        message = self._renderer.render(
            Notice.from_payload(payload),
            job_id=str(payload[JOB_ID]),
            date=datetime.fromisoformat(str(payload[QUEUED_AT])),
        )
        self._sender.send(message)

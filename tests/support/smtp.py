"""A real mail server on a free port that keeps what it is sent: the `mailbox` fixture."""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.services import free_port

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One accepted mail: the envelope's recipients and the parsed message."""

    recipients: tuple[str, ...]
    message: EmailMessage


@dataclass  # no slots: aiosmtpd looks over its members, which Python 3.11.2 then can't
class Mailbox:
    """What arrived, and where to send to."""

    port: int
    deliveries: list[Delivery] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    host: str = HOST

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        content = envelope.original_content or b""
        message = email.message_from_bytes(content, EmailMessage, policy=email.policy.default)
        with self.arrived:
            self.deliveries.append(Delivery(tuple(envelope.rcpt_tos), message))
            self.arrived.notify_all()
        return "250 taken"

    def wait_for(self, count: int = 1, *, timeout_seconds: float = 15.0) -> list[Delivery]:
        """The deliveries, once there are that many; fails the test when they do not come."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: len(self.deliveries) >= count, timeout_seconds):
                pytest.fail(f"{len(self.deliveries)} of {count} mails came")
            return list(self.deliveries)


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """A plain SMTP server on 127.0.0.1, without TLS and without a login."""
    for attempt in range(5):
        box = Mailbox(port=free_port())
        controller = Controller(box, hostname=HOST, port=box.port, enable_SMTPUTF8=True)
        try:
            controller.start()
        except OSError:  # somebody else took the port in between
            if attempt == 4:
                raise
        else:
            yield box
            controller.stop()
            return


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box

"""From a notice in a transaction to a mail in a mailbox."""

from __future__ import annotations

from portero.core.notices import NOTICE, Notice, Notices, NoticeTemplate
from portero.core.outbox import Outbox, OutboxDesk, OutboxWorker
from portero.kit.branding import Brand
from portero.kit.db import Database
from portero.kit.secrets import Secret
from portero.kit.vault import Vault
from portero.outside.clock import SystemDice
from portero.outside.mail import MailDelivery, MailRenderer, SmtpSender
from tests.support.house import MovableClock
from tests.support.services import free_port
from tests.support.smtp import Mailbox

RESET = Notice(
    NoticeTemplate.RESET_PASSWORD,
    "ana@example.org",
    "fr",
    {"link": "https://id.example/r?token=abc", "username": "ana"},
)


def worker(db: Database, clock: MovableClock, vault: Vault, port: int) -> OutboxWorker:
    renderer = MailRenderer(
        brand=Brand("Portero"), mail_from="no-reply@id.example", message_id_host="id.example"
    )
    sender = SmtpSender(host="127.0.0.1", port=port, tls="off", timeout_seconds=5)
    deliver = MailDelivery(renderer, sender)
    return OutboxWorker(db, clock, SystemDice(), vault, {NOTICE: deliver})


def test_comes_when_the_server_is_back(db: Database, mailbox: Mailbox) -> None:
    """A notice that met a dead mail server arrives later, under the id and date of its job."""
    clock, vault = MovableClock(), Vault([Secret("a key of these tests")])
    notices = Notices(Outbox(SystemDice(), vault))
    queued_at = clock.now().replace(microsecond=0)
    job_id = db.write(lambda tx: notices.send_in(tx, RESET, queued_at))
    worker(db, clock, vault, free_port()).run_once()
    assert mailbox.deliveries == []
    clock.let_pass(hours=1)
    worker(db, clock, vault, mailbox.port).run_once()
    [delivery] = mailbox.wait_for(1)
    assert delivery.message["Message-ID"] == f"<{job_id}@id.example>"
    assert delivery.message["Date"].datetime == queued_at
    assert delivery.message["Subject"] == "Choisir un nouveau mot de passe"


def test_impossible_address_is_a_dead_letter(db: Database, mailbox: Mailbox) -> None:
    """A notice to what is no address is given up at once, and is seen by the operator."""
    clock, vault = MovableClock(), Vault([Secret("a key of these tests")])
    notices = Notices(Outbox(SystemDice(), vault))
    bad = Notice(RESET.template, "ana@example.org\r\nBcc: all@example.com", "fr", RESET.values)
    db.write(lambda tx: notices.send_in(tx, bad, clock.now()))
    worker(db, clock, vault, mailbox.port).run_once()
    [dead] = OutboxDesk(db, vault).list_dead()
    assert dead.last_error == "a header value holds a control character"
    assert mailbox.deliveries == []

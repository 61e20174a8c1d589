"""Handing mail to a real server: never in clear, never to the wrong one."""

from __future__ import annotations

import ssl
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from aiosmtpd import smtp
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from portero.core.outbox import PermanentFailure, TransientFailure
from portero.kit.secrets import Secret
from portero.outside.mail import SmtpSender
from portero.outside.mail.smtp import TlsMode
from tests.support.services import free_port
from tests.support.smtp import Mailbox
from tests.unit.outside.mail.conftest import Authority, ServeMail

PASSWORD = "mail-password-9f2c"


def message(to: str = "ana@example.org") -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    made["From"] = "Portero <portero@id.example>"
    made["To"] = to
    made["Subject"] = "Hello"
    made.set_content("Good morning.")
    return made


def sender(box: Mailbox, authority: Authority | None = None, **more: object) -> SmtpSender:
    given: dict[str, object] = {"host": box.host, "port": box.port, "tls": "off", **more}
    if authority is not None:
        given["ca_file"] = str(authority.ca_file)
    return SmtpSender(**given)  # type: ignore[arg-type]  # the tests' own shorthand


class Refusing(Mailbox):
    """Refuses one recipient for ever and one for now, and every message with "spam" in it."""

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self,
        server: smtp.SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address.startswith("gone"):
            return f"550 no mailbox {address}"
        if address.startswith("full"):
            return f"452 mailbox {address} is full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: smtp.SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if b"spam" in (envelope.original_content or b""):
            return "554 looks like spam"
        return await super().handle_DATA(server, session, envelope)


def test_plain(mailbox: Mailbox) -> None:
    """A server on this machine may be spoken to without TLS, when the operator says so."""
    sender(mailbox).send(message())
    [delivery] = mailbox.wait_for(1)
    assert delivery.recipients == ("ana@example.org",)
    assert delivery.message["Subject"] == "Hello"


def test_starttls(serve_mail: ServeMail, authority: Authority) -> None:
    """The mail goes over TLS to a server whose certificate is good."""
    box = serve_mail(tls_context=authority.server_context("localhost"), require_starttls=True)
    sender(box, authority, tls="starttls").send(message())
    assert len(box.wait_for(1)) == 1


def test_tls_from_the_start(serve_mail: ServeMail, authority: Authority) -> None:
    """The same on a port that speaks TLS from its first byte on (RFC 8314 §3.3)."""
    box = serve_mail(ssl_context=authority.server_context("localhost"))
    sender(box, authority, tls="tls").send(message())
    assert len(box.wait_for(1)) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_wrong_name_is_refused(serve_mail: ServeMail, authority: Authority, tls: str) -> None:
    """A good certificate of another server: somebody sits in between, and gets no mail."""
    context = authority.server_context("other.example")
    box = serve_mail(**{"tls_context" if tls == "starttls" else "ssl_context": context})
    with pytest.raises(TransientFailure, match="SSLCertVerificationError"):
        sender(box, authority, tls=tls).send(message())
    assert box.deliveries == []


def test_unknown_authority_is_refused(serve_mail: ServeMail, authority: Authority) -> None:
    """A certificate that nobody whom we trust has signed is no certificate."""
    box = serve_mail(tls_context=authority.server_context("localhost"))
    with pytest.raises(TransientFailure, match="SSLCertVerificationError"):
        sender(box, tls="starttls").send(message())
    assert box.deliveries == []


def test_no_downgrade(mailbox: Mailbox) -> None:
    """STARTTLS stripping: where the offer is missing, the mail does not go on in clear."""
    with pytest.raises(TransientFailure):
        sender(mailbox, tls="starttls").send(message())
    assert mailbox.deliveries == []


def test_login(serve_mail: ServeMail, authority: Authority) -> None:
    """Name and password are sent, inside TLS only, before the mail."""
    seen: list[tuple[bytes, bytes, bool]] = []

    def authenticate(server: smtp.SMTP, session: Session, *rest: object) -> AuthResult:
        given = rest[-1]
        assert isinstance(given, LoginPassword)
        seen.append((given.login, given.password, session.ssl is not None))
        return AuthResult(success=given.password == PASSWORD.encode())

    box = serve_mail(
        tls_context=authority.server_context("localhost"),
        require_starttls=True,
        auth_required=True,
        authenticator=authenticate,
    )
    login = {"tls": "starttls", "username": "portero"}
    sender(box, authority, **login, password=Secret(PASSWORD)).send(message())
    assert len(box.wait_for(1)) == 1
    assert seen == [(b"portero", PASSWORD.encode(), True)]
    with pytest.raises(TransientFailure, match="SMTP") as refused:
        sender(box, authority, **login, password=Secret("old-password")).send(message())
    assert "old-password" not in str(refused.value)  # our own fault: mended within the day


@pytest.mark.parametrize(
    ("to", "failure", "code"),
    [
        ("gone@example.org", PermanentFailure, "550"),
        ("full@example.org", TransientFailure, "452"),
    ],
)
def test_refused_recipient(
    serve_mail: ServeMail, to: str, failure: type[Exception], code: str
) -> None:
    """5xx will never work, 4xx may; what is kept of it does not name the address."""
    box = serve_mail(Refusing)
    with pytest.raises(failure, match=f"SMTP {code} for the recipient") as refused:
        sender(box).send(message(to))
    assert "example.org" not in str(refused.value)


def test_refused_message(serve_mail: ServeMail) -> None:
    """A server that will not have the text won't have it tomorrow either."""
    box = serve_mail(Refusing)
    spam = message()
    spam.set_content("spam")
    with pytest.raises(PermanentFailure, match="SMTP 554 for the message"):
        sender(box).send(spam)


def test_nobody_there() -> None:
    """A server that is down is tried again."""
    nobody = SmtpSender(host="127.0.0.1", port=free_port(), tls="off", timeout_seconds=2)
    with pytest.raises(TransientFailure, match="ConnectionRefusedError"):
        nobody.send(message())


def test_no_unverified_tls() -> None:
    """There is no way to ask for TLS that looks at no certificate."""
    modes: tuple[TlsMode, ...] = ("starttls", "tls")
    for tls in modes:
        made = SmtpSender(host="mail.example", port=25, tls=tls)
        assert made._context is not None
        assert made._context.verify_mode is ssl.CERT_REQUIRED
        assert made._context.check_hostname
    with pytest.raises(ValueError, match="starttls, tls or off"):
        SmtpSender(host="mail.example", port=25, tls="insecure")  # type: ignore[arg-type]  # on purpose

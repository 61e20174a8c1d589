"""Sending by SMTP, with verified TLS, and telling what will never work from what may."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from email.message import EmailMessage
from typing import Final, Literal

from portero.core.outbox import PermanentFailure, TransientFailure
from portero.kit.secrets import Secret

TlsMode = Literal["starttls", "tls", "off"]

# Answers that are about our own login and set-up (RFC 4954 §4.9, RFC 3207 §4): an operator can
# mend them within the day of tries, so they kill no mail.
_OUR_OWN_FAULT: Final = frozenset({530, 534, 535, 538})


class SmtpSender:
    """One connection per message: mails are few, and an idle connection would be cut anyway.

    `ca_file` names a PEM file of authorities to trust instead of the system's.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        username: str = "",
        password: Secret | None = None,
        tls: TlsMode = "starttls",
        timeout_seconds: float = 10,
        ca_file: str | None = None,
    ) -> None:
        if tls not in ("starttls", "tls", "off"):
            raise ValueError(f"tls is starttls, tls or off, not {tls!r}")
        self._host = host
        self._port = port
        self._username = username
        self._password = password
        self._tls = tls
        self._timeout = timeout_seconds
        self._context = None if tls == "off" else ssl.create_default_context(cafile=ca_file)

    def send(self, message: EmailMessage) -> None:
        """Hand the message over; raises `PermanentFailure`, `TransientFailure`."""
        try:
            client = self._connect()
            try:
                self._sign_in(client)
                client.send_message(message)
                with suppress(smtplib.SMTPException, OSError):
                    client.quit()  # the mail is taken: a rude goodbye must not send it again
            finally:
                client.close()
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(_code_of(error.recipients), "the recipient") from error
        except smtplib.SMTPDataError as error:
            raise _refused(error.smtp_code, "the message") from error
        except smtplib.SMTPResponseException as error:
            raise TransientFailure(f"SMTP {error.smtp_code} at {type(error).__name__}") from error
        except (smtplib.SMTPException, OSError) as error:
            # Only the type: the text may quote the address, or what the server said of it.
            raise TransientFailure(f"SMTP: {type(error).__name__}") from error

    def _connect(self) -> smtplib.SMTP:
        if self._tls == "tls":
            return smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout, context=self._context
            )
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout)

    def _sign_in(self, client: smtplib.SMTP) -> None:
        if self._tls == "starttls":
            # Raises when the server does not offer it: somebody in between may have cut the offer
            # out, and the mail must not go on in clear.
            client.starttls(context=self._context)
        if self._username:
            client.login(self._username, self._password.reveal() if self._password else "")


def _code_of(refusals: Mapping[str, tuple[int, bytes]]) -> int:
    return max(code for code, _ in refusals.values())


def _refused(code: int, what: str) -> PermanentFailure | TransientFailure:
    reason = f"SMTP {code} for {what}"
    if 500 <= code < 600 and code not in _OUR_OWN_FAULT:
        return PermanentFailure(reason)
    return TransientFailure(reason)

"""Mail."""

# ruff: noqa: RUF009  # a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from portero.kit.secrets import Secret
from portero.settings import choices, parsing
from portero.settings.rows import Derived, Earlier, setting
from portero.settings.table.passwords import PasswordsSettings


def _mail_from(earlier: Earlier) -> str:
    host = urlsplit(str(earlier["issuer"])).hostname or ""
    return f"no-reply@{'localhost' if parsing.is_loopback(host) else host}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MailSettings(PasswordsSettings):
    smtp_host: str = setting(
        "PORTERO_SMTP_HOST",
        parsing.text,
        "",
        "Mail server. Without one, mails are written to DATA_DIR/mail.",
    )
    smtp_port: int = setting(
        "PORTERO_SMTP_PORT", parsing.integer(1, 65535), "587", "Port of the mail server."
    )
    smtp_username: str = setting(
        "PORTERO_SMTP_USERNAME", parsing.text, "", "User name at the mail server."
    )
    smtp_password: Secret = setting(
        "PORTERO_SMTP_PASSWORD", parsing.secret, "", "Password at the mail server."
    )
    smtp_tls: Literal["starttls", "tls", "off"] = setting(
        "PORTERO_SMTP_TLS",
        choices.smtp_tls,
        "starttls",
        "starttls, tls (from the first byte, port 465) or off (to a loopback address only).",
    )
    mail_from: str = setting(
        "PORTERO_MAIL_FROM",
        parsing.mailbox,
        Derived("no-reply@ISSUER_HOST", _mail_from),
        "Sender of mails.",
    )

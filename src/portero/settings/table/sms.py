"""Text messages."""

# ruff: noqa: RUF009  # a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from portero.kit.secrets import Secret
from portero.settings import choices, parsing, texts
from portero.settings.rows import setting
from portero.settings.table.mail import MailSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmsSettings(MailSettings):
    sms_provider: Literal["off", "http", "twilio", "vonage", "sns"] = setting(
        "PORTERO_SMS_PROVIDER",
        choices.sms_provider,
        "off",
        "Who sends text messages: twilio, vonage, sns, http (any other) or off. While off, a "
        "loopback issuer writes them to DATA_DIR/sms, and no other sends codes by text message.",
    )
    sms_countries: tuple[str, ...] = setting(
        "PORTERO_SMS_COUNTRIES",
        texts.countries,
        "",
        "Countries whose mobile numbers get messages, as DE,FR (ISO 3166), or all. Needed with a "
        "provider: numbers of far countries are how others earn with your messages.",
    )
    sms_from: str = setting(
        "PORTERO_SMS_FROM", parsing.text, "", "Number or name that text messages come from."
    )
    sms_account: str = setting(
        "PORTERO_SMS_ACCOUNT",
        parsing.text,
        "",
        "Account SID (twilio), API key (vonage) or access key id (sns).",
    )
    sms_secret: Secret = setting(
        "PORTERO_SMS_SECRET",
        parsing.secret,
        "",
        "Auth token (twilio), API secret (vonage) or secret access key (sns).",
    )
    sms_region: str = setting(
        "PORTERO_SMS_REGION", parsing.text, "", "AWS region (sns), as eu-central-1."
    )
    sms_url: Secret = setting(
        "PORTERO_SMS_URL",
        texts.url,
        "",
        "Where to post to (http); with another provider, in place of its own base URL. "
        "{to}, {text} and {from} are filled in.",
    )
    sms_headers: Secret = setting(
        "PORTERO_SMS_HEADERS",
        texts.header_object,
        "",
        'Headers to send (http), as a JSON object: {"Authorization": "Bearer …"}. Content-Type is '
        "application/json unless it says application/x-www-form-urlencoded.",
    )
    sms_body: Secret = setting(
        "PORTERO_SMS_BODY",
        parsing.secret,
        '{"to": "{to}", "from": "{from}", "text": "{text}"}',
        "Body to post (http), in which {to}, {text} and {from} are filled in and escaped.",
    )

"""What is sent to a provider to have it send a message: one pure function for each shape."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from urllib.parse import quote, urlencode

from portero.kit.secrets import Secret
from portero.outside.sms.sigv4 import signed_headers

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"

_PLACE: Final = re.compile(r"\{(to|text|from)\}")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A POST."""

    url: str
    headers: Mapping[str, str]
    body: bytes


Shape: TypeAlias = Callable[[str, str, datetime], Outgoing]
"""From number (E.164), text and time to the request."""


@dataclass(frozen=True, slots=True)
class Account:
    """At a provider: `name` is Twilio's account SID, Vonage's API key or AWS's access key id;
    `sender` the number or name that the message comes from. `url` replaces the provider's own."""

    name: str
    secret: Secret
    sender: str
    url: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """`{to}`, `{text}` and `{from}` stand in URL and body; what they stand for is escaped as the
    place demands, so that no text can add a field."""

    url: str
    headers: Mapping[str, str]
    body: str
    sender: str


def templated(template: Template) -> Shape:
    headers = {"content-type": JSON, **{k.lower(): v for k, v in template.headers.items()}}
    media_type = headers["content-type"].partition(";")[0].strip().lower()
    escaped = {JSON: _in_json, FORM: _in_url}.get(media_type)
    if escaped is None:
        raise ValueError(f"a body of {media_type} can't be filled in; use {JSON} or {FORM}")

    def shape(to: str, text: str, now: datetime) -> Outgoing:
        values = {"to": to, "text": text, "from": template.sender}
        url = _PLACE.sub(lambda place: _in_url(values[place[1]]), template.url)
        body = _PLACE.sub(lambda place: escaped(values[place[1]]), template.body)
        return Outgoing(url, headers, body.encode())

    return shape


def twilio(account: Account) -> Shape:
    """Its Messages resource (2010-04-01): a form, Basic. A sender `MG…` is a messaging service."""
    base = account.url or "https://api.twilio.com"
    url = f"{base}/2010-04-01/Accounts/{quote(account.name, safe='')}/Messages.json"
    sender = "MessagingServiceSid" if account.sender.startswith("MG") else "From"

    def shape(to: str, text: str, now: datetime) -> Outgoing:
        form = {"To": to, sender: account.sender, "Body": text}
        headers = {"authorization": _basic(account), "content-type": FORM}
        return Outgoing(url, headers, urlencode(form).encode())

    return shape


def vonage(account: Account) -> Shape:
    """Its Messages API (v1): JSON, Basic, numbers without the plus sign."""
    url = f"{account.url or 'https://api.nexmo.com'}/v1/messages"

    def shape(to: str, text: str, now: datetime) -> Outgoing:
        message = {
            "channel": "sms",
            "message_type": "text",
            "to": to.removeprefix("+"),
            "from": account.sender.removeprefix("+"),
            "text": text,
        }
        headers = {"authorization": _basic(account), "content-type": JSON, "accept": JSON}
        return Outgoing(url, headers, json.dumps(message).encode())

    return shape


def sns(account: Account) -> Shape:
    """AWS's Publish (2010-03-31) to a number, as a transactional message, signed (SigV4)."""
    url = account.url or f"https://sns.{account.region}.amazonaws.com/"
    attributes = {"AWS.SNS.SMS.SMSType": "Transactional"}
    if account.sender:
        attributes["AWS.SNS.SMS.SenderID"] = account.sender

    def shape(to: str, text: str, now: datetime) -> Outgoing:
        form = {
            "Action": "Publish",
            "Version": "2010-03-31",
            "PhoneNumber": to,
            "Message": text,
        }
        for number, (name, value) in enumerate(attributes.items(), start=1):
            entry = f"MessageAttributes.entry.{number}"
            form |= {
                f"{entry}.Name": name,
                f"{entry}.Value.DataType": "String",
                f"{entry}.Value.StringValue": value,
            }
        body = urlencode(form).encode()
        headers = signed_headers(
            url,
            {"content-type": FORM},
            body,
            key_id=account.name,
            secret=account.secret,
            region=account.region,
            service="sns",
            now=now,
        )
        return Outgoing(url, headers, body)

    return shape


def _basic(account: Account) -> str:
    pair = f"{account.name}:{account.secret.reveal()}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _in_url(value: str) -> str:
    return quote(value, safe="")

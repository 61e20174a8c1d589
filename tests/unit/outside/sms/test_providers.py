"""Text messages through a provider: exactly what arrives at a real server, and what its answers
mean."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from portero.core.notices import CodeText
from portero.core.outbox import JOB_ID, QUEUED_AT, PermanentFailure, TransientFailure
from portero.kit.secrets import Secret
from portero.outside.http_fetch import HttpFetch
from portero.outside.sms import (
    Account,
    HttpTexts,
    Template,
    TextDelivery,
    TextFiles,
    TextWriter,
    sns,
    templated,
    twilio,
    vonage,
)
from portero.outside.sms.sigv4 import signed_headers
from portero.translations import available
from tests.support.house import MovableClock
from tests.support.listener import Listener, Posted

NUMBER = "+4915123456712"
TEXT = '123456 is your code.\n\n@id.example #123456 "\\ & {to} ü'
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
SECRET = Secret("s3cr3t/+=")


class Fixed(MovableClock):
    def now(self) -> datetime:
        return NOW


def posted(listener: Listener, shape: Any) -> Posted:
    """What one message made arrive."""
    texts = HttpTexts(HttpFetch(allowed_hosts=("127.0.0.1",)), shape, Fixed())
    texts.send(NUMBER, TEXT, job_id="job", queued_at=NOW)
    (one,) = listener.posted
    return one


def basic(name: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{SECRET.reveal()}".encode()).decode()


@pytest.mark.parametrize(
    ("sender", "field"), [("+15005550006", "From"), ("MG0123456789", "MessagingServiceSid")]
)
def test_twilio_gets_a_form(listener: Listener, sender: str, field: str) -> None:
    """POST /2010-04-01/Accounts/{sid}/Messages.json, with the account's own Basic proof."""
    listener.status = 201
    one = posted(listener, twilio(Account("AC12", SECRET, sender, listener.url)))
    assert one.path == "/2010-04-01/Accounts/AC12/Messages.json"
    assert one.headers["authorization"] == basic("AC12")
    assert one.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(one.body)) == {"To": NUMBER, field: sender, "Body": TEXT}


def test_vonage_gets_json(listener: Listener) -> None:
    """Its Messages API wants numbers without the plus sign."""
    listener.status = 202
    one = posted(listener, vonage(Account("key", SECRET, "Portero", listener.url)))
    assert (one.path, one.headers["authorization"]) == ("/v1/messages", basic("key"))
    assert json.loads(one.body) == {
        "channel": "sms",
        "message_type": "text",
        "to": "4915123456712",
        "from": "Portero",
        "text": TEXT,
    }


def test_sns_gets_a_signed_form(listener: Listener) -> None:
    """The server computes the signature of what arrived (SigV4), from its own copy of the key."""
    account = Account("AKID", SECRET, "Portero", f"{listener.url}/", "eu-central-1")
    one = posted(listener, sns(account))
    form = dict(parse_qsl(one.body))
    assert form["Action"] == "Publish"
    assert (form["PhoneNumber"], form["Message"]) == (NUMBER, TEXT)
    assert form["MessageAttributes.entry.1.Value.StringValue"] == "Transactional"
    assert form["MessageAttributes.entry.2.Value.StringValue"] == "Portero"
    said = one.headers["authorization"]
    signed, signature = said.split("SignedHeaders=")[1].split(", Signature=")
    assert signed == "content-type;host;x-amz-date"
    assert "Credential=AKID/20261125/eu-central-1/sns/aws4_request" in said
    assert signature == expected_signature(one, signed.split(";"), "eu-central-1")


def expected_signature(one: Posted, signed: list[str], region: str) -> str:
    lines = "".join(f"{name}:{one.headers[name]}\n" for name in signed)
    digest = hashlib.sha256(one.body.encode()).hexdigest()
    request = f"POST\n{one.path}\n\n{lines}\n{';'.join(signed)}\n{digest}"
    moment = one.headers["x-amz-date"]
    scope = f"{moment[:8]}/{region}/sns/aws4_request"
    hashed = hashlib.sha256(request.encode()).hexdigest()
    key = b"AWS4" + SECRET.reveal().encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}"
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def test_the_signature_is_the_one_of_awss_own_example() -> None:
    """post-x-www-form-urlencoded of the Signature Version 4 test suite."""
    headers = signed_headers(
        "https://example.amazonaws.com/",
        {"content-type": "application/x-www-form-urlencoded"},
        b"Param1=value1",
        key_id="AKIDEXAMPLE",
        secret=Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        region="us-east-1",
        service="service",
        now=datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
    )
    assert headers["authorization"].endswith(
        "Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
    )


def test_any_other_gets_what_the_operator_wrote(listener: Listener) -> None:
    """What is filled in can't end a string of the JSON, nor is it filled in again."""
    template = Template(
        f"{listener.url}/send?to={{to}}",
        {"Authorization": "Bearer t0ken"},
        '{"to": "{to}", "sender": "{from}", "message": "{text}", "flash": false}',
        'Po"rtero',
    )
    one = posted(listener, templated(template))
    assert one.path == "/send?to=%2B4915123456712"
    assert one.headers["authorization"] == "Bearer t0ken"
    assert one.headers["content-type"] == "application/json"
    assert json.loads(one.body) == {
        "to": NUMBER,
        "sender": 'Po"rtero',
        "message": TEXT,
        "flash": False,
    }


def test_a_form_of_the_operators_is_escaped_as_one(listener: Listener) -> None:
    """No text can add a field."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    template = Template(listener.url, form, "dst={to}&msg={text}&k=v", "")
    one = posted(listener, templated(template))
    assert parse_qsl(one.body) == [("dst", NUMBER), ("msg", TEXT), ("k", "v")]


def test_a_body_that_nobody_can_escape_is_refused() -> None:
    """XML, say: better no message than one that a name could rewrite."""
    with pytest.raises(ValueError, match="text/xml"):
        templated(Template("https://sms.example", {"content-type": "text/xml"}, "<a/>", ""))


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, PermanentFailure),
        (404, PermanentFailure),
        (302, PermanentFailure),
        (401, TransientFailure),
        (403, TransientFailure),
        (429, TransientFailure),
        (500, TransientFailure),
        (503, TransientFailure),
    ],
)
def test_what_an_answer_means(listener: Listener, status: int, failure: type[Exception]) -> None:
    """Only what can never work is given up; neither number nor text is in the reason."""
    listener.status = status
    with pytest.raises(failure) as raised:
        posted(listener, vonage(Account("key", SECRET, "Portero", listener.url)))
    assert str(raised.value) == f"the provider answered {status}"
    assert len(listener.posted) == 1  # a redirect is not followed


def test_a_provider_that_is_not_there_is_tried_again() -> None:
    """Nobody listens on port 9."""
    shape = vonage(Account("key", SECRET, "Portero", "http://127.0.0.1:9"))
    texts = HttpTexts(HttpFetch(allowed_hosts=("127.0.0.1",)), shape, Fixed())
    with pytest.raises(TransientFailure):
        texts.send(NUMBER, TEXT, job_id="job", queued_at=NOW)


def test_only_the_operators_own_host_is_reached(listener: Listener) -> None:
    """The guard of all outgoing requests holds here too."""
    texts = HttpTexts(HttpFetch(), vonage(Account("k", SECRET, "P", listener.url)), Fixed())
    with pytest.raises(PermanentFailure):
        texts.send(NUMBER, TEXT, job_id="job", queued_at=NOW)
    assert listener.posted == []


def payload(*, expires_at: datetime) -> dict[str, object]:
    text = CodeText(NUMBER, "de", "123456", expires_at)
    return {**text.to_payload(), JOB_ID: "job-1", QUEUED_AT: NOW.isoformat()}


def test_a_code_that_is_over_is_not_sent(tmp_path: Any) -> None:
    """A provider that was down for an hour: the message would cost money and open nothing."""
    writer = TextWriter(product_name="Portero", host="id.example")
    deliver = TextDelivery(writer, TextFiles(tmp_path), Fixed())
    with pytest.raises(PermanentFailure):
        deliver(payload(expires_at=NOW))
    assert list(tmp_path.iterdir()) == []


def test_it_speaks_the_readers_language(tmp_path: Any) -> None:
    """And its last line is the same in all: for the phone."""
    writer = TextWriter(product_name="Portero", host="id.example")
    TextDelivery(writer, TextFiles(tmp_path), Fixed())(
        payload(expires_at=NOW + timedelta(minutes=5))
    )
    (path,) = tmp_path.iterdir()
    assert path.name == "20261125T093000Z-job-1.txt"
    assert path.read_text("utf-8") == (
        f"To: {NUMBER}\n\n123456 ist Ihr Code bei Portero. Geben Sie ihn niemandem.\n\n"
        "@id.example #123456\n"
    )


@pytest.mark.parametrize("locale", available())
def test_a_message_is_short_in_every_language(locale: str) -> None:
    """Two parts at most, of 67 UTF-16 units each where letters are beyond GSM 7-bit: each part is
    paid for. And a code is found in it once for people and once for the phone."""
    written = TextWriter(product_name="Portero", host="id.example.org").write(
        CodeText(NUMBER, locale, "123456", NOW)
    )
    assert len(written.encode("utf-16-le")) // 2 <= 134
    assert written.count("123456") == 2


@pytest.mark.parametrize("make", [twilio, vonage, sns])
def test_a_providers_own_address_is_https(make: Callable[[Account], Any]) -> None:
    """Where no URL is set."""
    outgoing = make(Account("n", SECRET, "P", region="eu-central-1"))(NUMBER, TEXT, NOW)
    assert outgoing.url.startswith("https://")

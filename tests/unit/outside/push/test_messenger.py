"""Posting to a push service: what its answers mean."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from portero.core.factors.push import (
    Purpose,
    PushMessage,
    PushServices,
    Subscription,
    SubscriptionGone,
)
from portero.core.outbox import PermanentFailure, TransientFailure
from portero.outside.clock import SystemClock
from portero.outside.http_fetch import HttpFetch
from portero.outside.push import MessageWriter, PushMessenger
from tests.support.push_service import PushService

_KEY = ec.generate_private_key(ec.SECP256R1())


def send(endpoint: str, service: PushService, *, loopback: bool = True) -> None:
    told = {**service.browser().subscription(), "endpoint": endpoint}
    message = PushMessage(Subscription.read(told), "secret", Purpose.PROVE, "en", 100)
    messenger = PushMessenger(
        fetch=HttpFetch(allow_loopback=True),
        writer=MessageWriter(product_name="Portero"),
        services=PushServices((), loopback=loopback),
        contact="mailto:ops@example.org",
    )
    messenger.send(message, key=_KEY, now=SystemClock().now())


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (404, SubscriptionGone),
        (410, SubscriptionGone),
        (429, TransientFailure),
        (408, TransientFailure),
        (500, TransientFailure),
        (502, TransientFailure),
        (301, PermanentFailure),
        (400, PermanentFailure),
        (401, PermanentFailure),
        (403, PermanentFailure),
        (413, PermanentFailure),
    ],
)
def test_what_an_answer_means(
    push_service: PushService, status: int, failure: type[Exception]
) -> None:
    """Gone, worth another try, or never; what is stored of it quotes no endpoint."""
    browser = push_service.browser()
    browser.status = status
    with pytest.raises(failure) as raised:
        send(push_service.url + browser.path, push_service)
    assert browser.path not in str(raised.value)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("", 4), ("0", 4), ("10", 10), ("3600", 30), ("99999999999", 30), ("-1", 4), ("soon", 4)],
)
def test_how_long_a_busy_service_is_left_alone(
    push_service: PushService, retry_after: str, seconds: int
) -> None:
    """As it asks, but no longer than the question is worth waiting for."""
    browser = push_service.browser()
    browser.status, browser.retry_after = 429, retry_after
    with pytest.raises(TransientFailure) as raised:
        send(push_service.url + browser.path, push_service)
    assert raised.value.again_in == timedelta(seconds=seconds)


def test_nobody_at_home_is_tried_again(push_service: PushService) -> None:
    """A port where nobody listens."""
    with pytest.raises(TransientFailure):
        send("http://127.0.0.1:9/x", push_service)


def test_a_service_that_is_listed_no_more_is_not_called(push_service: PushService) -> None:
    """The setting was narrowed since the browser was set up."""
    with pytest.raises(PermanentFailure):
        send(push_service.url + "/x", push_service, loopback=False)
    assert push_service.asked == 0


def test_only_its_own_browser_reads_a_message(push_service: PushService) -> None:
    """Encrypted to one subscription's keys, it is noise to another one: the service of the tests
    refuses what it can't read."""
    browser = push_service.browser()
    with pytest.raises(PermanentFailure):
        send(push_service.url + browser.path, push_service)
    assert browser.arrived == []
    assert push_service.complaints == ["InvalidTag: "]

"""The framing corpus on the wire: each odd request gets one refusal, and nothing behind it runs."""

from __future__ import annotations

import pytest

from tests.http.front.conftest import RunningFront, body_of, statuses
from tests.http.front.corpus import REFUSED


@pytest.mark.parametrize("name", REFUSED)
def test_an_odd_request_is_refused_once_and_nothing_behind_it_is_served(
    front: RunningFront, name: str
) -> None:
    """A request that parsers disagree about gets one refusal; no hidden request is answered."""
    raw, expected = REFUSED[name]
    found = statuses(front.say(raw))
    assert len(found) == 1
    assert set(found) <= expected


def test_requests_after_a_good_one_are_answered_in_order(front: RunningFront) -> None:
    """Honest pipelining works: three requests in one packet, three answers in order."""
    one = b"GET /cheap HTTP/1.1\r\nHost: {host}\r\n\r\n"
    last = (
        b"POST /echo HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlast"
    )
    answer = front.say(one + one + last)
    assert statuses(answer) == [200, 200, 200]
    assert answer.endswith(b"last")


def test_nothing_is_served_after_a_malformed_pipelined_request(front: RunningFront) -> None:
    """The good request before an odd one is answered, the one after it never."""
    good = b"GET /cheap HTTP/1.1\r\nHost: {host}\r\n\r\n"
    odd = b"GET /cheap HTTP/1.1\r\nHost : {host}\r\n\r\n"
    assert statuses(front.say(good + odd + good)) == [200, 400]


def test_a_chunked_body_arrives_whole_and_unchunked(front: RunningFront) -> None:
    """Plain chunked framing is understood and joined."""
    answer = front.say(
        b"POST /echo HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert body_of(answer) == b"abcde"


def test_a_probe_may_name_any_one_host(front: RunningFront) -> None:
    """A load balancer asks /healthz by address; every other path needs a host of the list."""
    asked = b"GET %s HTTP/1.1\r\nHost: 10.1.2.3:99\r\nConnection: close\r\n\r\n"
    assert statuses(front.say(asked % b"/healthz")) == [200]
    assert statuses(front.say(asked % b"/cheap")) == [400]


def test_a_request_that_the_front_refuses_ends_its_connection(front: RunningFront) -> None:
    """What the parser took and the front refused closes too: nothing behind it is read."""
    odd = b"GET /cheap HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    good = b"GET /cheap HTTP/1.1\r\nHost: {host}\r\n\r\n"
    answer = front.say(odd + good)
    assert statuses(answer) == [400]
    assert b"connection: close\r\n" in answer

"""Slow and greedy clients: each is bounded, and nobody else waits for them."""

from __future__ import annotations

import select

from tests.http.front.conftest import RunningFront, StartFront, body_of, read_all, statuses


def test_a_head_that_drips_in_is_cut_off(front: RunningFront) -> None:
    """Slowloris: half a head, and then silence, ends in 408 when its time is over."""
    assert statuses(front.say(b"GET /cheap HTTP/1.1\r\nHost: {host}\r\nX-A: ")) == [408]


def test_a_connection_that_says_nothing_is_cut_off(front: RunningFront) -> None:
    """An open, silent connection is closed in the time of a head."""
    assert statuses(front.say(b"")) == [408]


def test_a_body_that_stands_still_is_cut_off(front: RunningFront) -> None:
    """Half a body, and then silence, ends in 408 for endpoints and pages alike."""
    for path in (b"/swallow", b"/echo"):
        head = b"POST %s HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10\r\n\r\nhalf" % path
        assert statuses(front.say(head)) == [408]


def test_a_body_over_the_cap_is_refused_readably(front: RunningFront) -> None:
    """The client that sends all of a too long body still reads the 413."""
    answer = front.ask("/swallow", method="POST", body=b"x" * 300_000)
    assert statuses(answer) == [413]
    assert b"body_too_large" in answer


def test_a_body_up_to_the_cap_is_taken(front: RunningFront) -> None:
    """The cap itself is allowed: 1000 bytes in, 1001 out."""
    assert statuses(front.ask("/swallow", method="POST", body=b"x" * 1000)) == [200]
    assert statuses(front.ask("/swallow", method="POST", body=b"x" * 1001)) == [413]


def test_a_chunked_body_over_the_cap_is_refused(front: RunningFront) -> None:
    """A length that nobody announced is counted as it comes."""
    chunk = b"190\r\n" + b"x" * 400 + b"\r\n"
    head = b"POST /swallow HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert statuses(front.say(head + chunk * 3 + b"0\r\n\r\n")) == [413]


def test_a_too_long_body_is_not_invited(front: RunningFront) -> None:
    """Expect: 100-continue with an announced length over the cap gets 413 and no 100."""
    head = b"POST /swallow HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5000\r\n"
    assert statuses(front.say(head + b"Expect: 100-continue\r\n\r\n")) == [413]


def test_busy_threads_answer_503_while_the_loop_still_answers(start_front: StartFront) -> None:
    """Two threads work and one request waits: the next gets 503, and /cheap its 200."""
    front = start_front()
    gate = b"GET /gate HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % front.host
    wires = [front.connect() for _ in range(4)]
    inside = []
    for wire in wires[:2]:
        wire.sendall(gate)
        inside.append(front.entered())
    for wire in wires[2:]:
        wire.sendall(gate)
    refused = select.select(wires[2:], [], [], 10)[0]  # of these two, one is queued
    assert len(refused) == 1
    answer = read_all(refused[0])
    assert statuses(answer) == [503]
    assert b"retry-after: 1\r\n" in answer
    assert statuses(front.ask("/cheap")) == [200]
    inside.pop().close()
    inside.append(front.entered())  # a thread is free: the one that waited goes in
    for turnstile in inside:
        turnstile.close()
    for wire in wires:
        if wire not in refused:
            assert body_of(read_all(wire)) == b"through"
        wire.close()

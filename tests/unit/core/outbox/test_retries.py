"""What fails is tried again for a day, then given up where an operator sees it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

import pytest

from portero.core.outbox import PermanentFailure, TransientFailure, rules
from portero.kit.refusals import Missing
from portero.kit.secrets import Secret
from portero.kit.vault import Vault
from portero.outside.clock import SystemDice
from tests.unit.core.outbox.conftest import Post


def fail_for_now(payload: Mapping[str, object]) -> None:
    raise TransientFailure("SMTP 451 for the recipient")


def fail_for_ever(payload: Mapping[str, object]) -> None:
    raise PermanentFailure("SMTP 550 for the recipient")


def fail_with_the_payload(payload: Mapping[str, object]) -> None:
    raise LookupError(f"could not send {payload['text']}")


def let_it_die(post: Post) -> None:
    """Let days pass until nothing more is tried."""
    for _ in range(rules.MAX_ATTEMPTS + 3):
        post.worker.run_once()
        post.clock.let_pass(days=1)


def test_waits_before_the_next_try(post: Post) -> None:
    """A failed job is not tried again at once, and is when its time has come."""
    post.doorstep.first = fail_for_now
    post.put()
    post.worker.run_once()
    assert post.worker.run_once() == 0
    post.doorstep.first = lambda payload: None
    post.clock.let_pass(seconds=rules.FIRST_DELAY.total_seconds() * (1 + rules.JITTER) + 1)
    assert post.worker.run_once() == 1
    assert len(post.doorstep.payloads) == 1


def test_a_failure_may_say_when_it_is_worth_trying_again(post: Post) -> None:
    """What lives for minutes can't wait as a mail does."""

    def fail_for_seconds(payload: Mapping[str, object]) -> None:
        raise TransientFailure("busy", again_in=timedelta(seconds=4))

    post.doorstep.first = fail_for_seconds
    post.put()
    post.worker.run_once()
    post.clock.let_pass(seconds=3)
    assert post.worker.run_once() == 0
    post.clock.let_pass(seconds=1)
    assert post.worker.run_once() == 1


def test_same_id_at_every_try(post: Post) -> None:
    """The id, of which a mail makes its Message-ID, stays: a mail sent twice is known as one."""
    seen: list[object] = []

    def refuse(payload: Mapping[str, object]) -> None:
        seen.append((payload["job_id"], payload["queued_at"]))
        raise TransientFailure("no")

    post.doorstep.first = refuse
    post.put()
    post.worker.run_once()
    post.clock.let_pass(hours=1)
    post.worker.run_once()
    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_delays_grow() -> None:
    """Each wait is longer than the one before, whatever the dice say, and all make about a day."""
    delays = [rules.delay_after(n, roll=f"roll {n}") for n in range(1, rules.MAX_ATTEMPTS)]
    assert delays == sorted(delays)
    assert timedelta(hours=15) < sum(delays, timedelta()) < timedelta(hours=40)


def test_delays_differ() -> None:
    """What failed together does not come back together."""
    delays = {rules.delay_after(3, roll=f"roll {n}") for n in range(50)}
    assert len(delays) == 50
    usual = rules.FIRST_DELAY * rules.GROWTH**2
    assert all(abs(d - usual) <= usual * rules.JITTER + timedelta(seconds=1) for d in delays)


def test_dead_after_the_last_try(post: Post) -> None:
    """Ten tries, then the job is listed as dead with its reason and is left alone."""
    post.doorstep.first = fail_for_now
    job_id = post.put()
    let_it_die(post)
    assert len(post.doorstep.tries) == rules.MAX_ATTEMPTS
    [dead] = post.desk.list_dead()
    assert (dead.id, dead.attempts) == (job_id, rules.MAX_ATTEMPTS)
    assert dead.last_error == "SMTP 451 for the recipient"


def test_permanent_failure_is_dead_at_once(post: Post) -> None:
    """What never will work is not tried for a day."""
    post.doorstep.first = fail_for_ever
    post.put()
    let_it_die(post)
    assert len(post.doorstep.tries) == 1
    assert len(post.desk.list_dead()) == 1


def test_a_failure_does_not_hold_up_the_next(post: Post) -> None:
    """A job that can't be delivered leaves its neighbours their turn in the same round."""
    bad = post.put("bad")

    def refuse_one(payload: Mapping[str, object]) -> None:
        if payload["job_id"] == bad:
            raise RuntimeError("boom")

    post.doorstep.first = refuse_one
    good = post.put("good")
    post.worker.run_once()
    assert post.doorstep.job_ids == [good]


def test_no_payload_in_errors(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    """An error that quotes what it could not send reaches neither the log nor the database."""
    post.doorstep.first = fail_with_the_payload
    job_id = post.put("s3cret-link")
    with caplog.at_level(logging.DEBUG):
        let_it_die(post)
    assert job_id in caplog.text
    assert "s3cret-link" not in caplog.text
    assert post.row(job_id).last_error == "LookupError"


def test_revived(post: Post) -> None:
    """An operator sends a dead job again, with all its tries; its payload was kept."""
    post.doorstep.first = fail_for_ever
    job_id = post.put("late")
    post.worker.run_once()
    post.doorstep.first = lambda payload: None
    post.desk.retry(job_id, now=post.clock.now())
    post.worker.run_once()
    assert [payload["text"] for payload in post.doorstep.payloads] == ["late"]
    assert post.desk.list_dead() == []


def test_only_the_dead_are_revived(post: Post) -> None:
    """A job that is done, or unknown, can't be sent again by mistake."""
    job_id = post.put()
    post.worker.run_once()
    for each in (job_id, "no-such-job"):
        with pytest.raises(Missing):
            post.desk.retry(each, now=post.clock.now())


def test_lost_key_is_a_dead_letter(post: Post) -> None:
    """A job sealed under a key that is gone is dead, and stops no other."""
    job_id = post.put()
    stranger = type(post.worker)(
        post.db, post.clock, SystemDice(), Vault([Secret("another key")]), {"note": post.take}
    )
    stranger.run_once()
    assert [dead.id for dead in post.desk.list_dead()] == [job_id]
    assert post.doorstep.payloads == []


def test_purge(post: Post) -> None:
    """Done jobs go after a week, dead ones after a month; waiting ones never."""
    done = post.put()
    post.worker.run_once()
    post.doorstep.first = fail_for_ever
    dead = post.put()
    post.worker.run_once()
    waiting = post.put(due_at=post.clock.now().replace(year=2999))
    assert post.worker.purge() == 0
    post.clock.let_pass(days=8)
    assert post.worker.purge() == 1
    post.clock.let_pass(days=23)
    assert post.worker.purge() == 1
    lengths = dict(post.desk.queue_lengths())
    assert sum(lengths.values()) == 1
    assert post.row(waiting).state == "pending"
    assert done != dead

"""Several workers, and workers that are killed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

import sqlalchemy as sa

from portero.core.outbox import OutboxWorker, OutboxWorkers, rules
from portero.core.outbox.store import claim, outbox_jobs
from portero.kit.db import Tx
from portero.outside.clock import SystemDice
from tests.unit.core.outbox.conftest import KIND, Post


def test_two_workers_share_the_work(post: Post) -> None:
    """Of two workers that run at the same time, exactly one delivers each job."""
    sent = [post.put(str(n)) for n in range(60)]
    begin = threading.Barrier(2)

    def work(worker: OutboxWorker) -> None:
        begin.wait(10)
        while worker.run_once():
            pass

    workers = [post.another_worker(batch=3) for _ in range(2)]
    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    post.worker.run_once()  # a claim may have passed over rows that the other had locked
    assert Counter(post.doorstep.job_ids) == Counter(sent)


def lost_claim(post: Post) -> None:
    """What a worker that is killed after claiming leaves behind."""
    now = post.clock.now()

    def unit(tx: Tx) -> None:
        until = now + rules.LEASE
        assert claim(tx, kinds=[KIND], lease_id="lost", leased_until=until, now=now, most=5)

    post.db.write(unit)


def test_leased_job_is_left_alone(post: Post) -> None:
    """While a lease runs, nobody else takes the job."""
    post.put()
    lost_claim(post)
    assert post.worker.run_once() == 0


def test_killed_worker_gives_back(post: Post) -> None:
    """When the lease of a killed worker is over, another delivers the job, under the same id."""
    job_id = post.put()
    lost_claim(post)
    post.clock.let_pass(seconds=rules.LEASE.total_seconds() + 1)
    post.worker.run_once()
    assert post.doorstep.job_ids == [job_id]


def test_late_worker_changes_nothing(post: Post) -> None:
    """A worker that comes back after its lease was taken over can't undo what the other did."""
    job_id = post.put()

    def lose_the_lease(payload: Mapping[str, object]) -> None:
        post.doorstep.first = lambda payload: None
        post.clock.let_pass(seconds=rules.LEASE.total_seconds() + 1)
        post.another_worker().run_once()
        raise RuntimeError("and then it failed")

    post.doorstep.first = lose_the_lease
    post.worker.run_once()
    row = post.row(job_id)
    assert (row.state, row.last_error) == ("done", "")


def test_no_delivery_at_the_end_of_a_lease(post: Post) -> None:
    """A job whose lease is nearly over when its turn comes is given back: the delivery could end
    while another worker makes its own. The try does not count."""
    post.put("slow")
    late = post.put("late")

    def take_long(payload: Mapping[str, object]) -> None:
        post.clock.let_pass(seconds=rules.LEASE.total_seconds() - 60)

    post.doorstep.first = take_long
    post.worker.run_once()
    assert [payload["text"] for payload in post.doorstep.payloads] == ["slow"]
    assert (post.row(late).attempts, post.row(late).lease_id) == (0, None)


def test_deadly_job_is_given_up(post: Post) -> None:
    """A job that kills every worker does not do so for ever."""
    post.put()
    for _ in range(rules.MAX_ATTEMPTS):
        lost_claim(post)
        post.clock.let_pass(seconds=rules.LEASE.total_seconds() + 1)
    post.worker.run_once()
    assert post.doorstep.tries == []
    assert [dead.last_error for dead in post.desk.list_dead()] == ["no try ever came to an end"]


def test_unknown_kind_waits(post: Post) -> None:
    """An older version beside a newer one leaves the kinds that it does not know."""
    post.db.write(lambda tx: post.outbox.enqueue(tx, "newer", {}, now=post.clock.now()))
    assert post.worker.run_once() == 0


def test_stop_gives_back(post: Post) -> None:
    """What has not begun when the worker is told to stop is free for the next one at once."""
    job_id = post.put()
    stop = threading.Event()
    stop.set()
    post.worker.run_once(stop)
    post.another_worker().run_once()
    assert post.doorstep.job_ids == [job_id]


def test_no_transaction_during_a_delivery(post: Post) -> None:
    """A deliverer may write to the database: nothing is locked while it talks to a mail server."""
    inner: list[str] = []

    def write_meanwhile(payload: Mapping[str, object]) -> None:
        post.doorstep.first = lambda payload: None
        inner.append(post.put("another"))

    post.doorstep.first = write_meanwhile
    post.put()
    post.worker.run_once()
    post.worker.run_once()
    assert post.doorstep.job_ids[1:] == inner


def test_what_hangs_in_one_queue_holds_up_no_other(post: Post) -> None:
    """Each has a thread, and all of them end together."""
    stop, arrived, hangs, released = (threading.Event() for _ in range(4))
    post.doorstep.first = lambda payload: arrived.set()

    def hang(payload: Mapping[str, object]) -> None:
        hangs.set()
        assert released.wait(20)

    other = OutboxWorker(post.db, post.clock, SystemDice(), post.vault, {"call": hang})
    workers = OutboxWorkers(other, post.worker)
    post.db.write(lambda tx: post.outbox.enqueue(tx, "call", {}, now=post.clock.now()))
    thread = threading.Thread(target=workers.run, args=(stop, 3600.0))
    thread.start()
    try:
        assert hangs.wait(20)
        post.put()
        workers.wake()
        assert arrived.wait(20)
    finally:
        released.set()
        stop.set()
        workers.wake()
        thread.join(20)
    assert not thread.is_alive()
    assert workers.run_once() == 0


def test_wake(post: Post) -> None:
    """A job that is enqueued in this process goes at once, without waiting for the next poll."""
    stop, arrived = threading.Event(), threading.Event()
    post.doorstep.first = lambda payload: arrived.set()
    thread = threading.Thread(target=post.worker.run, args=(stop, 3600.0))
    thread.start()
    try:
        post.put()
        assert arrived.wait(20)
    finally:
        stop.set()
        post.worker.wake()
        thread.join(20)
    assert not thread.is_alive()


def test_a_rehearsal_takes_nothing(post: Post) -> None:
    """What is due is left for the worker, with all its tries, and can be claimed at once."""
    job_id = post.put()
    post.worker.rehearse()
    assert post.doorstep.job_ids == []
    assert post.db.read(lambda tx: tx.execute(sa.select(outbox_jobs.c.attempts)).scalar_one()) == 0
    assert post.worker.run_once() == 1
    assert post.doorstep.job_ids == [job_id]

"""A job is part of the verb's transaction, and nobody reads it in the database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from portero.core.outbox import JOB_ID
from portero.core.outbox.store import outbox_jobs
from portero.kit.secrets import Secret
from portero.kit.vault import Vault
from portero.outside.clock import SystemDice
from tests.unit.core.outbox.conftest import KIND, Post

LINK = "https://id.example/reset-password?token=K7dQw2Zr9xYpLm4TnB6v"


class Undone(Exception):
    pass


def everything_in(post: Post) -> str:
    rows = post.db.read(lambda tx: tx.execute(sa.select(outbox_jobs)).all())
    return repr(rows)


def test_delivered_as_enqueued(post: Post) -> None:
    """The deliverer gets the payload, with the job's id and the time of enqueueing added."""
    job_id = post.put("hello")
    assert post.worker.run_once() == 1
    [payload] = post.doorstep.payloads
    assert payload["text"] == "hello"
    assert payload[JOB_ID] == job_id


def test_undone_with_the_verb(post: Post) -> None:
    """A verb that fails leaves no job behind."""

    def unit(tx: sa.Connection) -> None:
        post.outbox.enqueue(tx, KIND, {"text": "never"}, now=post.clock.now())
        raise Undone

    with pytest.raises(Undone):
        post.db.write(unit)
    assert post.worker.run_once() == 0


def test_sealed_at_rest(post: Post) -> None:
    """A reset link waits in the database unreadable: whoever steals a backup resets nothing."""
    post.put(LINK)
    seen = everything_in(post)
    assert "note" in seen
    assert LINK not in seen
    assert "K7dQw2Zr9xYpLm4TnB6v" not in seen


def test_forgotten_when_done(post: Post) -> None:
    """What is delivered keeps its row for questions, and no payload, sealed or not."""
    job_id = post.put(LINK)
    post.worker.run_once()
    row = post.row(job_id)
    assert (row.state, row.payload_sealed) == ("done", "")


def test_not_before_it_is_due(post: Post) -> None:
    """A job for later waits for its moment."""
    post.put(due_at=post.clock.now().replace(year=2999))
    assert post.worker.run_once() == 0


def test_in_order(post: Post) -> None:
    """Jobs that are due leave in the order in which they were enqueued."""
    for text in "abc":
        post.put(text)
    post.worker.run_once()
    assert [payload["text"] for payload in post.doorstep.payloads] == ["a", "b", "c"]


@pytest.mark.parametrize("name", [JOB_ID, "queued_at"])
def test_reserved_names(post: Post, name: str) -> None:
    """A payload can't set what the worker adds: a forged id would make another Message-ID."""
    with pytest.raises(ValueError, match="added by the worker"):
        post.db.write(lambda tx: post.outbox.enqueue(tx, KIND, {name: "x"}, now=post.clock.now()))


def test_resealed_under_the_new_key(post: Post) -> None:
    """After SECRET_KEY was rotated and waiting jobs resealed, the old key can go."""
    post.put("old")
    old, new = Secret("a key of the outbox's tests, 32 bytes"), Secret("the key that came after it")
    desk = type(post.desk)(post.db, Vault([new, old]))
    assert (desk.reseal(), desk.reseal()) == (1, 0)
    worker = type(post.worker)(post.db, post.clock, SystemDice(), Vault([new]), {KIND: post.take})
    worker.run_once()
    assert [payload["text"] for payload in post.doorstep.payloads] == ["old"]

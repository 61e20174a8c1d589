"""SQLite has one writer at a time: its writers wait in line, and who is at the head of the line
writes for all who stand in it.

A durable commit waits for the disk, which takes longer than all statements of a sign-in. So the
one whose turn it is takes along whoever came while the last commit was waiting, and all of them
wait for the disk once. Nobody waits in order to be more: alone, a writer writes at once. The line
also keeps order, where SQLite's own busy handler sleeps blindly; that is left to other processes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, Final

MOST_TOGETHER: Final = 32


def _held_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class Job:
    """One unit of work and how it ended: with an `answer`, or with an `error`.

    `alone`: never together with others. `baton` is held until the job is done or `leads`.
    """

    unit: Callable[[Any], Any]
    alone: bool = False
    durable: bool = True
    answer: Any = None
    error: BaseException | None = None
    leads: bool = False
    context: Context = field(default_factory=copy_context)
    baton: threading.Lock = field(default_factory=_held_lock)

    def run(self, tx: Any) -> None:
        """In the context of the thread that came with it, whichever thread runs it."""
        self.answer = self.context.run(self.unit, tx)


class WaitedTooLong(Exception):
    """It was not this job's turn within the line's patience; it was not begun."""


class Line:
    """`write` does the jobs that it is given and notes how each ended; what it raises is the error
    of all of them. `patience` (seconds) is how long a job waits to be begun, if it isn't `alone`.
    """

    def __init__(self, write: Callable[[list[Job]], None], *, patience: float) -> None:
        self._write = write
        self._patience = patience
        self._mutex = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._is_busy = False

    def run(self, job: Job) -> Any:
        """The job's answer; raises its error, or `WaitedTooLong`."""
        with self._mutex:
            job.leads = not self._is_busy
            if job.leads:
                self._is_busy = True
            else:
                self._waiting.append(job)
        if not job.leads:
            self._await(job)
        if job.leads:
            self._lead(job)
        if job.error is not None:
            raise job.error
        return job.answer

    def _await(self, job: Job) -> None:
        if job.baton.acquire(timeout=-1 if job.alone else self._patience):
            return
        with self._mutex:
            if job in self._waiting:
                self._waiting.remove(job)
                raise WaitedTooLong
        job.baton.acquire()  # somebody took it along in this very moment

    def _lead(self, job: Job) -> None:
        jobs = [job] if job.alone else [job, *self._others()]
        try:
            self._write(jobs)
        except BaseException as error:
            for each in jobs:
                each.error = error
        finally:
            self._hand_on(jobs)

    def _others(self) -> list[Job]:
        others: list[Job] = []
        with self._mutex:
            while self._waiting and len(others) + 1 < MOST_TOGETHER:
                if self._waiting[0].alone:
                    break
                others.append(self._waiting.popleft())
        return others

    def _hand_on(self, jobs: list[Job]) -> None:
        with self._mutex:
            following = self._waiting.popleft() if self._waiting else None
            self._is_busy = following is not None
        if following is not None:
            following.leads = True
            following.baton.release()
        for done in jobs[1:]:
            done.baton.release()

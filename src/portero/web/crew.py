"""The bounded crew of threads that answers what may not run on the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from portero.kit.refusals import Busy

T = TypeVar("T")

_RETRY_AFTER_SECONDS: Final = 1


class CrewBusy(Busy):
    """Every thread works and the queue before them is full; nothing was begun."""

    code = "server_busy"


class Crew:
    """At most `threads` threads, with at most `queue` jobs waiting. One per event loop.

    Smaller and faster than `loop.run_in_executor`, which makes two futures per call and queues
    without limit. The threads are daemons: a call that hangs must not outlive the drain.
    """

    def __init__(self, *, threads: int, queue: int) -> None:
        self._most_threads = threads
        self._most_jobs = threads + queue
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads = 0  # this and the next are touched on the loop's thread only
        self._pending = 0

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """`work(*arguments)` on a thread; raises `CrewBusy` at once when there is no room.

        A caller that is cancelled while its job waits takes the job with it; a job that has
        begun goes on to its end, because half a verb would be worse than an unread answer.
        """
        if self._pending >= self._most_jobs:
            raise CrewBusy("all threads busy", retry_after_seconds=_RETRY_AFTER_SECONDS)
        loop = asyncio.get_running_loop()
        job = _Job(loop, loop.create_future(), work, arguments)
        self._pending += 1
        if self._threads < min(self._pending, self._most_threads):
            self._threads += 1
            threading.Thread(
                target=self._work, name=f"portero-web-{self._threads}", daemon=True
            ).start()
        self._jobs.put(job)
        answer: T = await job.future
        return answer

    def close(self) -> None:
        """Let each thread end after what it does now."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            answer, error = None, None
            if not job.future.cancelled():
                try:
                    answer = job.work(*job.arguments)
                except BaseException as raised:
                    error = raised
            try:
                job.loop.call_soon_threadsafe(self._settle, job, answer, error)
            except RuntimeError:
                return  # the loop is closed: the process is going away

    def _settle(self, job: _Job, answer: object, error: BaseException | None) -> None:
        self._pending -= 1
        if job.future.done():
            return  # nobody waits any more
        if error is None:
            job.future.set_result(answer)
        else:
            job.future.set_exception(error)


class _Job:
    __slots__ = ("arguments", "future", "loop", "work")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[Any],
        work: Callable[..., Any],
        arguments: tuple[Any, ...],
    ) -> None:
        self.loop = loop
        self.future = future
        self.work = work
        self.arguments = arguments

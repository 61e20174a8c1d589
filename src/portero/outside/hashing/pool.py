"""The hash pool: own threads, bounded by cores, memory and the length of the line before them.

A hash is 20 ms of one core and 19 MiB, so a flood of logins is a flood of both. The line costs a
caller two lock operations: CPU belongs to hashing. Argon2 and its kin run without the GIL, so
threads are enough, and token checks stay quick beside them.

Who is known (signed in, or in a browser that the account knows) goes before strangers, and some
places are kept for them: a list of stolen passwords fills the line within a second, and whoever
comes back each morning must not notice. One hash in four is a stranger's all the same, so that
nobody who is known keeps strangers out. In both lines the first to come is served first.

A hash leaves the CPU's caches full of its own memory, so what a sign-in does after it costs twice
what it costs right behind another one. In a crowd the ends of a few hashes are therefore told
together: that delays some strangers by a hash or two, and shortens the line that all wait in.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from math import ceil
from queue import SimpleQueue
from typing import Final, TypeVar, cast

from portero.core.factors.password.errors import HashQueueFull
from portero.core.factors.password.model import Verified
from portero.core.factors.password.room import for_strangers
from portero.kit.secrets import Secret
from portero.outside.hashing.argon2id import Argon2id, Argon2Params, Peppers
from portero.outside.hashing.memory import MemoryBudget
from portero.outside.hashing.registry import Registry

T = TypeVar("T")

_MEAN_WEIGHT: Final = 1 / 8  # of the newest job in the mean that Retry-After is made of
_TOGETHER: Final = 6  # hashes that are told at a time: the first pays for all, so more save little
_CROWD: Final = 4  # that many in line behind those that run
_FIRST_GUESS_SECONDS: Final = 0.05
_STRANGER_EACH: Final = 4


class HashPool:
    """Hashes and verifies passwords on its threads; the caller blocks until its turn is over.

    The threads are made on first use, and anew after a fork: a forked child has none of them.
    `pepper_fallbacks` are former peppers, whose hashes still verify and are then outdated.
    """

    def __init__(
        self,
        *,
        params: Argon2Params | None = None,
        pepper: Secret | None = None,
        pepper_fallbacks: Sequence[Secret] = (),
        memory_mib_cap: int = 512,
        queue: int = 64,
        threads: int | None = None,
    ) -> None:
        used = params or Argon2Params()
        peppers = (() if pepper is None else (pepper,)) + tuple(pepper_fallbacks)
        self._own = Argon2id(used, Peppers(peppers, peppered=pepper is not None))
        self._registry = Registry(self._own)
        self._own_kib = used.memory_kib
        self._memory_kib = memory_mib_cap * 1024
        at_once = self._memory_kib // used.memory_kib
        if at_once < 1:
            raise ValueError("the hash memory does not hold a single hash")
        self.threads = max(1, min(threads or len(os.sched_getaffinity(0)), at_once))
        self._queue = queue
        self._crew: _Crew | None = None
        self._crew_pid = 0
        self._making = threading.Lock()

    @property
    def current_scheme(self) -> str:
        return self._own.current_scheme

    def hash(self, password: str, *, known: bool = False) -> str:
        """A new argon2id encoding; raises `HashQueueFull`."""

        def make() -> str:
            with self._running_crew().memory.taken(self._own_kib):
                return self._own.make(password)

        return self._running_crew().run(make, known=known)

    def verify(self, password: str, encoded: str, *, known: bool = False) -> Verified:
        """Check a password; raises `UnknownHashFormat` and `HashQueueFull`."""
        scheme = self._registry.recognise(encoded)

        def check() -> Verified:
            with self._running_crew().memory.taken(scheme.memory_kib):
                began = time.perf_counter()
                ok = scheme.check(password)
                seconds = time.perf_counter() - began
            return Verified(ok, self._own.is_outdated(encoded), scheme.scheme, seconds)

        return self._running_crew().run(check, known=known)

    def scheme_of(self, encoded: str) -> str:
        """The label of scheme and cost, at no cost; raises `UnknownHashFormat`."""
        return self._registry.recognise(encoded).scheme

    def close(self) -> None:
        """End the threads after what waits now; a later call makes new ones."""
        with self._making:
            crew, self._crew = self._crew, None
        if crew is not None and self._crew_pid == os.getpid():
            crew.close()

    def _running_crew(self) -> _Crew:
        crew = self._crew
        if crew is not None and self._crew_pid == os.getpid():
            return crew
        with self._making:
            if self._crew is None or self._crew_pid != os.getpid():
                self._crew = _Crew(self.threads, self._queue, MemoryBudget(self._memory_kib))
                self._crew_pid = os.getpid()
            return self._crew


class _Job:
    """One piece of work; `done` is held until it is over."""

    __slots__ = ("done", "error", "is_known", "result", "work")

    def __init__(self, work: Callable[[], object], is_known: bool) -> None:
        self.work = work
        self.is_known = is_known
        self.result: object = None
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()


class _Crew:
    """The threads of one process and the two lines before them."""

    def __init__(self, threads: int, queue: int, memory: MemoryBudget) -> None:
        self.memory = memory
        self._known: deque[_Job] = deque()
        self._strangers: deque[_Job] = deque()
        self._waiting: SimpleQueue[bool] = SimpleQueue()  # True for each job, False to end
        self._turn = 0
        self._room = threads + queue
        self._kept = queue - for_strangers(queue)
        self._crowd = threads + _CROWD
        self._inside = 0
        self._finished: list[_Job] = []  # but not told yet
        self._mean_seconds = _FIRST_GUESS_SECONDS
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._serve, name=f"hash-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, work: Callable[[], T], *, known: bool = False) -> T:
        job = _Job(work, known)
        with self._lock:
            if self._inside >= (self._room if known else self._room - self._kept):
                wait = ceil(self._inside * self._mean_seconds / len(self._threads))
                raise HashQueueFull(
                    f"{self._inside} hashes wait or run", retry_after_seconds=max(1, wait)
                )
            self._inside += 1
            (self._known if known else self._strangers).append(job)
            self._waiting.put(True)
        job.done.acquire()
        if job.error is not None:
            raise job.error
        return cast("T", job.result)

    def close(self) -> None:
        for _ in self._threads:
            self._waiting.put(False)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while self._waiting.get():
            job = self._next()
            began = time.perf_counter()
            try:
                job.result = job.work()
            except BaseException as error:  # the caller's to raise; this thread goes on
                job.error = error
            seconds = time.perf_counter() - began
            for told in self._to_tell(job, seconds):
                told.done.release()

    def _next(self) -> _Job:
        with self._lock:
            self._turn = (self._turn + 1) % _STRANGER_EACH
            first, then = self._known, self._strangers
            if self._turn == 0:
                first, then = then, first
            return (first or then).popleft()

    def _to_tell(self, job: _Job, seconds: float) -> list[_Job]:
        """What is told its end after that job's: nothing yet while a crowd of strangers goes on,
        each of whom looks here again."""
        with self._lock:
            self._inside -= 1
            self._mean_seconds += _MEAN_WEIGHT * (seconds - self._mean_seconds)
            self._finished.append(job)
            is_early = len(self._finished) < _TOGETHER and self._inside >= self._crowd
            if is_early and not job.is_known:
                return []
            finished, self._finished = self._finished, []
            return finished

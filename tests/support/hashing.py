"""A hash pool that has no room left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.house import Home


@contextmanager
def full_hash_queue(home: Home) -> Iterator[None]:
    """Meanwhile every thread of the pool works, and one job waits: PORTERO_HASH_QUEUE=1."""
    hasher = home.house.hasher
    inside = hasher.threads + 1  # what runs and what may wait
    release, arrived = threading.Event(), threading.Semaphore(0)

    def occupy() -> None:
        def wait() -> None:
            arrived.release()
            release.wait(30)

        hasher._running_crew().run(wait)

    busy = [threading.Thread(target=occupy) for _ in range(inside)]
    for thread in busy:
        thread.start()
    try:
        for _ in range(hasher.threads):
            assert arrived.acquire(timeout=30)
        while hasher._running_crew()._inside < inside:
            assert release.wait(0.001) is False
        yield
    finally:
        release.set()
        for thread in busy:
            thread.join()

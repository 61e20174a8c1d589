"""Several workers that go on side by side: what hangs in one queue holds up no other."""

from __future__ import annotations

import threading

from portero.core.outbox.worker import OutboxWorker


class OutboxWorkers:
    """One for each queue, of kinds that wait for the same: a mail server, other people's servers.
    An application that does not answer must not keep a mail from anybody."""

    def __init__(self, *queues: OutboxWorker) -> None:
        self._queues = queues

    def run(self, stop: threading.Event, poll_seconds: float = 1.0) -> None:
        """Deliver, each queue on a thread of its own, until `stop` is set; set it, then `wake()`,
        to end after the jobs in hand."""
        threads = [
            threading.Thread(
                target=queue.run, args=(stop, poll_seconds), name=f"portero-outbox-{n}"
            )
            for n, queue in enumerate(self._queues)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def rehearse(self) -> None:
        """Ask what `run` asks, and take nothing."""
        for queue in self._queues:
            queue.rehearse()

    def wake(self) -> None:
        """Look for jobs now. Safe from any thread."""
        for queue in self._queues:
            queue.wake()

    def run_once(self) -> int:
        """One batch of each queue, one after the other; how many jobs were tried."""
        return sum(queue.run_once() for queue in self._queues)

    def purge(self) -> int:
        """Delete what was finished long ago; how many."""
        return self._queues[0].purge()  # of all of them: it is one table

"""The outbox: what must happen after a verb has committed, written in the verb's transaction.

Owns the table of jobs, the worker that delivers them at least once, and the list of those that
never could be. Does not know what a job is about: a room names a kind and enqueues, and wiring
gives the workers one deliverer per kind: what waits for different servers has different workers.
"""

from portero.core.outbox.flows import Outbox, OutboxDesk
from portero.core.outbox.model import (
    JOB_ID,
    QUEUED_AT,
    DeadJob,
    Deliverer,
    PermanentFailure,
    TransientFailure,
)
from portero.core.outbox.worker import OutboxWorker
from portero.core.outbox.workers import OutboxWorkers

__all__ = [
    "JOB_ID",
    "QUEUED_AT",
    "DeadJob",
    "Deliverer",
    "Outbox",
    "OutboxDesk",
    "OutboxWorker",
    "OutboxWorkers",
    "PermanentFailure",
    "TransientFailure",
]

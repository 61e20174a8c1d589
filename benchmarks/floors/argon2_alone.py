"""Argon2id and nothing else, on so many threads: `python -m benchmarks.floors.argon2_alone`.

The same library call and cost as Portero's own hashes, so that what it takes per hash is what no
server on this machine can do better.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass

from argon2.low_level import Type, hash_secret_raw

from benchmarks.report import ROOT


@dataclass(frozen=True, slots=True)
class Hashing:
    hashes: int
    wall_seconds: float
    cpu_seconds: float

    @property
    def cpu_per_hash(self) -> float:
        return self.cpu_seconds / self.hashes

    @property
    def per_second(self) -> float:
        return self.hashes / self.wall_seconds


def measure(
    *, seconds: float, threads: int, time_cost: int, memory_kib: int, parallelism: int
) -> Hashing:
    """In a process of its own, so that nothing of ours is in its memory."""
    job = [seconds, threads, time_cost, memory_kib, parallelism]
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.floors.argon2_alone", *map(str, job)], cwd=ROOT,
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return Hashing(**json.loads(ran.stdout))


def _hashed(
    seconds: float, threads: int, time_cost: int, memory_kib: int, parallelism: int
) -> Hashing:
    counts = [0] * threads
    cpu, began = time.process_time(), time.perf_counter()

    def work(number: int) -> None:
        while time.perf_counter() - began < seconds:
            hash_secret_raw(
                b"olive kettle wanders north",
                os.urandom(16),
                time_cost=time_cost,
                memory_cost=memory_kib,
                parallelism=parallelism,
                hash_len=32,
                type=Type.ID,
            )
            counts[number] += 1

    crew = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    return Hashing(sum(counts), time.perf_counter() - began, time.process_time() - cpu)


if __name__ == "__main__":
    print(json.dumps(asdict(_hashed(float(sys.argv[1]), *map(int, sys.argv[2:])))))

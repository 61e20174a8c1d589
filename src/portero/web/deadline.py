"""A deadline for what may have to wait, that costs nothing when it need not.

Nearly every body has arrived with its head. To set and to call off a timer for each of them would
cost more than to read it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives; raises TimeoutError when it has waited for longer. What it does before it
    waits for the first time is not limited: it can't be slow."""
    steps = work.__await__()
    try:
        awaited = next(steps)
    except StopIteration as done:
        result: T = done.value
        return result
    async with asyncio.timeout(seconds):
        return await _Rest(steps, awaited)


class _Rest(Generic[T]):
    """Awaits what was begun: `awaited` is what it waits for at present (PEP 380 says how)."""

    def __init__(self, steps: Generator[Any, Any, T], awaited: object) -> None:
        self._steps = steps
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, T]:
        steps, awaited = self._steps, self._awaited
        while True:
            raised = None
            try:
                yield awaited
            except BaseException as error:  # cancelled: the work hears of it
                raised = error
            try:
                awaited = next(steps) if raised is None else steps.throw(raised)
            except StopIteration as done:
                result: T = done.value
                return result

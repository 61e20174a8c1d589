"""A deadline that is set only for what has to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from portero.web.deadline import within

T = TypeVar("T")

LONG = 30.0  # seconds; never waited for


def ran(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, LONG))


async def three_steps() -> str:
    for _ in range(3):
        await asyncio.sleep(0)
    return "done"


def test_what_need_not_wait_has_no_deadline() -> None:
    """Even one that is over would not be noticed."""

    async def at_once() -> str:
        return "there"

    assert ran(within(-1.0, at_once())) == "there"


def test_what_waits_in_time_goes_on_to_its_end() -> None:
    assert ran(within(LONG, three_steps())) == "done"


@pytest.mark.parametrize("waits_first", [False, True])
def test_a_failure_is_the_caller_s(waits_first: bool) -> None:
    """Before the first wait and after it."""

    async def failing() -> None:
        if waits_first:
            await asyncio.sleep(0)
        raise LookupError

    with pytest.raises(LookupError):
        ran(within(LONG, failing()))


def test_what_waits_for_too_long_is_cancelled() -> None:
    """And can clean up, which may itself have to wait."""
    heard = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            heard.append(await three_steps())

    with pytest.raises(TimeoutError):
        ran(within(0.0, endless()))
    assert heard == ["done"]


def test_a_caller_that_goes_takes_the_work_along() -> None:
    """It is cancelled, and that is no deadline."""
    heard = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            heard.append("cancelled")
            raise

    async def goes() -> None:
        task = asyncio.create_task(within(LONG, endless()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    ran(goes())
    assert heard == ["cancelled"]

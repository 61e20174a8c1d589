"""The bounded threads: room, refusal, and who is left behind."""

from __future__ import annotations

import asyncio
import threading

import pytest

from portero.web.crew import Crew, CrewBusy


async def settle() -> None:
    """Let tasks that were just made reach their first wait."""
    await asyncio.sleep(0)


def test_work_runs_on_another_thread_and_its_answer_comes_back() -> None:
    """The loop's thread is never the one that works."""

    async def scene() -> tuple[int, int]:
        return await Crew(threads=1, queue=0).run(lambda x: (threading.get_ident(), x), 7)

    thread, echoed = asyncio.run(scene())
    assert thread != threading.get_ident()
    assert echoed == 7


def test_what_the_work_raises_is_raised_to_its_caller() -> None:
    """An exception crosses the threads as itself."""

    async def scene() -> None:
        await Crew(threads=1, queue=0).run(int, "not a number")

    with pytest.raises(ValueError, match="not a number"):
        asyncio.run(scene())


def test_beyond_threads_and_queue_it_refuses_at_once_and_then_has_room_again() -> None:
    """One works, one waits, the third is told to come again; once one ended there is room."""
    gate = threading.Event()

    async def scene() -> None:
        crew = Crew(threads=1, queue=1)
        held = [asyncio.create_task(crew.run(gate.wait)) for _ in range(2)]
        await settle()
        with pytest.raises(CrewBusy) as refused:
            await crew.run(int)
        assert refused.value.retry_after_seconds == 1
        gate.set()
        await asyncio.gather(*held)
        assert await crew.run(int) == 0

    asyncio.run(scene())


def test_a_caller_that_left_takes_its_waiting_work_with_it() -> None:
    """A queued job of a client that is gone is not run, and its place is free again."""
    gate, ran = threading.Event(), threading.Event()

    async def scene() -> None:
        crew = Crew(threads=1, queue=1)
        held = asyncio.create_task(crew.run(gate.wait))
        left = asyncio.create_task(crew.run(ran.set))
        await settle()
        left.cancel()
        await settle()
        gate.set()
        await held
        assert await crew.run(int) == 0  # behind the cancelled one in the queue

    asyncio.run(scene())
    assert not ran.is_set()


def test_threads_are_made_when_needed_and_never_more_than_allowed() -> None:
    """Three jobs at once on two threads; a single job at a time needs one."""

    async def names(crew: Crew, at_once: int) -> set[str]:
        barrier = threading.Barrier(min(at_once, 2))

        def work() -> str:
            barrier.wait(5)
            return threading.current_thread().name

        return set(await asyncio.gather(*[crew.run(work) for _ in range(at_once)]))

    async def scene() -> None:
        crew = Crew(threads=2, queue=4)
        assert len(await names(crew, 1)) == 1
        assert len(await names(crew, 1)) == 1
        assert len(await names(crew, 4)) == 2

    asyncio.run(scene())

"""Own hashes, peppers, and the pool that they run on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from portero.kit.secrets import Secret
from portero.outside.hashing import Argon2Params, HashPool, HashQueueFull
from portero.outside.hashing.memory import MemoryBudget
from portero.outside.hashing.pool import _Crew

QUICK = Argon2Params(time_cost=1, memory_kib=64)
OLD_PEPPER, NEW_PEPPER = Secret("old pepper " * 4), Secret("new pepper " * 4)


@pytest.fixture
def pool() -> Iterator[HashPool]:
    made = HashPool(params=QUICK, threads=2)
    yield made
    made.close()


@pytest.fixture
def crew() -> Iterator[_Crew]:
    made = _Crew(1, 1, MemoryBudget(1024))
    yield made
    made.close()


def using(pepper: Secret | None, *former: Secret) -> HashPool:
    return HashPool(params=QUICK, threads=1, pepper=pepper, pepper_fallbacks=former)


def test_a_hash_verifies_and_is_salted(pool: HashPool) -> None:
    """The same password gives another encoding each time."""
    first, second = pool.hash("one"), pool.hash("one")
    assert first != second
    assert first.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert (pool.verify("one", first).ok, pool.verify("one ", first).ok) == (True, False)


def test_another_cost_makes_a_hash_outdated(pool: HashPool) -> None:
    """Raised or lowered: the operator's present choice counts."""
    encoded = pool.hash("one")
    assert pool.verify("one", encoded).outdated is False
    for changed in (Argon2Params(time_cost=2, memory_kib=64), Argon2Params(memory_kib=128)):
        other = HashPool(params=changed, threads=1)
        found = other.verify("one", encoded)
        other.close()
        assert (found.ok, found.outdated) == (True, True)


def test_a_pepper_changes_the_hash_and_names_itself() -> None:
    """A stolen table without the pepper proves nothing."""
    encoded = using(NEW_PEPPER).hash("one")
    key_id = encoded.split(":")[1]
    assert encoded.startswith(f"hmac:{key_id}:$argon2id$")
    assert using(NEW_PEPPER).verify("one", encoded).ok
    assert not using(None).verify("one", encoded).ok
    assert not using(NEW_PEPPER).verify("one", encoded.split(":", 2)[2]).ok


def test_a_former_pepper_verifies_and_is_outdated() -> None:
    """Rotation: the new one first, the old one among the fallbacks."""
    encoded = using(OLD_PEPPER).hash("one")
    found = using(NEW_PEPPER, OLD_PEPPER).verify("one", encoded)
    assert (found.ok, found.outdated) == (True, True)
    assert not using(NEW_PEPPER, OLD_PEPPER).verify("two", encoded).ok


def test_introducing_and_removing_a_pepper_upgrades() -> None:
    """Both ways, no reset."""
    plain = using(None).hash("one")
    assert using(NEW_PEPPER).verify("one", plain).outdated
    peppered = using(OLD_PEPPER).hash("one")
    found = using(None, OLD_PEPPER).verify("one", peppered)
    assert (found.ok, found.outdated) == (True, True)


def test_a_short_pepper_is_refused() -> None:
    """It is a key; a word would fall with the table."""
    with pytest.raises(ValueError, match="32 bytes"):
        using(Secret("salt and pepper"))


def test_the_check_says_what_it_cost(pool: HashPool) -> None:
    """In its own time: the even timing of failures is made of it."""
    quick, slow = (f"pbkdf2_sha256${n}$salt${'A' * 43}=" for n in (1_000, 100_000))
    assert 0 < 5 * pool.verify("one", quick).seconds < pool.verify("one", slow).seconds


def test_the_line_is_first_come_first_served(crew: _Crew) -> None:
    """Whoever came first is served first."""
    crew._room = 100
    served: list[int] = []
    gate = threading.Event()
    with ThreadPoolExecutor(9) as callers:
        callers.submit(crew.run, gate.wait)
        for number in range(8):
            callers.submit(crew.run, partial(served.append, number))
            _until(partial(_holds, crew, number + 2))
        gate.set()
    assert served == list(range(8))


def test_who_is_known_goes_before_strangers_but_for_each_fourth(crew: _Crew) -> None:
    """A flood of strangers is not noticed by who is known; and who is known keeps nobody out."""
    crew._room = 100
    served: list[str] = []
    gate = threading.Event()
    with ThreadPoolExecutor(13) as callers:
        callers.submit(crew.run, gate.wait)
        for number in range(12):
            kind = "stranger" if number < 6 else "known"
            work = partial(served.append, kind)
            callers.submit(crew.run, work, known=kind == "known")
            _until(partial(_holds, crew, number + 2))
        gate.set()
    known, stranger = ["known"] * 3, ["stranger"]
    first = served.index("stranger")
    assert served[first : first + 4] == stranger + known
    assert served[:first] == known[:first]
    assert served.count("known") == 6
    assert served[-4:] == stranger * 4


def test_places_are_kept_for_who_is_known() -> None:
    """Four may wait; the last of those places is for nobody who is a stranger."""
    crew, gate = _Crew(1, 4, MemoryBudget(1024)), threading.Event()
    with ThreadPoolExecutor(5) as callers:
        for number in range(4):
            callers.submit(crew.run, gate.wait)
            _until(partial(_holds, crew, number + 1))
        with pytest.raises(HashQueueFull):
            crew.run(lambda: None)
        last = callers.submit(crew.run, lambda: "in", known=True)
        _until(partial(_holds, crew, 5))
        with pytest.raises(HashQueueFull):
            crew.run(lambda: None, known=True)
        gate.set()
        assert last.result(5) == "in"
    crew.close()


def test_in_a_crowd_a_few_are_told_together(crew: _Crew) -> None:
    """What comes after a hash is cheaper behind another one; and nobody is forgotten."""
    crew._room = 100
    told: list[int] = []
    held: list[int] = []  # how many were finished and not told, when each of the others ran
    gate = threading.Event()

    def call(number: int) -> None:
        crew.run(lambda: held.append(len(crew._finished)))
        told.append(number)

    with ThreadPoolExecutor(13) as callers:
        callers.submit(crew.run, gate.wait)
        for number in range(12):
            callers.submit(call, number)
            _until(partial(_holds, crew, number + 2))
        gate.set()
    assert held == [1, 2, 3, 4, 5, 0, 1, 2, 0, 0, 0, 0]  # the crowd is over with four in the line
    assert sorted(told) == list(range(12))


def test_a_few_are_told_at_once(crew: _Crew) -> None:
    """Without a crowd nobody waits for another one's hash."""
    crew._room = 100
    first, second = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as callers:
        quick = callers.submit(crew.run, first.wait)
        _until(partial(_holds, crew, 1))
        slow = callers.submit(crew.run, second.wait)
        _until(partial(_holds, crew, 2))
        first.set()
        assert quick.result(5) is True
        assert not slow.done()
        second.set()


def test_a_full_line_is_refused_at_once(crew: _Crew) -> None:
    """One runs, one waits, the third is told when to come back; afterwards there is room."""
    gate = threading.Event()
    with ThreadPoolExecutor(2) as callers:
        callers.submit(crew.run, gate.wait)
        callers.submit(crew.run, gate.wait)
        _until(partial(_holds, crew, 2))
        with pytest.raises(HashQueueFull) as caught:
            crew.run(lambda: None)
        gate.set()
    assert caught.value.retry_after_seconds is not None
    assert caught.value.retry_after_seconds >= 1
    assert crew.run(lambda: "room") == "room"


def test_an_error_is_the_callers_and_the_thread_goes_on(crew: _Crew) -> None:
    """One bad job must not end the only thread."""

    def fail() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        crew.run(fail)
    assert crew.run(lambda: 1) == 1


def test_memory_bounds_the_threads() -> None:
    """However many cores there are."""
    params = Argon2Params(memory_kib=20 * 1024)
    assert HashPool(params=params, memory_mib_cap=50, threads=8).threads == 2
    with pytest.raises(ValueError, match="single hash"):
        HashPool(params=params, memory_mib_cap=10)


def test_a_large_hash_waits_for_memory() -> None:
    """An imported 100 MiB hash runs when the others have given theirs back."""
    budget = MemoryBudget(100)
    entered = threading.Event()

    def large() -> None:
        with budget.taken(500):  # more than there is: all of it
            entered.set()

    with budget.taken(40):
        thread = threading.Thread(target=large)
        thread.start()
        assert not entered.wait(0.05)
    thread.join(5)
    assert entered.is_set()


def test_a_forked_child_makes_threads_of_its_own(pool: HashPool) -> None:
    """The parent's threads do not exist there: without new ones the child would wait for ever."""
    encoded = pool.hash("one")
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        ok = pool.verify("one", encoded).ok
        os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_closed_pool_opens_again(pool: HashPool) -> None:
    """Ending the threads loses nothing."""
    encoded = pool.hash("one")
    pool.close()
    assert pool.verify("one", encoded).ok


def _holds(crew: _Crew, jobs: int) -> bool:
    return crew._inside == jobs


def _until(reached: Callable[[], bool]) -> None:
    """Let other threads run until it is so; a test that waits for ever fails at 5 s."""
    turn = threading.Event()
    for _ in range(5000):
        if reached():
            return
        turn.wait(0.001)
    raise AssertionError("did not come to be")

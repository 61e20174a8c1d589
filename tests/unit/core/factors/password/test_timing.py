"""How long a failure lasts."""

from __future__ import annotations

from portero.core.factors.password.timing import EvenTime


class World:
    def __init__(self, **in_use: str) -> None:
        self.in_use = in_use
        self.seconds = 0.0
        self.looks = 0
        self.even = EvenTime(monotonic=lambda: self.seconds, current_scheme="own")

    def look(self) -> dict[str, str]:
        self.looks += 1
        return self.in_use

    def try_out(self, encoded: str) -> None:
        self.even.note(encoded, {"own": 0.02, "slow": 0.5}[encoded])

    def target(self) -> float:
        return self.even.target_seconds(self.look, self.try_out)


def test_only_the_current_scheme_means_no_wait() -> None:
    """Nothing to even out."""
    assert World(own="own").target() == 0.0


def test_a_slower_scheme_in_use_sets_the_time() -> None:
    """It is measured once, when first met, and the target is not below it."""
    assert 0.5 <= World(own="own", slow="slow").target() < 1.0


def test_a_scheme_that_takes_longer_now_raises_the_time() -> None:
    """Measurements under load count."""
    world = World(own="own", slow="slow")
    before = world.target()
    for _ in range(20):
        world.even.note("slow", 2.0)
    assert world.target() > 1.5 > before


def test_a_stalled_machine_does_not_stall_every_failure() -> None:
    """The target has a ceiling."""
    world = World(own="own", slow="slow")
    world.even.note("slow", 3600.0)
    assert world.target() == 5.0


def test_the_list_of_schemes_is_trusted_for_a_minute() -> None:
    """One look serves all failures within it; then the last upgrade ends the wait."""
    world = World(own="own", slow="slow")
    world.target()
    world.in_use = {"own": "own"}
    world.seconds = 59.0
    assert world.target() > 0.0
    assert world.looks == 1
    world.seconds = 61.0
    assert world.target() == 0.0


def test_a_scheme_that_was_not_listed_is_looked_for_at_once() -> None:
    """An import by another process evens out from its first failure."""
    world = World(own="own")
    world.target()
    world.in_use = {"own": "own", "slow": "slow"}
    world.even.distrust("slow")
    assert world.target() >= 0.5


def test_what_could_not_be_measured_is_tried_again_soon() -> None:
    """A full hash queue must not switch the even time off for a minute."""
    world = World(own="own", slow="slow")
    assert world.even.target_seconds(world.look, lambda _: None) == 0.0
    world.seconds = 2.0
    assert world.target() >= 0.5

"""The refusal that carries a puzzle."""

from __future__ import annotations

from portero.core.challenges.model import Puzzle
from portero.kit.refusals import Forbidden


class ChallengeRequired(Forbidden):
    """Nothing was tried and nothing counted: solve `puzzle` and send the same again with it."""

    code = "challenge_required"
    public = "There were many tries. Show that you are not a robot, and then try again."

    def __init__(self, detail: str, puzzle: Puzzle) -> None:
        super().__init__(detail)
        self.puzzle = puzzle


class TicketTooEarly(ChallengeRequired):
    """The ticket is not good yet; `puzzle` has the same one again."""

    code = "challenge_too_early"
    public = "That was too quick. Wait %(seconds)s seconds, and then try again."

    def __init__(self, detail: str, puzzle: Puzzle) -> None:
        super().__init__(detail, puzzle)
        self.values = {"seconds": puzzle.wait_seconds}

"""What a browser does with a puzzle."""

from __future__ import annotations

import altcha

from portero.core.challenges import Puzzle


def solved_puzzle(puzzle: Puzzle) -> str:
    """The value that the page's script puts into the form."""
    challenge = altcha.Challenge.from_dict(dict(puzzle.content))
    solution = altcha.solve_challenge(challenge)
    assert solution is not None
    return altcha.Payload(challenge, solution).to_base64()

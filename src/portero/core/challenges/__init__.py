"""Challenges: puzzles for whoever may be a robot.

Owns the rule of when one is asked for and how hard it is, the ticket of those who can't run
scripts, and that a solution is good once. What the puzzle is (ALTCHA, or a service elsewhere) is
behind a port; which counters make the pressure is the calling verb's.
"""

from portero.core.challenges.errors import ChallengeRequired
from portero.core.challenges.flows import ANSWERS_BY_ADDRESS, TICKETS_BY_ADDRESS, Challenges
from portero.core.challenges.model import Occasion, Pressure, Puzzle, Solved, Widget
from portero.core.challenges.ports import Gate

__all__ = [
    "ANSWERS_BY_ADDRESS",
    "TICKETS_BY_ADDRESS",
    "ChallengeRequired",
    "Challenges",
    "Gate",
    "Occasion",
    "Pressure",
    "Puzzle",
    "Solved",
    "Widget",
]

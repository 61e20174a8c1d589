"""Stuffing: whether a list of stolen passwords seems to be tried at the whole house.

Owns what is counted of password sign-ins, in windows of five minutes, the band in which that
usually lies, and the alarm that is on while it does not. Counts in memory; a step of the background
writes it, so that a sign-in costs no statement. Refuses nobody: `core/login` asks strangers for a
puzzle while the alarm is on. How often one account or address may try is `core/limits`.
"""

from portero.core.stuffing.flows import STEP_SECONDS, StuffingAlarm
from portero.core.stuffing.model import Band, Figures, Standing

__all__ = ["STEP_SECONDS", "Band", "Figures", "Standing", "StuffingAlarm"]

"""Settings: read once at the start, typed, refused with one clear sentence when they make no sense.

Owns where settings come from, what each one means, the rules between them and what counts as
development. Knows no room: wiring hands the single values on. `DECLARED` is the one table from
which `portero settings` and the reference page are made.

There is no pydantic-settings here on purpose: it would add its import time and memory to every
start of every command, and the rules that matter (two sources that contradict each other, a
key that nobody declared, a generated secret) would still be ours.
"""

from portero.settings.declared import DECLARED, Settings
from portero.settings.errors import SettingsError
from portero.settings.loading import load
from portero.settings.rows import Declared, Effective

__all__ = ["DECLARED", "Declared", "Effective", "Settings", "SettingsError", "load"]

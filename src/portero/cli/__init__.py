"""The command line: what operators do on the machine that Portero runs on.

One file per command group, imported when that group is called, so that `portero --help` costs
nothing. A command parses, opens the house, calls one verb of core and prints; it owns no rule.
Whoever can read the settings is an operator: there is no sign-in here.
"""

from portero.cli.program import main

__all__ = ["main"]

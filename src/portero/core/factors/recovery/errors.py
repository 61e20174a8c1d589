"""Refusals."""

from __future__ import annotations

from portero.kit.refusals import Conflict


class NothingToRecover(Conflict):
    code = "no_second_factor"
    public = "Set up a second step first: recovery codes are for when it is lost."

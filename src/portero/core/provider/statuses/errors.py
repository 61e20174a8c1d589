"""Refusals of the status list."""

from __future__ import annotations

from portero.kit.refusals import Busy


class StatusListFull(Busy):
    """More tokens live than a list may have indices; none is issued that couldn't be revoked."""

    code = "status_list_full"

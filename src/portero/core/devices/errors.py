"""Refusals."""

from __future__ import annotations

from portero.kit.refusals import Missing


class NoSuchDevice(Missing):
    code = "device_not_found"
    public = "This account knows no such device."

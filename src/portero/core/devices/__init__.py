"""Known devices: the browsers in which somebody has signed in to an account before.

Owns the table of which device cookie has been seen with which account, and for how long the owner
trusts a device to stand in for the second factor. What a device is trusted with is decided in
`core/login`; this room neither signs anybody in nor sets a cookie.
"""

from portero.core.devices.errors import NoSuchDevice
from portero.core.devices.flows import KnownDevices, marks_of
from portero.core.devices.model import Device

__all__ = ["Device", "KnownDevices", "NoSuchDevice", "marks_of"]

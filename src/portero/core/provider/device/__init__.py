"""Device authorization (RFC 8628): a television asks, and its owner says yes in a browser.

Owns one table of requests with two names each: a long one for the device, which asks the token
endpoint again and again, and a short one that a person types.
"""

from portero.core.provider.device.errors import UserCodeUnknown
from portero.core.provider.device.flows import Devices
from portero.core.provider.device.model import DeviceAsked, DeviceStarted
from portero.core.provider.device.rules import POLICIES, shown, typed
from portero.core.provider.device.store import purge

__all__ = [
    "POLICIES",
    "DeviceAsked",
    "DeviceStarted",
    "Devices",
    "UserCodeUnknown",
    "purge",
    "shown",
    "typed",
]

"""A device's request, from its start to the tokens."""

from __future__ import annotations

from dataclasses import dataclass

from portero.core.clients import Client
from portero.core.provider.polling import PolledRequest
from portero.kit.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest(PolledRequest):
    """`code_challenge` is the PKCE challenge that the device began with, '' for none."""

    code_challenge: str


@dataclass(frozen=True, slots=True)
class DeviceStarted:
    """What the device is told (RFC 8628 §3.2). Times in seconds."""

    device_code: Secret
    user_code: str
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True)
class DeviceAsked:
    """What the person is shown before deciding."""

    client: Client
    scope: tuple[str, ...]
    resources: tuple[str, ...]
    user_code: str

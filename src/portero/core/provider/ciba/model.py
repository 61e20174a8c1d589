"""A request for somebody, from its start to the person's answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portero.core.clients import Client
from portero.core.provider.polling import PolledRequest
from portero.kit.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class CibaRequest(PolledRequest):
    """`account_id` is whom it is meant for, from the start. `details` is what was asked for of
    `authorization_details` (RFC 9396). `ping_sealed` is what the application is rung up with,
    encrypted; '' for one that polls."""

    binding_message: str
    acr_values: tuple[str, ...]
    details: tuple[Mapping[str, Any], ...]
    ping_sealed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CibaStarted:
    """What the application is told (CIBA §7.3). Times in seconds."""

    auth_req_id: Secret
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CibaAsked:
    """What the person is shown before deciding."""

    id: str
    client: Client
    scope: tuple[str, ...]
    resources: tuple[str, ...]
    details: tuple[Mapping[str, Any], ...]
    binding_message: str

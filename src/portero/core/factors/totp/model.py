"""A kept secret."""

from __future__ import annotations

from dataclasses import dataclass

from portero.protocol.otp import TotpParameters


@dataclass(frozen=True, slots=True)
class TotpSecret:
    """`last_step` is the time step of the last code that was accepted."""

    authenticator_id: str
    sealed: str
    parameters: TotpParameters
    last_step: int

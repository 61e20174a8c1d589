"""A signing key and the times of its life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portero.protocol.jose.algorithms import PrivateKey, SigningAlg


class KeyState(StrEnum):
    NEXT = "next"  # published, does not sign yet
    CURRENT = "current"  # signs
    RETIRED = "retired"  # signs no more; its tokens can still live
    GONE = "gone"  # no token of it lives; no longer published


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key as it is stored. Its state follows from its times alone, so that no schedule has to
    run for it to change. `generation` counts up per algorithm and is unique with it: two
    processes that make "the next key" at once make one."""

    kid: str
    alg: SigningAlg
    generation: int
    public_jwk: Mapping[str, str]
    private_sealed: str
    created_at: datetime
    activates_at: datetime
    retires_at: datetime | None = None
    gone_at: datetime | None = None

    def state(self, now: datetime) -> KeyState:
        if self.gone_at is not None and now >= self.gone_at:
            return KeyState.GONE
        if self.retires_at is not None and now >= self.retires_at:
            return KeyState.RETIRED
        return KeyState.CURRENT if now >= self.activates_at else KeyState.NEXT


@dataclass(frozen=True, slots=True)
class Signer:
    """A loaded key that may sign now."""

    kid: str
    alg: SigningAlg
    key: PrivateKey

"""What happens to signing keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCreated(Event):
    """A signing key was made and published."""

    kind: ClassVar[str] = "key.created"
    kid: str
    alg: str
    activates_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysResealed(Event):
    """Everything sealed under an older SECRET_KEY was sealed anew under the present one."""

    kind: ClassVar[str] = "key.resealed"
    count: int

"""Puzzles of proof of work, by ALTCHA (v2): the browser looks for the counter whose key, derived by
PBKDF2, begins as the puzzle says. Solving costs work, making costs one derivation, and telling
whether it was solved costs one HMAC.

PBKDF2 and not plain SHA-256, because browsers compute it natively: a robot's own program gains less
on them. The signed data says what the puzzle is for and until when; nothing is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from portero.core.challenges import Solved

if TYPE_CHECKING:
    import altcha

_ALGORITHM: Final = "PBKDF2/SHA-256"
_ITERATIONS: Final = 2000  # about half a millisecond natively, one in a browser
# Counters of level 0: about half a second of one core in a browser.
_COUNTERS: Final = 400
_MAX_CHARACTERS: Final = 4096


class Altcha:
    """`keys` are derived from SECRET_KEY and its fallbacks, the present one first."""

    kind = "altcha"
    widget = None

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    def make(self, about: str, level: int, *, expires_at: datetime) -> Mapping[str, Any]:
        import altcha  # its imports take time that most starts need not spend

        most = _COUNTERS << level
        made = altcha.create_challenge(
            _ALGORITHM,
            _ITERATIONS,
            # In the second half, so that the bar's pace is true and luck saves nobody the work.
            counter=most // 2 + secrets.randbelow(most // 2),
            data={
                "about": about,
                "level": level,
                "most": most,
                "until": int(expires_at.timestamp()),
            },
            hmac_secret=_signing(self._keys[0]),
            hmac_key_secret=_proving(self._keys[0]),
        )
        return made.to_dict()

    def judge(self, given: str, *, now: datetime, address: str) -> Solved | None:
        if len(given) > _MAX_CHARACTERS:
            return None
        import altcha

        try:
            payload = altcha.Payload.from_base64(given)
        except (ValueError, KeyError, TypeError, RecursionError, AttributeError):
            return None
        if not any(_holds(payload, key) for key in self._keys):
            return None
        # Ours, since the signature holds.
        data: dict[str, Any] = payload.challenge.parameters.data or {}
        until = datetime.fromtimestamp(data["until"], UTC)
        if now >= until:
            return None
        signature = str(payload.challenge.signature)
        return Solved(signature, data["about"], data["level"], until)


def _holds(payload: altcha.Payload, key: bytes) -> bool:
    import altcha

    result = altcha.verify_solution(payload, _signing(key), hmac_key_secret=_proving(key))
    return result.verified


def _signing(key: bytes) -> bytes:
    return hmac.digest(key, b"puzzle", hashlib.sha256)


def _proving(key: bytes) -> bytes:
    return hmac.digest(key, b"solution", hashlib.sha256)

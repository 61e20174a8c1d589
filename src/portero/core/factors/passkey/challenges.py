"""Challenges that nobody has to keep: what one is for and until when is in it, under a MAC.

Only those that were answered are written down, so that each is answered once; whoever loads the
sign-in page a million times writes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from portero.core.factors.passkey.model import Purpose
from portero.kit.ports import Dice
from portero.kit.secrets import same_secret
from portero.protocol.webauthn.model import CeremonyRefused, Reason
from portero.protocol.webauthn.reading import decoded, encoded

# To find the phone or the key and touch it: the middle of what WebAuthn L3 §15.1 recommends.
CHALLENGE_LIFETIME: Final = timedelta(minutes=10)
# WebAuthn L3 §13.4.3 asks for 16 bytes that nobody can guess.
_RANDOM_BITS: Final = 128
_UNTIL_BYTES: Final = 8
_MAC_BYTES: Final = 32


class Challenges:
    def __init__(self, keys: Sequence[bytes], dice: Dice) -> None:
        """`keys` are derived from SECRET_KEY and its fallbacks, the present one first."""
        self._keys = tuple(keys)
        self._dice = dice

    def make(self, purpose: Purpose, *bound_to: str, now: datetime) -> str:
        """A challenge for whatever it is bound to: a browser, a sign-in under way, a session."""
        until = int((now + CHALLENGE_LIFETIME).timestamp())
        head = decoded(self._dice.token(_RANDOM_BITS)) + until.to_bytes(_UNTIL_BYTES, "big")
        return encoded(head + _mac(self._keys[0], head, purpose, bound_to))

    def check(self, challenge: str, purpose: Purpose, *bound_to: str, now: datetime) -> datetime:
        """Until when it must be remembered as spent; raises `CeremonyRefused` for one that is not
        ours, is for something or somebody else, or is too old."""
        content = decoded(challenge)
        head, mac = content[:-_MAC_BYTES], content[-_MAC_BYTES:]
        if not any(same_secret(mac, _mac(key, head, purpose, bound_to)) for key in self._keys):
            raise CeremonyRefused(Reason.CHALLENGE, "not ours, or for something else")
        until = datetime.fromtimestamp(int.from_bytes(head[-_UNTIL_BYTES:], "big"), UTC)
        if until <= now:
            raise CeremonyRefused(Reason.CHALLENGE, "too old")
        return until


def _mac(key: bytes, head: bytes, purpose: Purpose, bound_to: Sequence[str]) -> bytes:
    # Each part with its length before it, so that ("ab", "c") and ("a", "bc") differ.
    parts = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in bound_to)
    return hmac.digest(key, head + purpose.encode() + b"\0" + parts, hashlib.sha256)

"""The proofs that this process has seen, for as long as each could be shown again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime
from hashlib import sha256
from typing import Final

from portero_guard.dpop import CheckedProof

# proofs; about 13 MB when full, and 430 requests a second for the two minutes of a proof
PROOFS_REMEMBERED: Final = 65_536


class SpentProofs:
    """Thread-safe, at most `capacity` proofs. Beyond that the oldest is forgotten: refusing would
    let one busy client shut out all others, and whoever shows a proof again needs its token too.

    One process knows nothing of the next: where a proof must be good once among all workers, give
    the guard a `spend_proof` of your own, over a store that they share.
    """

    def __init__(self, *, capacity: int = PROOFS_REMEMBERED) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._spent: OrderedDict[bytes, datetime] = OrderedDict()

    def spend(self, proof: CheckedProof, now: datetime) -> bool:
        """Whether it was never shown here before; of parallel tries exactly one is told so."""
        # With the key in it: two clients may choose one jti.
        name = sha256(f"{proof.jkt}\0{proof.jti}".encode()).digest()
        with self._lock:
            self._forget(now)
            until = self._spent.get(name)
            if until is not None and now <= until:
                return False
            self._spent[name] = proof.expires_at
            self._spent.move_to_end(name)
            if len(self._spent) > self._capacity:
                self._spent.popitem(last=False)
            return True

    def _forget(self, now: datetime) -> None:
        """Drop what is too old by now. They lie nearly in the order of their ends."""
        while self._spent:
            name, until = next(iter(self._spent.items()))
            if now <= until:
                return
            del self._spent[name]

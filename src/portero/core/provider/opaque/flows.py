"""Make an opaque access token, and find what it says: by one statement, then from memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from portero.core.provider.opaque import store
from portero.core.provider.opaque.model import PREFIX
from portero.kit.db import Database, Tx
from portero.kit.ports import Dice
from portero.kit.secrets import Secret, fingerprint
from portero_guard.errors import TokenRefused

# About 3 kB each with their claims, as those of JWTs.
_CACHE_CAPACITY: Final = 4096


class OpaqueTokens:
    """The memory holds hashes, so that a dump of it holds no token. It says only what a token said
    when it was issued; whether that has ended since, `TokenCheck` asks `Liveness` at each use, so a
    revocation need not find its way into this memory."""

    def __init__(self, *, db: Database, dice: Dice, capacity: int = _CACHE_CAPACITY) -> None:
        self._db = db
        self._dice = dice
        self._capacity = capacity
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Mapping[str, Any]] = OrderedDict()

    def issue(self, claims: Mapping[str, Any]) -> Secret:
        """A new token that stands for the claims. Its transaction is one of its own, after that of
        the grant: a crash between the two leaves a token that nobody has, as a JWT would."""
        token = PREFIX + self._dice.token()
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        self._db.write(lambda tx: store.add(tx, fingerprint(token), claims, expires_at=expires_at))
        return Secret(token)

    def claims_of(self, unverified_token: str, *, now: datetime) -> Mapping[str, Any]:
        """What it says; raises `TokenRefused`. One statement, and none once it is in memory."""
        token_hash = fingerprint(unverified_token)
        with self._lock:
            known = self._known.get(token_hash)
            if known is not None:
                self._known.move_to_end(token_hash)
                return known
        found = self._db.read(lambda tx: store.find(tx, token_hash, now=now))
        if found is None:
            # Not remembered: a flood of garbage must not push out good ones.
            raise TokenRefused("no such opaque token, or it is over")
        with self._lock:
            self._known[token_hash] = found
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return found

    def forget_in(self, tx: Tx, token: str) -> None:
        """It is revoked."""
        store.forget(tx, fingerprint(token))

    def __len__(self) -> int:
        return len(self._known)

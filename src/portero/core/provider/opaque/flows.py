"""Make an opaque access token, and find what it says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from portero.core.provider.opaque import store
from portero.core.provider.opaque.model import PREFIX
from portero.kit.db import Database, Tx
from portero.kit.ports import Dice
from portero.kit.secrets import Secret, fingerprint
from portero_guard.errors import TokenRefused


class OpaqueTokens:
    def __init__(self, *, db: Database, dice: Dice) -> None:
        self._db = db
        self._dice = dice

    def issue(self, claims: Mapping[str, Any]) -> Secret:
        """A new token that stands for the claims. Its transaction is one of its own, after that of
        the grant: a crash between the two leaves a token that nobody has, as a JWT would."""
        token = PREFIX + self._dice.token()
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        self._db.write(lambda tx: store.add(tx, fingerprint(token), claims, expires_at=expires_at))
        return Secret(token)

    def claims_of(self, unverified_token: str, *, now: datetime) -> Mapping[str, Any]:
        """What it said when it was issued; raises `TokenRefused`. One statement: `TokenCheck`
        remembers it, and asks `Liveness` at each use whether that has ended since."""
        token_hash = fingerprint(unverified_token)
        found = self._db.read(lambda tx: store.find(tx, token_hash, now=now))
        if found is None:
            raise TokenRefused("no such opaque token, or it is over")
        return found

    def forget_in(self, tx: Tx, token: str) -> None:
        """It is revoked."""
        store.forget(tx, fingerprint(token))

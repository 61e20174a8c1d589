"""Making refresh tokens. 256 random bits, stored as their hash.

The successor of a token is HMAC(derived key, token): it can be told again to whoever holds the
predecessor, without lying anywhere in clear.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Final

from portero.core.provider import store
from portero.core.provider.model import Grant, TokenLifetimes
from portero.kit.base64url import base64url
from portero.kit.db import Tx
from portero.kit.ports import Dice
from portero.kit.secrets import Secret, fingerprint
from portero.kit.vault import Vault

_SUCCESSOR_PURPOSE: Final = "refresh-successor"


class RefreshTokens:
    def __init__(self, *, dice: Dice, vault: Vault, lifetimes: TokenLifetimes) -> None:
        self._dice = dice
        self._vault = vault
        self._lifetimes = lifetimes

    def first_in(self, tx: Tx, grant: Grant, *, now: datetime) -> Secret:
        """The first one of a grant."""
        return self._kept(tx, self._dice.token(), grant, now)

    def next_in(self, tx: Tx, spent: str, grant: Grant, *, now: datetime) -> Secret:
        """The successor of a token that this transaction has spent."""
        return self._kept(tx, self._successors(spent)[0], grant, now)

    def told_again_in(self, tx: Tx, spent: str, grant_id: str, *, now: datetime) -> Secret | None:
        """The successor that was issued for this token before, if nobody has used it yet.

        Tried under each configured SECRET_KEY, so that a rotation between the lost answer and the
        second try signs nobody out.
        """
        for token in self._successors(spent):
            if store.is_unspent(tx, fingerprint(token), grant_id, now=now):
                return Secret(token)
        return None

    def prolong_in(self, tx: Tx, token: str, grant: Grant, *, now: datetime) -> None:
        """One that stays when it is used does not expire as if it were not."""
        store.prolong_refresh(tx, fingerprint(token), expires_at=self._end(grant, now))

    def _kept(self, tx: Tx, token: str, grant: Grant, now: datetime) -> Secret:
        end = self._end(grant, now)
        store.add_refresh(tx, fingerprint(token), grant, now=now, expires_at=end)
        return Secret(token)

    def _end(self, grant: Grant, now: datetime) -> datetime:
        return min(now + timedelta(seconds=self._lifetimes.refresh_idle_seconds), grant.expires_at)

    def _successors(self, token: str) -> list[str]:
        return [
            base64url(hmac.digest(key, token.encode(), "sha256"))
            for key in self._vault.keys(_SUCCESSOR_PURPOSE)
        ]

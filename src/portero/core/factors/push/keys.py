"""This service's own key pair, by which push services know its messages (VAPID, RFC 8292).

Made when it is first needed. A browser subscribes for this key alone: with another one every
subscription would be lost, so it is never rotated.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from portero.core.factors.push import store
from portero.core.keys.ports import KeyMaker
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.vault import Vault
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwk import private_bytes, private_key_of
from portero.protocol.web_push import point_of, text

_CONTEXT = "push_keys"


class VapidKeys:
    def __init__(self, *, db: Database, clock: Clock, vault: Vault, maker: KeyMaker) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._maker = maker
        self._loaded: EllipticCurvePrivateKey | None = None

    def key(self) -> EllipticCurvePrivateKey:
        """Of processes that need the first one at once, all get the same."""
        if self._loaded is None:
            sealed = self._db.read(store.find_key) or self._make()
            der = self._vault.open(sealed, context=_CONTEXT)
            found = private_key_of(der, alg=SigningAlg.ES256)
            if not isinstance(found, EllipticCurvePrivateKey):
                raise TypeError("ES256 is over P-256")
            self._loaded = found
        return self._loaded

    def public(self) -> str:
        """What a browser subscribes with (`applicationServerKey`), base64url."""
        return text(point_of(self.key().public_key()))

    def _make(self) -> str:
        made = private_bytes(self._maker.make(SigningAlg.ES256))
        sealed, now = self._vault.seal(made, context=_CONTEXT), self._clock.now()
        return self._db.write(lambda tx: store.put_key(tx, sealed, now=now))

    def reseal(self) -> int:
        """Under the present SECRET_KEY; how many were changed."""
        old = self._db.read(store.find_key)
        if old is None or old.startswith(f"{self._vault.key_id}."):
            return 0
        new = self._vault.seal(self._vault.open(old, context=_CONTEXT), context=_CONTEXT)
        unit: Callable[[Tx], bool] = lambda tx: store.reseal_key(tx, old=old, new=new)  # noqa: E731
        return int(self._db.write(unit))

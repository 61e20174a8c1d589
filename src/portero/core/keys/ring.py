"""Each process's loaded keys. Nothing on a hot path reads a key from the database or parses one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portero.core.keys import rules, store
from portero.core.keys.errors import NoSigningKey
from portero.core.keys.model import KeyRecord, Signer
from portero.kit.db import Database
from portero.kit.vault import Vault
from portero.protocol.jose.algorithms import PublicKey, SigningAlg
from portero.protocol.jose.jwk import private_key_of, public_key_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A published key as a checker needs it."""

    kid: str
    alg: SigningAlg
    key: PublicKey


class _Present:
    """The states of the keys, worked out once for as long as no clock changes one."""

    def __init__(self, records: tuple[KeyRecord, ...], now: datetime) -> None:
        published = rules.published(records, now)
        self.records = records
        self.published = {record.kid: record for record in published}
        self.jwks = tuple(dict(record.public_jwk) for record in reversed(published))
        self.current = {alg: rules.current(records, alg, now) for alg in SigningAlg}
        self._since, self._until = now, rules.next_change(records, now)

    def holds_at(self, now: datetime) -> bool:
        # A clock may be set back.
        return self._since <= now and (self._until is None or now < self._until)


def seal_context(kid: str) -> str:
    """What a sealed private key is bound to: it opens for no other kid."""
    return f"signing_keys:{kid}"


class KeyRing:
    """`reload` is for the thread that hears of a change, and for the care of each worker. What asks
    for a key waits for no statement, except the very first time where nobody has loaded them."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault
        self._lock = threading.Lock()
        self._records: tuple[KeyRecord, ...] | None = None
        self._present: _Present | None = None
        self._outdated = False
        self._signers: dict[str, Signer] = {}
        self._public: dict[str, PublicKey] = {}

    def reload(self) -> None:
        """Read the table, then swap. When it can't be read the former keys stay: with them every
        token of theirs is still checked, with none nobody is let in. `catch_up` tries again."""
        try:
            self._load()
        except Exception:
            log.exception("the signing keys could not be read; those of before stay in use")
            self._outdated = True

    def catch_up(self) -> None:
        """Reload if the last time failed: the change that asked for it is not told again."""
        if self._outdated:
            self.reload()

    def signer(self, alg: SigningAlg, now: datetime) -> Signer:
        """The key that signs now; raises `NoSigningKey`."""
        record = self._at(now).current[alg]
        if record is None:
            raise NoSigningKey(f"no current key for {alg}")
        signer = self._signers.get(record.kid)
        if signer is None:
            der = self._vault.open(record.private_sealed, context=seal_context(record.kid))
            signer = Signer(record.kid, alg, private_key_of(der, alg=alg))
            self._signers[record.kid] = signer
        return signer

    def published_jwks(self, now: datetime) -> tuple[Mapping[str, str], ...]:
        """The public keys of the JWK set, newest first; the same object while nothing changes."""
        return self._at(now).jwks

    def verification_key(self, kid: str, now: datetime) -> VerificationKey | None:
        """One published key; None when unknown or gone."""
        record = self._at(now).published.get(kid)
        if record is None:
            return None
        return VerificationKey(kid, record.alg, self._public_key(record))

    def is_published(self, kid: str, now: datetime) -> bool:
        """Whether `verification_key` would find it."""
        return kid in self._at(now).published

    def former_key(self, kid: str) -> VerificationKey | None:
        """The same, and also one that went in its time: what it signed was ours, whatever it is
        worth by now. Not one that leaked."""
        record = next((each for each in self._known() if each.kid == kid), None)
        if record is None or rules.was_withdrawn(record, self._known()):
            return None
        return VerificationKey(kid, record.alg, self._public_key(record))

    def _public_key(self, record: KeyRecord) -> PublicKey:
        key = self._public.get(record.kid)
        if key is None:
            key = self._public[record.kid] = public_key_of(record.public_jwk)
        return key

    def _at(self, now: datetime) -> _Present:
        records, present = self._known(), self._present
        if present is None or present.records is not records or not present.holds_at(now):
            present = self._present = _Present(records, now)
        return present

    def _known(self) -> tuple[KeyRecord, ...]:
        records = self._records
        return self._load() if records is None else records

    def _load(self) -> tuple[KeyRecord, ...]:
        with self._lock:  # the read too: of two, the one that read later must swap later
            records = self._records = tuple(self._db.read(store.list_keys))
            self._outdated = False
            return records

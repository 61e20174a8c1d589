"""Leasing indices, and making the signed list of those that are revoked.

The list is computed when it is asked for, from what the verbs have noted in their own transactions
(ends of sessions, grants and accounts, the state of clients, single revoked tokens). Nothing has to
be written to a list at a revocation, so nothing can be forgotten there. Each process makes it at
most once in `StatusTimes.kept_seconds` and serves it from memory.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from portero.core.keys.ring import KeyRing
from portero.core.provider.errors import RefreshRefused
from portero.core.provider.statuses import store
from portero.core.provider.statuses.errors import StatusListFull
from portero.core.provider.statuses.model import SLACK, USE, Holder, SignedList, StatusTimes
from portero.kit import waiting
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwt import sign
from portero.protocol.oauth.errors import OAuthRefusal
from portero.protocol.oauth.status_list import (
    STATUS_LIST_TYPE,
    list_size,
    packed,
    status_claim,
    status_index,
    status_list_claims,
)

# Blocks leased at once to a client that used up its last ones in time: it doubles up to here, so
# that 5000 tokens a second lease once in 0.8 s, and a client with one token an hour wastes little.
_MOST_BLOCKS: Final = 16
# A guard inflates 8 MB of list and no more. It is 32 million live tokens: `list_size` doubles.
_MOST_INDICES: Final = 2**25
# Of the processes that want the same new block one gets it: as many tries as there may be of them.
_ATTEMPTS: Final = 64


@dataclass(slots=True)
class _Lease:
    """The indices of one client that this process may still give out; `firsts` are those of its
    blocks."""

    firsts: frozenset[int]
    indices: list[int]
    use_until: datetime
    blocks: int


class StatusList:
    """Thread-safe; one per process."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        ring: KeyRing,
        issuer: str,
        uri: str,
        times: StatusTimes,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ring = ring
        self._issuer = issuer
        self.uri = uri
        self.times = times
        self._leasing = threading.Lock()
        self._leases: dict[str, _Lease] = {}
        self._making = threading.Lock()
        self._made: tuple[SignedList, datetime] | None = None

    # --- indices ------------------------------------------------------------------------------

    def next_index(self, client_id: str, now: datetime) -> int:
        """An index for a token of that client, which no other live token has. One statement for
        hundreds of them; never call it inside a transaction, because it has one of its own.
        Raises `StatusListFull` or `DatabaseUnavailable`: what can't be revoked is not issued."""
        with waiting.Holding(self._leasing):
            lease = self._leases.get(client_id)
            if lease is None or not lease.indices or now >= lease.use_until:
                lease = self._leases[client_id] = self._leased(client_id, lease, now)
                self._forget_old(now)
            return lease.indices.pop()

    @contextmanager
    def place(self, client_id: str, now: datetime) -> Iterator[int]:
        """`next_index` around the verb that may issue a token: a refusal gives the index back, else
        made-up codes would use up the list. Another failure does not: the token may be out."""
        index = self.next_index(client_id, now)
        try:
            yield index
        except (OAuthRefusal, RefreshRefused):
            self.give_back(client_id, index, now)
            raise

    def claim(self, index: int) -> Mapping[str, Any]:
        """What the token says of it: the member `status`."""
        return status_claim(index, self.uri)

    def keep_in(self, tx: Tx, index: int, holder: Holder, *, issued_at: datetime) -> None:
        """Note whose token it is, in the transaction that issues it. For tokens with a person; a
        client's own need no row."""
        until = issued_at + timedelta(seconds=self.times.access_seconds) + SLACK
        store.keep(tx, index, holder, issued_at=issued_at, until=until)

    def revoke_in(self, tx: Tx, checked_claims: Mapping[str, Any], *, expires_at: datetime) -> None:
        """End the one token that says this, in the verb's transaction. One of before there was a
        list has no place in it."""
        index = status_index(checked_claims, self.uri)
        if index is not None:
            store.revoke(tx, index, until=expires_at + SLACK)

    def give_back(self, client_id: str, index: int, now: datetime) -> None:
        """Into the lease that it came from, and no later one: its block ends with that lease."""
        with self._leasing:
            lease = self._leases.get(client_id)
            block = index - index % store.BLOCK_SIZE
            if lease is not None and block in lease.firsts and now < lease.use_until:
                lease.indices.append(index)

    def _leased(self, client_id: str, former: _Lease | None, now: datetime) -> _Lease:
        used_up = former is not None and now < former.use_until
        blocks = min(_MOST_BLOCKS, former.blocks * 2) if former is not None and used_up else 1
        until = now + self.times.block_lifetime
        for _ in range(_ATTEMPTS):
            firsts = self._db.write(
                lambda tx: store.lease(
                    tx, client_id, count=blocks, now=now, until=until, below=_MOST_INDICES
                )
            )
            if firsts is None:
                raise StatusListFull("every index is leased", retry_after_seconds=60)
            if firsts:
                size = store.BLOCK_SIZE
                indices = [first + n for first in reversed(firsts) for n in reversed(range(size))]
                return _Lease(frozenset(firsts), indices, now + USE, blocks)
        raise StatusListFull("other processes were always faster", retry_after_seconds=1)

    def _forget_old(self, now: datetime) -> None:
        """A client that came once must not be remembered for ever."""
        self._leases = {of: each for of, each in self._leases.items() if now < each.use_until}

    # --- the list -----------------------------------------------------------------------------

    def signed(self) -> SignedList:
        """The list, at most `kept_seconds` old. Raises `DatabaseUnavailable`, `NoSigningKey`: an
        older list would be shown as a newer one than it is."""
        with self._making:
            now = self._clock.now()
            made = self._made
            age = None if made is None else (now - made[1]).total_seconds()
            # A clock that was set back must not make a list live on.
            if made is None or age is None or not 0 <= age < self.times.kept_seconds:
                made = self._made = (self._sign(now), now)
                age = 0.0
            return replace(made[0], fresh_seconds=int(self.times.kept_seconds - age))

    def _sign(self, now: datetime) -> SignedList:
        octets = self._db.read(lambda tx: self._octets_in(tx, now))
        claims = status_list_claims(
            octets,
            uri=self.uri,
            issuer=self._issuer,
            now=now,
            ttl_seconds=self.times.ttl_seconds,
            lifetime_seconds=self.times.lifetime_seconds,
        )
        signer = self._ring.signer(SigningAlg.ES256, now)
        jws = sign(claims, key=signer.key, kid=signer.kid, alg=signer.alg, typ=STATUS_LIST_TYPE)
        etag = f'"{hashlib.sha256(jws.encode()).hexdigest()[:32]}"'
        return SignedList(jws, etag, self.times.kept_seconds)

    def _octets_in(self, tx: Tx, now: datetime) -> bytes:
        # A token from before then has expired, and with it whatever ended it.
        since = now - timedelta(seconds=self.times.access_seconds) - SLACK
        revoked = [
            *store.revoked_one_by_one(tx, now=now),
            *store.ended_with_their_basis(tx, now=now, since=since),
        ]
        for first in store.blocks_of_clients_without_right(tx, now=now, since=since):
            revoked += range(first, first + store.BLOCK_SIZE)
        size = list_size(max(store.highest_end(tx, now=now), max(revoked, default=-1) + 1))
        return packed(revoked, size=size)

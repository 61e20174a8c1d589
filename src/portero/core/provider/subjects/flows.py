"""By which name a client knows a person (OpenID Connect Core §8).

Public: the account's id. Pairwise: another name in each sector, made at random and stored, so that
no secret has to be kept for ever and the account is found again. Two clients in one sector (the
host of their redirect URIs) share it.
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from portero.core.clients import Client
from portero.core.provider.subjects import store
from portero.kit.db import Database, Tx
from portero.kit.ports import Dice
from portero.protocol.oauth.redirect_uris import host_of, is_claimed

CAPACITY: Final = 4096  # pairs; some 200 bytes each
_BITS: Final = 160
# How long a pairwise subject is, in characters: no account's id is (a UUID has 36).
_LENGTH: Final = 27


class Subjects:
    def __init__(self, *, db: Database, dice: Dice) -> None:
        self._db = db
        self._dice = dice
        self._lock = threading.Lock()
        self._accounts: dict[str, str] = {}

    def subject_in(self, tx: Tx, client: Client, account_id: str, *, now: datetime) -> str:
        """The `sub` for that client, made at its first use."""
        if client.metadata.subject_type != "pairwise":
            return account_id
        made = self._dice.token(_BITS)
        return store.pairwise_subject(tx, sector_of(client), account_id, made, now=now)

    def account_of(self, subject: str) -> str:
        """Whose `sub` that is; '' when nobody's. A pairwise one costs a statement the first time
        that this process meets it.

        No client is asked: it may have changed its sector, or be public by now, and what it was
        told before has to be traced to the person all the same.
        """
        if len(subject) != _LENGTH:
            return subject
        known = self._accounts.get(subject)
        if known is not None:
            return known
        found = self._db.read(lambda tx: store.find_pairwise(tx, subject))
        if found:
            with self._lock:
                while len(self._accounts) >= CAPACITY:
                    del self._accounts[next(iter(self._accounts))]
                self._accounts[subject] = found
        return found


def sector_of(client: Client) -> str:
    """§8.1: the host of `sector_identifier_uri`, else that of the redirect URIs (registration has
    made sure that they have but one). Loopback and private-use schemes are nobody's: without an
    address that is its own, a client is a sector by itself."""
    sector = client.metadata.sector_identifier_uri
    if sector:
        return urlsplit(sector).hostname or ""
    hosts = sorted({host_of(uri) for uri in client.metadata.redirect_uris if is_claimed(uri)})
    return hosts[0] if hosts else client.client_id

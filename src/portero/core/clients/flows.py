"""Registering, reading, rotating, disabling and deleting clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from portero.core.audit import Actor, AuditLog, Event
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.clients import rules, store
from portero.core.clients.builtin import FIRST_PARTY_CLIENT, FIRST_PARTY_CLIENT_ID
from portero.core.clients.errors import (
    ClientChanged,
    ClientHasNoSecret,
    ClientIdTaken,
    NoSuchClient,
)
from portero.core.clients.events import (
    ClientCreated,
    ClientDeleted,
    ClientReplaced,
    ClientSecretRotated,
    ClientStateChanged,
)
from portero.core.clients.model import Client, ClientState, CreatedBy, CreatedClient
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import Secret, fingerprint
from portero.kit.vault import Vault
from portero.protocol.oauth.client_metadata import ClientMetadata, parse_client_metadata
from portero.protocol.oauth.metadata_policy import MetadataPolicy

LIST_LIMIT: Final = 1000
SECRET_BITS: Final = 256  # as an HS256 key at least 256 are needed (RFC 7518 §3.2)


class Clients:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        vault: Vault,
        audit: AuditLog,
        feed: ChangeFeed,
        policy: MetadataPolicy | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._vault = vault
        self._audit = audit
        self._feed = feed
        self.policy = policy or MetadataPolicy()

    def create(
        self,
        actor: Actor,
        metadata_json: Mapping[str, object],
        *,
        client_id: str | None = None,
        first_party: bool = False,
        created_by: CreatedBy = CreatedBy.OPERATOR,
        policy: MetadataPolicy | None = None,
    ) -> CreatedClient:
        """Register a client; raises `InvalidClientMetadata`, `InvalidClientId`,
        `ClientIdReserved`, `ClientIdTaken`, `FirstPartyNotAllowed`.

        `policy` is a narrower one, for those who register on their own.
        """
        rules.check_first_party(first_party=first_party, created_by=created_by)
        if client_id is not None:
            rules.check_client_id(client_id)
        metadata = parse_client_metadata(metadata_json, policy or self.policy)
        now = self._clock.now()
        created = self.draft(
            metadata, client_id=client_id, first_party=first_party, created_by=created_by, now=now
        )
        if not self._db.write(lambda tx: self.add(tx, actor, created.client)):
            raise ClientIdTaken(created.client.client_id)
        self.announce(created.client.client_id, now)
        return created

    def draft(
        self,
        metadata: ClientMetadata,
        *,
        client_id: str | None = None,
        first_party: bool = False,
        created_by: CreatedBy,
        now: datetime,
    ) -> CreatedClient:
        """A client with its id and secret, which is nowhere yet. No effect but chance."""
        client_id = client_id if client_id is not None else self._dice.new_id()
        secret = Secret(self._dice.token(SECRET_BITS)) if metadata.has_secret else None
        client = Client(
            client_id=client_id,
            metadata=metadata,
            secret_hash=fingerprint(secret.reveal()) if secret else "",
            secret_sealed=self._sealed(client_id, metadata, secret) if secret else "",
            first_party=first_party,
            state=ClientState.ACTIVE,
            created_at=now,
            updated_at=now,
            created_by=created_by.value,
        )
        return CreatedClient(client, secret)

    def redraft(self, old: Client, metadata: ClientMetadata, *, now: datetime) -> CreatedClient:
        """The client with other metadata. A new secret is made only where the old one is none, or
        can't be read although it has become an HMAC key."""
        unreadable = metadata.needs_readable_secret and not old.secret_sealed
        if metadata.has_secret and (not old.secret_hash or unreadable):
            secret = Secret(self._dice.token(SECRET_BITS))
            hashed = fingerprint(secret.reveal())
            sealed = self._sealed(old.client_id, metadata, secret)
        else:
            secret = None
            hashed = old.secret_hash if metadata.has_secret else ""
            sealed = old.secret_sealed if metadata.needs_readable_secret else ""
        new = replace(
            old, metadata=metadata, secret_hash=hashed, secret_sealed=sealed, updated_at=now
        )
        return CreatedClient(new, secret)

    def add(self, tx: Tx, actor: Actor, client: Client) -> bool:
        """The unit of `create`, for a verb that does more in the same transaction and then calls
        `announce`; False when the id is taken."""
        event = ClientCreated(
            client_id=client.client_id,
            by=client.created_by,
            auth_method=client.metadata.token_endpoint_auth_method.value,
            first_party=client.first_party,
        )
        return store.add(tx, client) and self._changed(tx, actor, event, client.created_at)

    def replace(self, tx: Tx, actor: Actor, old: Client, new: Client) -> bool:
        """In the caller's transaction; False when the old one was changed meanwhile."""
        method = new.metadata.token_endpoint_auth_method.value
        event = ClientReplaced(client_id=new.client_id, auth_method=method)
        done = store.replace_metadata(tx, old, new)
        return done and self._changed(tx, actor, event, new.updated_at)

    def remove(self, tx: Tx, actor: Actor, client_id: str, *, now: datetime) -> bool:
        """The unit of `delete`; False when it is gone already."""
        event = ClientDeleted(client_id=client_id)
        return store.delete(tx, client_id) and self._changed(tx, actor, event, now)

    def announce(self, client_id: str, now: datetime) -> None:
        """After the commit: this process knows at once."""
        self._feed.apply_now(ChangeKind.CLIENT_CHANGED, client_id, now)

    def register_json(self, created: CreatedClient) -> dict[str, Any]:
        """The answer of RFC 7591 §3.2.1, with the secret in clear."""
        return rules.registration_json(created)

    def get(self, client_id: str) -> Client:
        """From the database, the built-in client included; raises `NoSuchClient`."""
        if client_id == FIRST_PARTY_CLIENT_ID:
            return FIRST_PARTY_CLIENT
        could_be = rules.could_be_client_id(client_id)
        found = self._db.read(lambda tx: store.find(tx, client_id)) if could_be else None
        if found is None:
            raise NoSuchClient(client_id)
        return found

    def list_clients(self, *, after: str = "", limit: int = 100) -> list[Client]:
        """The registered ones, in the order of ids, at most `LIST_LIMIT`."""
        size = max(1, min(limit, LIST_LIMIT))
        return self._db.read(lambda tx: store.list_clients(tx, after=after, limit=size))

    def delete(self, actor: Actor, client_id: str) -> None:
        """Remove it. Its tokens and grants die with it, since each use asks for a live client."""
        rules.check_not_built_in(client_id)
        now = self._clock.now()
        if not self._db.write(lambda tx: self.remove(tx, actor, client_id, now=now)):
            raise NoSuchClient(client_id)
        self.announce(client_id, now)

    def rotate_secret(self, actor: Actor, client_id: str) -> CreatedClient:
        """A new secret; the old one is dead at once. Raises `NoSuchClient`, `ClientHasNoSecret`,
        `ClientChanged`."""
        rules.check_not_built_in(client_id)
        old = self.get(client_id)
        rules.check_has_secret(old)
        now = self._clock.now()
        secret = Secret(self._dice.token(SECRET_BITS))
        new = replace(
            old,
            secret_hash=fingerprint(secret.reveal()),
            secret_sealed=self._sealed(client_id, old.metadata, secret),
            updated_at=now,
        )
        event = ClientSecretRotated(client_id=client_id)

        def unit(tx: Tx) -> bool:
            return store.replace_secret(
                tx,
                client_id,
                old_hash=old.secret_hash,
                new_hash=new.secret_hash,
                new_sealed=new.secret_sealed,
                now=now,
            ) and self._changed(tx, actor, event, now)

        if not self._db.write(unit):
            raise ClientChanged(client_id)
        self.announce(client_id, now)
        return CreatedClient(new, secret)

    def set_state(self, actor: Actor, client_id: str, state: ClientState) -> Client:
        """Enable or disable it; nothing happens where it is so already. Raises `NoSuchClient`."""
        rules.check_not_built_in(client_id)
        now = self._clock.now()
        event = ClientStateChanged(client_id=client_id, state=state.value)

        def unit(tx: Tx) -> Client | None:
            if store.set_state(tx, client_id, state, now=now):
                self._changed(tx, actor, event, now)
            return store.find(tx, client_id)

        client = self._db.write(unit)
        if client is None:
            raise NoSuchClient(client_id)
        self.announce(client_id, now)
        return client

    def readable_secret(self, client: Client) -> Secret:
        """The secret as an HMAC key, for HS256 and client_secret_jwt; raises
        `ClientHasNoSecret`."""
        if not client.secret_sealed:
            raise ClientHasNoSecret(f"{client.client_id} has no secret that can be read")
        opened = self._vault.open(client.secret_sealed, context=_seal_context(client.client_id))
        return Secret(opened.decode())

    def reseal(self) -> int:
        """Seal every sealed secret under the present SECRET_KEY; how many were changed."""
        changed, after = 0, ""
        while page := self.list_clients(after=after, limit=LIST_LIMIT):
            changed += sum(self._reseal_one(client) for client in page)
            after = page[-1].client_id
        return changed

    def _reseal_one(self, client: Client) -> bool:
        old = client.secret_sealed
        if not old or old.startswith(f"{self._vault.key_id}."):
            return False
        new = self._sealed(client.client_id, client.metadata, self.readable_secret(client))
        return self._db.write(lambda tx: store.reseal(tx, client.client_id, old=old, new=new))

    def _sealed(self, client_id: str, metadata: ClientMetadata, secret: Secret) -> str:
        if not metadata.needs_readable_secret:
            return ""
        return self._vault.seal(secret.reveal().encode(), context=_seal_context(client_id))

    def _changed(self, tx: Tx, actor: Actor, event: Event, now: datetime) -> bool:
        """What every change leaves behind in its transaction; True, to be the end of a unit."""
        self._feed.note(tx, ChangeKind.CLIENT_CHANGED, event.client_id)
        self._audit.record(tx, actor, now, event)
        return True


def _seal_context(client_id: str) -> str:
    """What a sealed secret is bound to: it opens for no other client."""
    return f"clients:{client_id}"

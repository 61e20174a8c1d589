"""Registering a client, and a client's verbs on itself.

1. Count the request, and look at its token; both before anything that it says is read.
2. Read the metadata: the software statement over the document, what is not theirs to say left out.
3. Fetch the sector's document, if it names one. No transaction is open meanwhile.
4. One transaction: spend the initial access token, and write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from portero.core.audit import Actor, AuditLog
from portero.core.clients import Client, ClientChanged, Clients, CreatedBy, CreatedClient
from portero.core.clients import store as client_store
from portero.core.clients.ports import DocumentFetch
from portero.core.clients.rules import could_be_client_id
from portero.core.limits import AddressPolicy, Limits, OverLimit
from portero.core.provider.register import rules, store
from portero.core.provider.register.errors import RegistrationTokenRefused
from portero.core.provider.register.events import ClientInvitationUsed
from portero.core.provider.register.model import RegistrationMode
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.refusals import Refusal
from portero.kit.secrets import Secret
from portero.protocol.oauth.client_metadata import ClientMetadata, parse_client_metadata
from portero.protocol.oauth.metadata_policy import MetadataPolicy
from portero.protocol.oauth.registrants import registrants_policy, without_privileges
from portero.protocol.oauth.software_statement import checked_statement

# Every try counts; one with a good initial access token is given back.
CLIENT_REGISTRATION_BY_ADDRESS: Final = AddressPolicy(
    "client_registration_by_address", tries=20, window_seconds=3600, network_factor=2
)
CLIENT_MANAGEMENT_BY_ADDRESS: Final = AddressPolicy(
    "client_management_by_address", tries=60, window_seconds=60
)
TOKEN_BITS: Final = 256
_SECTOR_BYTES: Final = 64 * 1024
_SECTOR_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Registrants:
    """What the operator decided about those who register: who may, with which scopes, and whose
    software statements (JWK sets by issuer) are believed."""

    mode: RegistrationMode
    scopes: tuple[str, ...]
    policy: MetadataPolicy
    statements: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class ClientRegistration:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        limits: Limits,
        clients: Clients,
        fetch: DocumentFetch,
        registrants: Registrants,
        issuer: str,
        url: str,
    ) -> None:
        """`url` is that of the registration endpoint."""
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._limits = limits
        self._clients = clients
        self._fetch = fetch
        self._registrants = registrants
        self._policy = registrants_policy(registrants.policy)
        self._issuer = issuer
        self._url = url

    @property
    def is_on(self) -> bool:
        return self._registrants.mode is not RegistrationMode.OFF

    def register(self, actor: Actor, document: Mapping[str, Any], token: str) -> dict[str, Any]:
        """The answer of RFC 7591 §3.2.1; raises `InvalidClientMetadata`, `OAuthRefusal` and
        `OverLimit`. `token` is the initial access token, '' when none was shown."""
        now = self._clock.now()
        needed = self._registrants.mode is RegistrationMode.TOKEN
        self._admit(actor, token if needed else None, now)
        metadata = self._metadata(document, now)
        created = self._clients.draft(metadata, created_by=CreatedBy.DCR, now=now)
        access = Secret(self._dice.token(TOKEN_BITS))

        def unit(tx: Tx) -> bool:
            if needed and not self._spend(tx, actor, created.client, token, now):
                return False
            self._clients.add(tx, actor, created.client)  # an id of our own is never taken
            store.add_registration_token(tx, created.client.client_id, access.reveal())
            return True

        if not self._db.write(unit):
            raise RegistrationTokenRefused("spent at the same moment", was_shown=True)
        self._clients.announce(created.client.client_id, now)
        return self._told(created, access.reveal(), document)

    def read(self, actor: Actor, client_id: str, token: str) -> dict[str, Any]:
        """RFC 7592 §2.1. The secret is not told again: only its hash is kept."""
        client = self._own(actor, client_id, token, self._clock.now())
        return self._told(CreatedClient(client, None), token, {})

    def replace(
        self, actor: Actor, client_id: str, token: str, document: Mapping[str, Any]
    ) -> dict[str, Any]:
        """RFC 7592 §2.2: what is left out is reset. Raises `ClientChanged` too."""
        now = self._clock.now()
        old = self._own(actor, client_id, token, now)
        rules.check_replacement(document, old)
        new = self._clients.redraft(old, self._metadata(document, now), now=now)
        if not self._db.write(lambda tx: self._clients.replace(tx, actor, old, new.client)):
            raise ClientChanged(client_id)
        self._clients.announce(client_id, now)
        return self._told(new, token, document)

    def delete(self, actor: Actor, client_id: str, token: str) -> None:
        """RFC 7592 §2.3: the client, and with it its grants, tokens, codes and consents."""
        now = self._clock.now()
        self._own(actor, client_id, token, now)

        def unit(tx: Tx) -> None:
            if self._clients.remove(tx, actor, client_id, now=now):
                store.forget_everything_of(tx, client_id)

        self._db.write(unit)
        self._clients.announce(client_id, now)

    def _admit(self, actor: Actor, token: str | None, now: datetime) -> None:
        """Count the try, and look whether the initial access token (None: none is needed) would
        do. It is spent later: what is wrong with the metadata must not cost a use."""
        address = actor.origin.address

        def unit(tx: Tx) -> Refusal | None:
            over = self._limits.spend(tx, CLIENT_REGISTRATION_BY_ADDRESS, address, now=now)
            if over is not None or token is None:
                return over
            if not store.is_invited(tx, token, now=now):
                return RegistrationTokenRefused("no such initial token", was_shown=bool(token))
            self._limits.give_back(tx, CLIENT_REGISTRATION_BY_ADDRESS, address)
            return None

        refusal = self._db.write(unit)
        if refusal is not None:
            raise refusal

    def _spend(self, tx: Tx, actor: Actor, client: Client, token: str, now: datetime) -> bool:
        invitation_id = store.spend_invitation(tx, token, now=now)
        if invitation_id is None:
            return False
        event = ClientInvitationUsed(client_id=client.client_id, invitation_id=invitation_id)
        self._audit.record(tx, actor, now, event)
        return True

    def _own(self, actor: Actor, client_id: str, token: str, now: datetime) -> Client:
        """The client whose registration access token this is; raises `RegistrationTokenRefused`
        for every other reason that there may be, and `OverLimit`."""
        address = actor.origin.address

        def unit(tx: Tx) -> tuple[OverLimit | None, Client | None]:
            over = self._limits.spend(tx, CLIENT_MANAGEMENT_BY_ADDRESS, address, now=now)
            if over is not None or not could_be_client_id(client_id):
                return over, None
            if not token or not store.is_registration_token(tx, client_id, token):
                return None, None
            return None, client_store.find(tx, client_id)

        over, client = self._db.write(unit)
        if over is not None:
            raise over
        if client is None or not client.is_active:
            raise RegistrationTokenRefused("not this client's token", was_shown=bool(token))
        return client

    def _metadata(self, document: Mapping[str, Any], now: datetime) -> ClientMetadata:
        statement = document.get("software_statement")
        if statement is not None:
            # RFC 7591 §2.3: what is signed is worth more than what is said beside it.
            signed = checked_statement(
                statement,
                trusted=self._registrants.statements,
                expected_audience=self._issuer,
                now=now,
            )
            document = {**document, **signed}
        kept = without_privileges(document, self._registrants.scopes)
        metadata = parse_client_metadata(kept, self._policy)
        if metadata.sector_identifier_uri:
            rules.check_sector(metadata, self._sector(metadata.sector_identifier_uri))
        return metadata

    def _sector(self, uri: str) -> object:
        """What the sector's document says; None where it is not JSON."""
        try:
            found = self._fetch.get(uri, timeout_seconds=_SECTOR_SECONDS, max_bytes=_SECTOR_BYTES)
        except Refusal as refusal:
            raise rules.sector_fault("unreachable", "Its document can't be read.") from refusal
        if found.status != 200:
            raise rules.sector_fault("unreachable", "Its document can't be read.")
        try:
            return json.loads(found.body)
        except (ValueError, RecursionError):
            return None

    def _told(
        self, created: CreatedClient, token: str, document: Mapping[str, Any]
    ) -> dict[str, Any]:
        told = self._clients.register_json(created)
        told["registration_access_token"] = token
        told["registration_client_uri"] = f"{self._url}?client_id={created.client.client_id}"
        if "software_statement" in document:
            told["software_statement"] = document["software_statement"]  # unmodified (§3.2.1)
        return told

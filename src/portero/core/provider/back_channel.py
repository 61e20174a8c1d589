"""Back-channel logout: clients hear from us, not from the browser, that a session ended.

A verb that ends sessions leaves one job (`SESSIONS_ENDED`). The worker makes one job of it for
each client that has to know, so that one that does not answer is tried again by itself. The token
is signed when it is sent: a retry after hours needs a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from portero.core.clients import Client, ClientCache
from portero.core.outbox import Outbox
from portero.core.provider import store
from portero.core.provider.client_signer import ClientSigner
from portero.core.provider.ports import Post
from portero.core.provider.subjects import Subjects
from portero.core.provider.telling import tell
from portero.core.sessions import store as session_store
from portero.core.sessions.rules import MOST_SESSIONS
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.refusals import Refusal
from portero.protocol.oauth.parameters import FORM_TYPE
from portero.protocol.oidc.logout import LOGOUT_TOKEN_TYPE, logout_token_claims

LOGOUT_TOLD: Final = "back_channel_logout"


@dataclass(frozen=True, slots=True)
class LogoutNote:
    """That this client has to hear of the end of this session."""

    client: Client
    account_id: str
    session_id: str


class BackChannel:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        outbox: Outbox,
        clients: ClientCache,
        subjects: Subjects,
        signer: ClientSigner,
        fetch: Post,
        issuer: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._outbox = outbox
        self._clients = clients
        self._subjects = subjects
        self._signer = signer
        self._fetch = fetch
        self._issuer = issuer

    def follow(self, payload: Mapping[str, Any]) -> None:
        """Deliver a `SESSIONS_ENDED` job: one job for each client that has to know."""
        notes = list(self._notes(str(payload["account_id"]), payload["session_ids"]))
        now = self._clock.now()
        if notes:
            self._db.write(lambda tx: self.enqueue_in(tx, notes, now=now))

    def notes_of_account(self, account_id: str) -> list[LogoutNote]:
        """Who has to know when the account is deleted with all its sessions. A client whose
        document can't be read just now stays out: nobody's deletion waits for it."""
        now = self._clock.now()
        live = self._db.read(
            lambda tx: session_store.list_live(tx, account_id, now=now, limit=MOST_SESSIONS)
        )
        return list(self._notes(account_id, [session.id for session in live], lenient=True))

    def enqueue_in(self, tx: Tx, notes: Sequence[LogoutNote], *, now: datetime) -> None:
        """One job each. The subject is told now: a deleted account has none later."""
        for note in notes:
            subject = self._subjects.subject_in(tx, note.client, note.account_id, now=now)
            told = {
                "client_id": note.client.client_id,
                "subject": subject,
                "session_id": note.session_id,
            }
            self._outbox.enqueue(tx, LOGOUT_TOLD, told, now=now)

    def deliver(self, payload: Mapping[str, object]) -> None:
        """Deliver a `LOGOUT_TOLD` job: sign the token and post it (§2.5)."""
        client = self._clients.find(str(payload["client_id"]))
        if client is None or not client.metadata.backchannel_logout_uri:
            return  # gone since, or not interested any more
        tell(
            self._fetch,
            client.metadata.backchannel_logout_uri,
            headers={"content-type": FORM_TYPE, "accept": "*/*"},
            body=urlencode({"logout_token": self._token(client, payload)}).encode(),
        )

    def _token(self, client: Client, payload: Mapping[str, object]) -> str:
        now = self._clock.now()
        claims = logout_token_claims(
            issuer=self._issuer,
            client_id=client.client_id,
            subject=str(payload["subject"]),
            session_id=str(payload["session_id"]),
            token_id=self._dice.new_id(),
            issued_at=int(now.timestamp()),
        )
        alg = client.metadata.id_token_signed_response_alg
        return self._signer.signed(client, claims, alg=alg, typ=LOGOUT_TOKEN_TYPE, now=now)

    def _notes(
        self, account_id: str, session_ids: Sequence[str], *, lenient: bool = False
    ) -> Iterable[LogoutNote]:
        pairs = self._db.read(lambda tx: store.clients_of_sessions(tx, session_ids))
        for session_id, client_id in pairs:
            try:
                client = self._clients.find(client_id)
            except Refusal:
                if not lenient:
                    raise
                continue
            if client is not None and client.metadata.backchannel_logout_uri:
                yield LogoutNote(client, account_id, session_id)

"""RP-initiated logout: which sessions an application means, whether the person is asked first, and
where the browser goes afterwards (OpenID Connect RP-Initiated Logout 1.0).

Anybody can send a browser here. So a session ends silently only for an ID token that names it, and
the browser leaves only for an address that its client registered, when such a token vouches for
the request or the person has said yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from portero.core.audit import Actor, Origin
from portero.core.clients import Client, ClientCache
from portero.core.provider import store
from portero.core.provider.hints import IdTokenHints
from portero.core.provider.subjects import Subjects
from portero.core.sessions import EndReason, NoSuchSession, Session, Sessions
from portero.kit.db import Database
from portero.kit.refusals import Refusal
from portero.protocol.oauth.errors import InvalidRequest
from portero.protocol.oauth.parameters import Parameters
from portero.protocol.oauth.uris import with_query


@dataclass(frozen=True, slots=True)
class LogoutAsked:
    """`meant` are the browser's sessions that would end. `sure`: an ID token vouches for that, so
    nobody is asked. `return_to` is complete with `state`; '' for nowhere."""

    meant: tuple[Session, ...]
    sure: bool
    return_to: str
    client: Client | None


class EndSession:
    def __init__(
        self,
        *,
        db: Database,
        hints: IdTokenHints,
        clients: ClientCache,
        subjects: Subjects,
        sessions: Sessions,
        issuer: str,
        development: bool,
    ) -> None:
        self._db = db
        self._hints = hints
        self._clients = clients
        self._subjects = subjects
        self._sessions = sessions
        self._issuer = issuer
        self._development = development

    def weigh(self, asked: Parameters, held: Sequence[Session]) -> LogoutAsked:
        """What the request comes to in a browser that holds these sessions; nothing ends yet.

        Raises `InvalidRequest` for an application that contradicts itself, is unknown, or names an
        address that it has not registered: the person is told, and stays here.
        """
        named = self._named(asked.get("client_id"))
        claims, hint_failed = self._claims(asked.get("id_token_hint"), named)
        client = named if claims is None else self._agreed(named, claims)
        return_to = self._return_to(asked, client)
        meant = tuple(held)
        exactly = False
        if claims is not None and client is not None:
            account_id = self._subjects.account_of(claims["sub"])
            of_account = [each for each in held if each.account_id == account_id]
            exact = [each for each in of_account if each.id == claims.get("sid")]
            meant, exactly = tuple(exact or of_account or held), bool(exact)
        return LogoutAsked(
            meant=meant,
            sure=exactly or not held,
            # Without a good hint only a person's yes makes it more than a stranger's redirect;
            # with nobody signed in, nobody is there to say it (§3).
            return_to="" if hint_failed or (claims is None and not held) else return_to,
            client=client,
        )

    def end(self, meant: Sequence[Session], origin: Origin) -> list[str]:
        """End the sessions; the addresses of the front-channel frames to show (Front-Channel
        Logout 1.0 §2). Back-channel clients are told by the outbox."""
        frames = self._frames([session.id for session in meant])
        for session in meant:
            actor = Actor.account(session.account_id, session_id=session.id, origin=origin)
            with suppress(NoSuchSession):  # ended in another window meanwhile
                self._sessions.end_one(actor, session.account_id, session.id, EndReason.LOGOUT)
        return frames

    def _claims(
        self, hint: str | None, named: Client | None
    ) -> tuple[Mapping[str, Any] | None, bool]:
        """The claims of the hint, None for none, and whether there was one that is not ours."""
        if hint is None:
            return None, False
        try:
            return self._hints.read(hint, client=named), False
        except InvalidRequest:
            return None, True

    def _named(self, client_id: str | None) -> Client | None:
        client = self._clients.find(client_id) if client_id else None
        if client_id and client is None:
            raise InvalidRequest("client_id is not known.")
        return client

    def _agreed(self, named: Client | None, claims: Mapping[str, Any]) -> Client | None:
        """Who asks, by name and by the hint, which have to agree (§2)."""
        audience = str(claims["aud"])
        if named is None:
            return self._clients.find(audience)
        if named.client_id != audience:
            raise InvalidRequest("client_id is not the client of id_token_hint.")
        return named

    def _return_to(self, asked: Parameters, client: Client | None) -> str:
        uri, state = asked.get("post_logout_redirect_uri"), asked.get("state")
        if uri is None or (client is None and "client_id" not in asked):
            return ""
        if client is None or not client.is_active:
            raise InvalidRequest("The client is not known.")
        if uri not in client.metadata.post_logout_redirect_uris:
            raise InvalidRequest("post_logout_redirect_uri is not registered.")
        return with_query(uri, {"state": state}) if state is not None else uri

    def _frames(self, session_ids: Sequence[str]) -> list[str]:
        pairs = self._db.read(lambda tx: store.clients_of_sessions(tx, session_ids))
        framed = (self._frame(session_id, client_id) for session_id, client_id in pairs)
        return sorted({frame for frame in framed if frame})

    def _frame(self, session_id: str, client_id: str) -> str:
        try:
            client = self._clients.find(client_id)
        except Refusal:
            return ""  # a document that can't be read just now: nobody's way out waits for it
        uri = "" if client is None else client.metadata.frontchannel_logout_uri
        # Registration has seen to it that http is loopback, which is for development.
        safe = uri.startswith("https:") or (self._development and uri.startswith("http:"))
        if client is None or not safe:
            return ""
        if client.metadata.frontchannel_logout_session_required:
            return with_query(uri, {"iss": self._issuer, "sid": session_id})
        return uri

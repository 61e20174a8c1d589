"""Initial access tokens (RFC 7591 §1.2): an operator lets somebody register clients."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from portero.core.audit import Actor, AuditLog
from portero.core.provider.register import store
from portero.core.provider.register.errors import NoSuchInvitation
from portero.core.provider.register.events import ClientInvitationMade, ClientInvitationWithdrawn
from portero.core.provider.register.model import ClientInvitation
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import Secret

TOKEN_BITS: Final = 256
LIST_LIMIT: Final = 1000


class ClientInvitations:
    def __init__(self, *, db: Database, clock: Clock, dice: Dice, audit: AuditLog) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit

    def invite(
        self, actor: Actor, *, uses: int, lifetime: timedelta, note: str = ""
    ) -> tuple[ClientInvitation, Secret]:
        """A new initial access token, told this once."""
        now = self._clock.now()
        token = Secret(self._dice.token(TOKEN_BITS))
        made = ClientInvitation(self._dice.new_id(), note[:200], uses, now, now + lifetime)

        def unit(tx: Tx) -> None:
            store.add_invitation(tx, token.reveal(), made)
            event = ClientInvitationMade(invitation_id=made.id, uses=uses)
            self._audit.record(tx, actor, now, event)

        self._db.write(unit)
        return made, token

    def list_live(self) -> list[ClientInvitation]:
        now = self._clock.now()
        return self._db.read(lambda tx: store.list_invitations(tx, now=now, limit=LIST_LIMIT))

    def withdraw(self, actor: Actor, invitation_id: str) -> None:
        """It lets nobody in any more; raises `NoSuchInvitation`."""
        now = self._clock.now()

        def unit(tx: Tx) -> bool:
            gone = store.withdraw_invitation(tx, invitation_id)
            if gone:
                event = ClientInvitationWithdrawn(invitation_id=invitation_id)
                self._audit.record(tx, actor, now, event)
            return gone

        if not self._db.write(unit):
            raise NoSuchInvitation(invitation_id)

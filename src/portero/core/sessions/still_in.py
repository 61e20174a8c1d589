"""Whether whoever was let in is still in, when what was asked for takes effect."""

from __future__ import annotations

from portero.core.accounts import store as account_store
from portero.core.audit import Actor
from portero.core.sessions import store
from portero.core.sessions.errors import SessionEnded
from portero.kit.db import Tx
from portero.kit.ports import Clock


def check_still_in(clock: Clock, tx: Tx, actor: Actor) -> None:
    """Hold the account of whoever asks in a session, which has to live; raises `SessionEnded`.

    A request that was checked just before its owner froze the account would else commit just after.
    Operators, and what has no session, are let through."""
    if not actor.session_id:
        return
    account_store.hold(tx, actor.id)
    if store.find_live(tx, actor.id, actor.session_id, now=clock.now()) is None:
        raise SessionEnded("it ended before what it asked for was done")

"""What a token that names no session rests on, held while the token is made.

A token with a session dies with it, whenever it was made. One without is believed by its time: what
was made before everything of its account ended is dead, what came after is good. So nobody may look
at the account before its end is committed, and make a token at a time after it.
"""

from __future__ import annotations

from datetime import datetime

from portero.core.accounts import store as account_store
from portero.core.accounts.model import Account
from portero.core.provider import store
from portero.core.provider.model import Basis
from portero.kit.db import Tx


def held_account(tx: Tx, account_id: str, *, session_id: str) -> Account | None:
    """The account, held until this transaction ends where no session is named."""
    return (account_store.find if session_id else account_store.hold)(tx, account_id)


def held_basis(tx: Tx, basis: Basis, *, now: datetime) -> Basis | None:
    """The same basis; that of an offline grant looked at again with its account held."""
    if not basis.grant.offline:
        return basis
    account_store.hold(tx, basis.account.id)
    return store.find_live_basis(tx, basis.grant.id, now=now)

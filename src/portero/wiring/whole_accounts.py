"""Joins what is done with an account as a whole: made, disabled, left and deleted, told of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from portero.core.accounts.flows import Accounts
from portero.core.admin.accounts import AccountAdmin
from portero.core.admin.personal_data import PersonalData
from portero.core.factors.password import Passwords
from portero.wiring.base import Base, Provider
from portero.wiring.sign_in import SignInJoined


@dataclass(frozen=True, slots=True)
class WholeAccounts:
    admin: AccountAdmin
    personal_data: PersonalData


def join_whole_accounts(
    base: Base,
    *,
    accounts: Accounts,
    passwords: Passwords,
    entry: SignInJoined,
    provider: Provider,
) -> WholeAccounts:
    db, clock, audit, limits = base.db, base.clock, base.audit, base.limits
    return WholeAccounts(
        admin=AccountAdmin(
            db=db,
            clock=clock,
            audit=audit,
            limits=limits,
            feed=base.feed,
            accounts=accounts,
            passwords=passwords,
            sessions=base.sessions,
            back_channel=provider.back_channel,
            deletions=entry.deletions,
            owner=base.owner,
            cooling_off=timedelta(days=base.settings.deletion_days),
        ),
        personal_data=PersonalData(
            db=db,
            clock=clock,
            audit=audit,
            limits=limits,
            accounts=accounts,
            passwords=passwords,
            authenticators=entry.authenticators,
            sessions=base.sessions,
            connections=provider.rooms.connections,
        ),
    )

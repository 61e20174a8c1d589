"""Creating, reading and changing accounts. Signing in is a room above."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from portero.core.accounts import store
from portero.core.accounts.email import claim_in
from portero.core.accounts.errors import EmailTaken, NoSuchAccount, UsernameTaken
from portero.core.accounts.events import AccountChanged, AccountCreated
from portero.core.accounts.model import Account, AccountState
from portero.core.accounts.names import Email, Username, email_key, normalised_username
from portero.core.accounts.profile import AttributeRule, accepted_profile
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.notices import NoticeTemplate
from portero.core.outbox import Outbox
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.refusals import FieldFault, Invalid

LIST_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody asks for. Nothing here is normalised or checked yet."""

    username: str
    email: str = ""
    email_verified: bool = False
    profile: Mapping[str, object] = field(default_factory=dict)


class Accounts:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        outbox: Outbox,
        feed: ChangeFeed,
        owner: OwnerTold,
        attributes: Mapping[str, AttributeRule],
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._outbox = outbox
        self._feed = feed
        self._owner = owner
        self.attributes = attributes

    def draft(self, asked: NewAccount, *, now: datetime, by_owner: bool) -> Account:
        """The account as it would be; raises `Invalid` with a fault for each bad field."""
        faults: list[FieldFault] = []
        name, email = Username("", ""), Email("", "")
        columns: Mapping[str, Any] = {}
        try:
            name = normalised_username(asked.username)
        except Invalid as refusal:
            faults.extend(refusal.faults)
        try:
            email = email_key(asked.email) if asked.email else email
        except Invalid as refusal:
            faults.extend(refusal.faults)
        try:
            columns = accepted_profile(
                asked.profile, account=None, schema=self.attributes, by_owner=by_owner
            )
        except Invalid as refusal:
            faults.extend(refusal.faults)
        if faults:
            raise Invalid("a new account", faults=tuple(faults))
        account = Account(
            id=self._dice.new_id(),
            username=name.display,
            username_key=name.key,
            state=AccountState.ACTIVE,
            created_at=now,
            updated_at=now,
            email=email.display,
            email_key=email.key,
            email_verified=bool(email.key) and asked.email_verified,
        )
        return replace(account, **columns)

    def add_in(self, tx: Tx, actor: Actor, account: Account, *, by: str, now: datetime) -> None:
        """Take the name and the account, or raise `UsernameTaken`. Never overwrites."""
        if not store.add(tx, account):
            if store.find_by_username(tx, account.username_key) is None:
                raise EmailTaken("another account has proven the address")
            raise UsernameTaken("taken in its normalised form")
        self._audit.record(tx, actor, now, AccountCreated(account_id=account.id, by=by))
        if account.email and not account.email_verified:
            claim_in(self._outbox, self._dice, tx, account.id, account.email, now=now)

    def get(self, account_id: str) -> Account:
        found = self._db.read(lambda tx: store.find(tx, account_id))
        if found is None:
            raise NoSuchAccount(account_id)
        return found

    def get_by_name(self, name: str) -> Account:
        """By username, verified mail address, or id: what an operator types."""
        # An id first: anybody can register under a name that looks like somebody's id.
        found = self._db.read(lambda tx: store.find(tx, name) or find_identified(tx, name))
        if found is None:
            raise NoSuchAccount("no account of that name, address or id")
        return found

    def list_accounts(
        self, *, after_id: str = "", limit: int = 100, username_prefix: str = ""
    ) -> list[Account]:
        size = max(1, min(limit, LIST_LIMIT))
        return self._db.read(
            lambda tx: store.list_accounts(
                tx, after_id=after_id, limit=size, username_prefix=username_prefix.casefold()
            )
        )

    def change_profile(
        self, actor: Actor, account_id: str, profile: Mapping[str, object], *, by_owner: bool
    ) -> Account:
        """Set the fields that are named, and no other; raises `Invalid`, `NoSuchAccount`."""
        now = self._clock.now()

        def unit(tx: Tx) -> Account | None:
            # Held, because the attributes are merged here and written whole.
            account = store.hold(tx, account_id)
            if account is None or not profile:
                return account
            columns = accepted_profile(
                profile, account=account, schema=self.attributes, by_owner=by_owner
            )
            event = AccountChanged(account_id=account_id, changed=tuple(sorted(columns)))
            self._audit.record(tx, actor, now, event)
            self._feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account_id)
            if by_owner and columns.get("phone", account.phone) != account.phone:
                told = NoticeTemplate.PHONE_CHANGED
                self._owner.tell_account_in(tx, account, told, {}, now=now)
            return store.change(tx, account_id, columns, now=now)

        changed = self._db.write(unit)
        if changed is None:
            raise NoSuchAccount(account_id)
        return changed


def identifier_key(identifier: str) -> str:
    """One key for every spelling of an identifier, whether or not it is anybody's: what counts
    tries must not tell the two apart."""
    try:
        if "@" in identifier:
            return email_key(identifier).key
        return normalised_username(identifier).key
    except Invalid:
        return f"?{identifier}"


def find_identified(tx: Tx, identifier: str) -> Account | None:
    """The account that a typed identifier names: a username, or a verified mail address.

    An identifier that is neither is nobody's; it is not told from an unknown one.
    """
    try:
        if "@" in identifier:
            return store.find_by_verified_email(tx, email_key(identifier).key)
        return store.find_by_username(tx, normalised_username(identifier).key)
    except Invalid:
        return None

"""Creating, disabling, enabling and deleting accounts, and setting a password for somebody."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from portero.core.accounts import store
from portero.core.accounts.deletion import Deletions
from portero.core.accounts.errors import NoSuchAccount
from portero.core.accounts.events import AccountDeleted, AccountStateChanged
from portero.core.accounts.flows import Accounts, NewAccount
from portero.core.accounts.model import Account, AccountState
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.factors.password import Passwords
from portero.core.factors.password.events import PasswordChanged, PasswordImported, PasswordOpened
from portero.core.limits import Limits
from portero.core.login import store as login_store
from portero.core.login.rules import LOGIN_TRIES
from portero.core.notices import NoticeTemplate
from portero.core.provider.back_channel import BackChannel
from portero.core.sessions import EndReason, Sessions
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.secrets import Secret

# Deleted in one go by one process; the next go is a few minutes later.
_MOST_AT_ONCE: Final = 100


class AccountAdmin:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        limits: Limits,
        feed: ChangeFeed,
        accounts: Accounts,
        passwords: Passwords,
        sessions: Sessions,
        back_channel: BackChannel,
        deletions: Deletions,
        owner: OwnerTold,
        cooling_off: timedelta,
    ) -> None:
        """`cooling_off` is how long an account that its owner leaves can still be kept."""
        self._db = db
        self._clock = clock
        self._audit = audit
        self._limits = limits
        self._feed = feed
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._back_channel = back_channel
        self._deletions = deletions
        self._owner = owner
        self.cooling_off = cooling_off

    def create(
        self,
        actor: Actor,
        asked: NewAccount,
        password: Secret | None,
        *,
        imported_hash: str = "",
        must_change: bool = False,
    ) -> Account:
        """A new account; with a password, with another system's hash, or with neither. Raises
        `Invalid`, `UsernameTaken`, `EmailTaken`."""
        now = self._clock.now()
        account = self._accounts.draft(asked, now=now, by_owner=False)
        encoded = ""
        if password is not None:
            encoded = self._checked(password, account)

        def unit(tx: Tx) -> None:
            self._accounts.add_in(tx, actor, account, by="operator", now=now)
            if encoded:
                self._passwords.put_in(tx, account.id, encoded, now=now, must_change=must_change)
            elif imported_hash:
                scheme = self._passwords.import_in(tx, account.id, imported_hash, now=now)
                imported = PasswordImported(account_id=account.id, scheme=scheme)
                self._audit.record(tx, actor, now, imported)

        self._db.write(unit)
        return account

    def set_password(
        self, actor: Actor, account_id: str, password: Secret, *, must_change: bool
    ) -> int:
        """Replace the password and end every session and grant; how many sessions were ended."""
        account = self._accounts.get(account_id)
        encoded = self._checked(password, account)

        def unit(tx: Tx, now: datetime) -> list[str]:
            self._passwords.put_in(tx, account_id, encoded, now=now, must_change=must_change)
            self._forget_tries_in(tx, account_id)
            self._audit.record(tx, actor, now, PasswordChanged(account_id=account_id))
            self._owner.tell_in(tx, account_id, NoticeTemplate.PASSWORD_CHANGED, {}, now=now)
            # Whoever was in may have let an application in that outlives the session.
            store.void_grants(tx, account_id, now=now)
            self._feed.note(tx, ChangeKind.GRANTS_VOIDED, account_id)
            return self._end_all_in(tx, actor, account_id, EndReason.PASSWORD_RESET, now)

        return self._ended(account_id, ChangeKind.GRANTS_VOIDED, unit)

    def unlock(self, actor: Actor, account_id: str) -> bool:
        """Forget the wrong tries of its password, whoever made them; whether there were any in a
        row. Raises `NoSuchAccount`."""
        self._accounts.get(account_id)
        now = self._clock.now()

        def unit(tx: Tx) -> bool:
            self._forget_tries_in(tx, account_id)
            forgiven = self._passwords.forgive_in(tx, account_id)
            self._audit.record(tx, actor, now, PasswordOpened(account_id=account_id))
            return forgiven

        return self._db.write(unit)

    def _forget_tries_in(self, tx: Tx, account_id: str) -> None:
        self._limits.clear_each(tx, *((each, account_id) for each in LOGIN_TRIES))

    def disable(self, actor: Actor, account_id: str) -> int:
        """Nobody signs in, and everything that lives on the account ends at once."""

        def unit(tx: Tx, now: datetime) -> list[str]:
            self._set_state_in(tx, actor, account_id, AccountState.DISABLED, now)
            self._feed.note(tx, ChangeKind.ACCOUNT_DISABLED, account_id)
            return self._end_all_in(tx, actor, account_id, EndReason.ACCOUNT_DISABLED, now)

        return self._ended(account_id, ChangeKind.ACCOUNT_DISABLED, unit)

    def enable(self, actor: Actor, account_id: str) -> None:
        now = self._clock.now()
        self._db.write(
            lambda tx: self._set_state_in(tx, actor, account_id, AccountState.ACTIVE, now)
        )

    def leave(self, actor: Actor, account_id: str) -> timedelta:
        """The owner wants it deleted: everything that lives on it ends at once, and it is deleted
        after the time that is told, unless its owner signs in and keeps it. Zero: it is gone."""
        if not self.cooling_off:
            self.delete(actor, account_id)
            return self.cooling_off

        def unit(tx: Tx, now: datetime) -> list[str]:
            account = store.find(tx, account_id)
            if account is None:
                raise NoSuchAccount(account_id)
            self._deletions.ask_in(tx, actor, account, now + self.cooling_off, now=now)
            store.void_grants(tx, account_id, now=now)
            self._feed.note(tx, ChangeKind.GRANTS_VOIDED, account_id)
            return self._end_all_in(tx, actor, account_id, EndReason.LEAVING, now)

        self._ended(account_id, ChangeKind.GRANTS_VOIDED, unit)
        return self.cooling_off

    def delete_due(self) -> int:
        """Delete the accounts whose time has come; how many."""
        now = self._clock.now()
        due = self._db.read(lambda tx: store.list_due(tx, now=now, limit=_MOST_AT_ONCE))
        for account_id in due:
            # Kept or deleted meanwhile, by its owner or by another process: nothing to do.
            with suppress(NoSuchAccount):
                self.delete(Actor.system(), account_id, only_due=True)
        return len(due)

    def delete(self, actor: Actor, account_id: str, *, only_due: bool = False) -> None:
        """The account and all that it owns are gone; the audit entries stay. With `only_due` one
        that is not due (any more) is left alone: `NoSuchAccount`."""
        # Looked up beforehand: a client may have to be fetched, and then the grants are gone.
        notes = self._back_channel.notes_of_account(account_id)

        def unit(tx: Tx, now: datetime) -> list[str]:
            account = store.find(tx, account_id)
            if account is None or (only_due and not _is_due(account, now)):
                raise NoSuchAccount(account_id)
            ended = self._end_all_in(tx, actor, account_id, EndReason.ACCOUNT_DELETED, now)
            self._back_channel.enqueue_in(tx, notes, now=now)
            self._feed.note(tx, ChangeKind.ACCOUNT_DISABLED, account_id)
            if not store.delete(tx, account_id):
                raise NoSuchAccount(account_id)
            self._feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account_id)
            self._audit.record(tx, actor, now, AccountDeleted(account_id=account_id))
            self._owner.tell_account_in(tx, account, NoticeTemplate.ACCOUNT_DELETED, {}, now=now)
            return ended

        self._ended(account_id, ChangeKind.ACCOUNT_DISABLED, unit)

    def _checked(self, password: Secret, account: Account) -> str:
        text = password.reveal()
        self._passwords.check_new(text, context=(account.username, account.email))
        return self._passwords.hash(text)

    def _set_state_in(
        self, tx: Tx, actor: Actor, account_id: str, state: AccountState, now: datetime
    ) -> None:
        if store.set_state(tx, account_id, state, now=now) is None:
            raise NoSuchAccount(account_id)
        self._feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account_id)
        event = AccountStateChanged(account_id=account_id, state=state)
        self._audit.record(tx, actor, now, event)

    def _end_all_in(
        self, tx: Tx, actor: Actor, account_id: str, reason: EndReason, now: datetime
    ) -> list[str]:
        login_store.end_of_account(tx, account_id, now=now)
        return self._sessions.end_in(tx, actor, account_id, now=now, reason=reason)

    def _ended(
        self, account_id: str, kind: ChangeKind, unit: Callable[[Tx, datetime], list[str]]
    ) -> int:
        """Run what ends everything of the account, at a moment that is later than whatever was made
        on it before: the clock is read once the account is held."""

        def held(tx: Tx) -> tuple[list[str], datetime]:
            login_store.hold_account(tx, account_id)
            now = self._clock.now()
            return unit(tx, now), now

        ended, now = self._db.write(held)
        self._sessions.announce(ended, now)
        self._feed.apply_now(kind, account_id, now)
        return len(ended)


def _is_due(account: Account, now: datetime) -> bool:
    return account.deletion_due_at is not None and account.deletion_due_at <= now

"""Changing the password while signed in: the present one is proven again, every other session
ends, and this one is renewed, so that a copy of its tokens is worth nothing."""

from __future__ import annotations

from datetime import datetime

from portero.core.accounts.flows import Accounts
from portero.core.accounts.model import Account
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.factors.password import Passwords, StoredPassword
from portero.core.factors.password.events import PasswordChanged
from portero.core.login import proofs, rules, store, waits
from portero.core.login.errors import PasswordThere, WrongPassword
from portero.core.login.model import InBrowser, SignedIn
from portero.core.login.present_password import PresentPassword
from portero.core.notices import NoticeTemplate
from portero.core.sessions import EndReason, Proven, Session, SessionEnded, Sessions
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.refusals import FieldFault, Invalid


class PasswordChange:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        accounts: Accounts,
        passwords: Passwords,
        sessions: Sessions,
        owner: OwnerTold,
        present: PresentPassword,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._owner = owner
        self._present = present

    def change(
        self,
        actor: Actor,
        account_id: str,
        session_id: str,
        *,
        present: str,
        new: str,
        in_browser: InBrowser | None = None,
    ) -> SignedIn:
        """The renewed session; raises `WrongPassword`, `WeakPassword`, `SessionEnded`.
        `in_browser` is the browser that holds it, which gets a new cookie too."""
        account = self._accounts.get(account_id)
        session = self._sessions.find_live(account_id, session_id)
        stored = self._present.prove(actor, account, session_id, present, field="current_password")
        encoded = self._new_encoding(account, new)
        if new == present:
            fault = FieldFault("new_password", "reused", "Choose one that you have not used here.")
            raise Invalid("the same password again", faults=(fault,))
        changed = self._replace(actor, account, session, stored, encoded, in_browser)
        if changed is None:
            raise WrongPassword("the password changed meanwhile")
        return changed

    def choose(
        self,
        actor: Actor,
        account_id: str,
        session_id: str,
        *,
        new: str,
        in_browser: InBrowser | None = None,
    ) -> SignedIn:
        """The same for an account that has none: a fresh proof of something else is the caller's to
        ask for. Raises `PasswordThere`, `WeakPassword`, `SessionEnded`."""
        account = self._accounts.get(account_id)
        session = self._sessions.find_live(account_id, session_id)
        if self.since(account_id) is not None:
            raise PasswordThere("it has one")
        encoded = self._new_encoding(account, new)
        chosen = self._replace(actor, account, session, None, encoded, in_browser)
        if chosen is None:
            raise PasswordThere("one was chosen meanwhile")
        return chosen

    def since(self, account_id: str) -> datetime | None:
        """When the account's password was chosen; None: it has none."""
        stored = self._db.read(lambda tx: self._passwords.load_in(tx, account_id))
        return None if stored is None else stored.changed_at

    def _new_encoding(self, account: Account, new: str) -> str:
        self._passwords.check_new(
            new,
            context=(account.username, account.email),
            account_id=account.id,
            field="new_password",
        )
        return self._passwords.hash(new)

    def _replace(
        self,
        actor: Actor,
        account: Account,
        session: Session,
        stored: StoredPassword | None,
        encoded: str,
        in_browser: InBrowser | None,
    ) -> SignedIn | None:
        """None when the present password is another one than `stored` by now."""
        now = self._clock.now()

        def unit(tx: Tx) -> tuple[SignedIn, list[str]] | None:
            changed = self._change_in(tx, actor, account, session, stored, encoded, now)
            if changed is None:
                return None
            renewed, ended = changed
            if in_browser is None or not session.browser_id:
                return SignedIn(renewed, account), ended
            browser = self._sessions.renew_browser(tx, in_browser.cookie, now=now, lasts=False)
            self._sessions.choose_in(tx, browser.secret.reveal(), renewed.id, now=now)
            return SignedIn(renewed, account, browser.secret, browser.lasts), ended

        done = self._db.write(unit)
        if done is None:
            return None
        signed_in, ended = done
        self._sessions.announce(ended, now)
        return signed_in

    def _change_in(
        self,
        tx: Tx,
        actor: Actor,
        account: Account,
        session: Session,
        stored: StoredPassword | None,
        encoded: str,
        now: datetime,
    ) -> tuple[Session, list[str]] | None:
        held = store.hold_account(tx, account.id)
        if held is None or not held.is_active:
            raise SessionEnded("disabled or deleted while the password was hashed")
        # Compare and swap first: of two changes that proved the same password one wins.
        if stored is None:
            if self._passwords.load_in(tx, account.id) is not None:
                return None
            by_mail = proofs.proven_in(session).factor == rules.MAILBOX
            self._passwords.put_in(tx, account.id, encoded, now=now, by_mail=by_mail)
        elif not self._passwords.replace_in(
            tx,
            account.id,
            expected=stored.encoded,
            replacement=encoded,
            now=now,
            chosen=True,
            still_by_mail=waits.stays_by_mail(stored, session.amr, now),
        ):
            return None
        self._present.forgive_in(tx, account.id, session.id)
        store.end_of_account(tx, account.id, now=now)
        ended = self._sessions.end_in(
            tx,
            actor,
            account.id,
            now=now,
            reason=EndReason.PASSWORD_CHANGED,
            but=(session.id,),
        )
        at = proofs.proven_at(session, "password", now)
        proven = Proven(session.acr, session.amr, "password", at)
        renewed = self._sessions.renew_in(tx, actor, session, proven, now=now)
        self._audit.record(tx, actor, now, PasswordChanged(account_id=account.id))
        self._owner.tell_account_in(tx, held, NoticeTemplate.PASSWORD_CHANGED, {}, now=now)
        return renewed, [*ended, session.id]

"""Starting, listing and ending sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.outbox import Outbox
from portero.core.sessions import rules, store
from portero.core.sessions.errors import NoSuchSession, SessionEnded
from portero.core.sessions.events import SessionsEnded, SessionStarted
from portero.core.sessions.model import BrowserSecret, EndReason, Lifetimes, Proven, Session
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import Secret, fingerprint

# The outbox job of a verb that ended sessions, for whoever has to tell others (back-channel
# logout): `account_id` and `session_ids`.
SESSIONS_ENDED: Final = "sessions_ended"
# A renewed session goes on under another id. A deleted account takes along what a job would have
# to look up: whoever deletes it tells by itself.
_UNTOLD: Final = frozenset({EndReason.RENEWED, EndReason.ACCOUNT_DELETED})


class Sessions:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        feed: ChangeFeed,
        outbox: Outbox,
        lifetimes: Lifetimes,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._feed = feed
        self._outbox = outbox
        self.lifetimes = lifetimes

    # --- within a verb of a room above -------------------------------------------------------

    def start(
        self,
        tx: Tx,
        actor: Actor,
        account_id: str,
        proven: Proven,
        *,
        now: datetime,
        browser_id: str = "",
        lasts: bool = True,
    ) -> Session:
        """A new session, in the transaction of the sign-in that earned it; unless it `lasts`, a
        brief one.

        In a browser that holds a live session of that account this one is proven anew instead: its
        `sid` is what other applications know the person by, and they need not sign in again.

        It may end the account's least recently used ones. That is nobody's wish to shut anyone
        out, so this process too learns it from the feed.
        """
        if browser_id:
            held = store.prove_again(
                tx,
                account_id,
                browser_id,
                now=now,
                idle_until=rules.idle_until(now, self.lifetimes),
                proven=proven,
            )
            if held is not None:
                self._record_start_in(tx, actor, held, proven, now)
                return held
        session = Session(
            id=self._dice.new_id(),
            account_id=account_id,
            created_at=now,
            auth_time=proven.at or now,
            last_used_at=now,
            idle_until=rules.idle_until(now, self.lifetimes),
            expires_at=rules.expires_at(now, self.lifetimes, proven, lasts=lasts),
            acr=proven.acr,
            amr=proven.amr,
            browser_id=browser_id,
            user_agent=actor.origin.user_agent[:512],
            address=actor.origin.address,
            second_factor_put_off=proven.put_off_until is not None,
        )
        store.add(tx, session)
        self._record_start_in(tx, actor, session, proven, now)
        reason = EndReason.TOO_MANY
        ended = store.end_beyond(tx, account_id, keep=rules.MOST_SESSIONS, now=now, reason=reason)
        self._record_end_in(tx, actor, account_id, reason, ended, now)
        return session

    def renew_in(
        self, tx: Tx, actor: Actor, session: Session, proven: Proven, *, now: datetime
    ) -> Session:
        """Replace a session by a new one at a rise of privilege or a change of password: whoever
        knows the old one's tokens is left with nothing. The verb calls `announce`."""
        ended = self.end_in(
            tx, actor, session.account_id, now=now, reason=EndReason.RENEWED, only=(session.id,)
        )
        if not ended:
            raise SessionEnded("it ended while it was being renewed")
        return self.start(
            tx,
            actor,
            session.account_id,
            rules.renewed(session, proven),
            now=now,
            browser_id=session.browser_id,
            lasts=rules.lasts(session, self.lifetimes),
        )

    def lift_in(
        self, tx: Tx, actor: Actor, session: Session, proven: Proven, *, now: datetime
    ) -> Session:
        """Note on a session that its person has proven something more; raises `SessionEnded`."""
        lifted = store.lift(
            tx, session.account_id, session.id, now=now, acr=proven.acr, amr=proven.amr
        )
        if lifted is None:
            raise SessionEnded("it ended meanwhile")
        self._record_start_in(tx, actor, lifted, proven, now)
        return lifted

    def choose_in(self, tx: Tx, secret: str, session_id: str, *, now: datetime) -> None:
        """The person in that browser goes on with that one of its sessions; raises
        `NoSuchSession` for any other."""
        held = store.find_by_browser(tx, fingerprint(secret), now=now) if secret else []
        if session_id not in {each.id for each in held}:
            raise NoSuchSession(f"{session_id} is not live in that browser")
        store.choose(tx, fingerprint(secret), session_id)

    def touch_in(self, tx: Tx, session: Session, *, now: datetime) -> None:
        """Note that the session was used, at most once in `rules.touch_every`."""
        if rules.needs_touch(session, now, self.lifetimes):
            store.touch(
                tx,
                session.id,
                now=now,
                idle_until=rules.idle_until(now, self.lifetimes),
                unless_after=now - rules.touch_every(self.lifetimes),
            )

    def new_browser(self, tx: Tx, *, now: datetime, lasts: bool = False) -> BrowserSecret:
        """A browser record with a fresh secret of 256 bits. Never adopts a value that came from
        outside, so that nobody can plant one (session fixation)."""
        made = BrowserSecret(self._dice.new_id(), Secret(self._dice.token()), lasts)
        hashed = fingerprint(made.secret.reveal())
        store.add_browser(tx, made.browser_id, hashed, now=now, lasts=lasts)
        return made

    def renew_browser(self, tx: Tx, secret: str, *, now: datetime, lasts: bool) -> BrowserSecret:
        """The same browser with a new secret, or a new browser for an unknown one: at a sign-in,
        so that whoever planted or saw the old cookie is not signed in with the person. It goes on
        lasting once somebody in it has wanted that."""
        fresh = Secret(self._dice.token())
        known = (
            store.renew_browser(
                tx, fingerprint(secret), new_hash=fingerprint(fresh.reveal()), lasts=lasts
            )
            if secret
            else None
        )
        if known is None:
            return self.new_browser(tx, now=now, lasts=lasts)
        browser_id, still_lasts = known
        return BrowserSecret(browser_id, fresh, still_lasts)

    def end_in(
        self,
        tx: Tx,
        actor: Actor,
        account_id: str,
        *,
        now: datetime,
        reason: EndReason,
        only: Sequence[str] | None = None,
        but: Sequence[str] = (),
    ) -> list[str]:
        """End sessions in the verb's transaction; the verb calls `announce` after its commit."""
        ended = store.end(tx, account_id, now=now, reason=reason, only=only, but=but)
        self._record_end_in(tx, actor, account_id, reason, ended, now)
        return ended

    def _record_start_in(
        self, tx: Tx, actor: Actor, session: Session, proven: Proven, now: datetime
    ) -> None:
        started = SessionStarted(
            account_id=session.account_id,
            session_id=session.id,
            factor=proven.factor,
            acr=proven.acr,
            amr=proven.amr,
        )
        self._audit.record(tx, actor, now, started)

    def announce(self, ended: Sequence[str], now: datetime) -> None:
        """Make the end effective in this process at once; others learn it from the feed."""
        for session_id in ended:
            self._feed.apply_now(ChangeKind.SESSION_ENDED, session_id, now)

    def _record_end_in(
        self,
        tx: Tx,
        actor: Actor,
        account_id: str,
        reason: EndReason,
        ended: Sequence[str],
        now: datetime,
    ) -> None:
        if ended:
            self._feed.note(tx, ChangeKind.SESSION_ENDED, *ended)
            event = SessionsEnded(account_id=account_id, reason=reason, count=len(ended))
            self._audit.record(tx, actor, now, event)
            if reason not in _UNTOLD:
                told = {"account_id": account_id, "session_ids": list(ended)}
                self._outbox.enqueue(tx, SESSIONS_ENDED, told, now=now)

    # --- verbs of their own -------------------------------------------------------------------

    def list_live(self, account_id: str) -> list[Session]:
        """The live sessions, the last used one first; no account has more than this tells."""
        now, most = self._clock.now(), rules.MOST_SESSIONS
        return self._db.read(lambda tx: store.list_live(tx, account_id, now=now, limit=most))

    def list_known(self, account_id: str) -> list[Session]:
        """The sessions that are still held, ended ones too, the newest first."""
        return self._db.read(lambda tx: store.list_known(tx, account_id, limit=rules.MOST_KNOWN))

    def find_live(self, account_id: str, session_id: str) -> Session:
        """The live session; raises `SessionEnded`."""
        now = self._clock.now()
        found = self._db.read(lambda tx: store.find_live(tx, account_id, session_id, now=now))
        if found is None:
            raise SessionEnded(f"session {session_id} is not live")
        return found

    def of_browser(self, secret: str) -> list[Session]:
        """The live sessions that a browser's cookie names, the one proven last first; none for an
        unknown cookie, and for none (which costs no statement)."""
        if not secret:
            return []
        now = self._clock.now()
        return self._db.read(lambda tx: store.find_by_browser(tx, fingerprint(secret), now=now))

    def use(self, session: Session) -> None:
        """Note that somebody looked at a page of ours with it (`touch_in`)."""
        now = self._clock.now()
        if rules.needs_touch(session, now, self.lifetimes):
            self._db.write(lambda tx: self.touch_in(tx, session, now=now), durable=False)

    def choose(self, secret: str, session_id: str) -> None:
        """`choose_in`, for nothing but that."""
        now = self._clock.now()
        self._db.write(lambda tx: self.choose_in(tx, secret, session_id, now=now))

    def change_cookie(self, secret: str) -> BrowserSecret:
        """Another cookie for the same browser, at a rise of privilege; the old one is nothing."""
        now = self._clock.now()
        return self._db.write(lambda tx: self.renew_browser(tx, secret, now=now, lasts=False))

    def end_one(self, actor: Actor, account_id: str, session_id: str, reason: EndReason) -> None:
        """End one session of this account; raises `NoSuchSession` for anybody else's."""
        if self._end(actor, account_id, reason, only=(session_id,)) == 0:
            raise NoSuchSession(f"{session_id} is not a live session of {account_id}")

    def end_all(
        self, actor: Actor, account_id: str, reason: EndReason, *, but: Sequence[str] = ()
    ) -> int:
        """End all sessions of the account but some; how many were ended."""
        return self._end(actor, account_id, reason, but=but)

    def _end(
        self,
        actor: Actor,
        account_id: str,
        reason: EndReason,
        *,
        only: Sequence[str] | None = None,
        but: Sequence[str] = (),
    ) -> int:
        now = self._clock.now()
        ended = self._db.write(
            lambda tx: self.end_in(
                tx, actor, account_id, now=now, reason=reason, only=only, but=but
            )
        )
        self.announce(ended, now)
        return len(ended)

"""Every way in ends here: is something still owed, or is there a session now?

The one place that starts a session for somebody who signed in. It runs inside the transaction of
the step that proved the last thing, on what that transaction sees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from portero.core.accounts.deletion import Deletions
from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import store as authenticator_store
from portero.core.devices import KnownDevices
from portero.core.factors.password import Passwords, StoredPassword
from portero.core.factors.password.events import PasswordOpened
from portero.core.login import grace, proofs, rules, store, waits
from portero.core.login.doubts import Doubts
from portero.core.login.errors import InteractionOver, MailboxAlone, SecondFactorDue, SignInDenied
from portero.core.login.events import SecondFactorPutOff, SignInFailed, SignInOwes, demand_met
from portero.core.login.model import (
    Facts,
    InBrowser,
    Interaction,
    Owed,
    SignedIn,
    SignInPolicy,
    StillOwes,
    Wanted,
)
from portero.core.login.watching import Watch
from portero.core.risk import Answer
from portero.core.sessions import Proven, Session, Sessions
from portero.core.sessions import store as session_store
from portero.core.sessions.demand import is_multi_factor
from portero.kit.db import Tx
from portero.kit.ports import Dice
from portero.kit.refusals import Refusal
from portero.kit.secrets import Secret, fingerprint

ANYTHING: Final = Wanted()


@dataclass(frozen=True, slots=True)
class Dispatcher:
    dice: Dice
    audit: AuditLog
    sessions: Sessions
    passwords: Passwords
    devices: KnownDevices
    policy: SignInPolicy
    deletions: Deletions
    watch: Watch
    doubts: Doubts

    def facts_in(
        self,
        tx: Tx,
        account: Account,
        stored: StoredPassword | None,
        proven: Proven,
        wanted: Wanted,
        *,
        now: datetime,
        in_browser: InBrowser | None = None,
    ) -> Facts:
        """What decides on the next step for that account, as it is now."""
        devices = in_browser.devices if in_browser else ""
        enrolled = authenticator_store.list_of(tx, account.id)
        facts = Facts(
            account,
            password_must_change=stored is not None and self.passwords.expired(stored, now),
            proven=proven,
            wanted=wanted,
            enrolled=tuple(dict.fromkeys(each.kind for each in enrolled)),
            device_trusted=self.devices.is_trusted_in(tx, account.id, devices, now=now),
            mail_counts_from=waits.mail_counts_from_in(
                self.devices, tx, stored, proven, devices, now=now
            ),
            put_aside_until=waits.put_aside_until_in(
                self.devices, tx, account, stored, proven, devices, now=now
            ),
        )
        if grace.is_due(rules.owed(facts, self.policy), facts, self.policy):
            return replace(facts, due=authenticator_store.find_due(tx, account.id))
        return facts

    def arrive_in(
        self,
        tx: Tx,
        actor: Actor,
        account: Account,
        proven: Proven,
        stored: StoredPassword | None,
        *,
        now: datetime,
        wanted: Wanted = ANYTHING,
        under_way: Interaction | None = None,
        secret: str = "",
        in_browser: InBrowser | None = None,
        trust_device: bool = False,
        lifting: Session | None = None,
        not_now: bool = False,
    ) -> SignedIn | StillOwes | Refusal:
        """A session, or the next step; or the refusal to commit (`MailboxAlone`, `SignInDenied`),
        so that what was right counts as right and the refusal is recorded. `under_way` is the
        interaction that this step advanced, with the new `secret` that it now has; else the sign-in
        begins, for what is `wanted`, and is judged by the rules of risk.
        `in_browser` is None for a sign-in without a browser. `trust_device`: the person wants that
        one not to be asked for a second factor again for a while. `lifting`: the live session that
        the sign-in begins with and is to lift; it has to owe something. `not_now`: the person puts
        off what may be put off; raises `SecondFactorDue` where nothing may."""
        if under_way is not None:
            wanted = under_way.wanted
        facts = self.facts_in(tx, account, stored, proven, wanted, now=now, in_browser=in_browser)
        is_told = False
        if under_way is None and lifting is None:
            verdict = self.doubts.weigh_in(tx, actor, facts, self.policy, in_browser, now=now)
            if verdict.answer is Answer.DENY:
                return SignInDenied(", ".join(verdict.fired))
            is_told = verdict.is_told
            if verdict.answer is Answer.STEP_UP:
                wanted = replace(wanted, doubted=True)
                facts = replace(facts, wanted=wanted, due=None)
        step = rules.owed(facts, self.policy)
        if grace.is_due(step, facts, self.policy) and facts.due is None:
            facts = replace(facts, due=authenticator_store.meet(tx, account.id, now=now))
        until = grace.put_off_until(facts, self.policy, now)
        not_now = not_now and step is not None
        if not_now:
            if until is None:
                raise SecondFactorDue(f"owes {step}")
            step, proven = None, replace(proven, put_off_until=until)
            put_off = SecondFactorPutOff(account_id=account.id, until=until.isoformat())
            self.audit.record(tx, actor, now, put_off)
        refusal = rules.unanswerable(step, facts, self.policy, now)
        if refusal is not None:
            self.record_refusal_in(tx, actor, account.id, refusal, now=now)
            return refusal
        if step is None:
            if under_way is not None:
                store.finish(tx, under_way.id)
            lifted, stepped_up = None, False
            if under_way is not None:
                lifted = self._check_place_in(tx, under_way, in_browser, now=now)
                if lifted is not None:
                    stepped_up = True
                    at = proofs.lifted_at(lifted, under_way, proven.factor, now, not_now=not_now)
                    proven = replace(proven, at=at)
                if in_browser is not None:
                    in_browser = replace(in_browser, keep=under_way.keep)
            if stored is not None and stored.failures:
                self._forgive_in(tx, actor, proven, stored, now)
            # Only by whoever has proven the second factor, just now and there.
            trust = trust_device and is_multi_factor(proven.amr)
            ended = self._start_in(
                tx, actor, account, proven, in_browser, lifted, is_told, trust_device=trust, now=now
            )
            if wanted.acr or wanted.second_factor:
                met = demand_met(ended.session, proven, wanted, stepped_up=stepped_up)
                self.audit.record(tx, actor, now, met)
            return ended
        if under_way is None:
            secret = self.dice.token()
            under_way = Interaction(
                id=self.dice.new_id(),
                account_id=account.id,
                proven=proven,
                wanted=wanted,
                keep=in_browser is not None and in_browser.keep,
                created_at=now,
                expires_at=now + rules.INTERACTION_LIFETIME,
                session_id=lifting.id if lifting else "",
                anew=lifting is not None and not proven.amr,
            )
            store.add(tx, under_way, fingerprint(secret))
            if step is Owed.SECOND_FACTOR and lifting is None:
                self.watch.begun_in(tx, actor, under_way, in_browser, now=now)
        self.audit.record(
            tx, actor, now, SignInOwes(account_id=account.id, factor=proven.factor, owed=step)
        )
        return self.still(Secret(secret), step, facts, under_way.expires_at, now=now)

    def record_refusal_in(
        self, tx: Tx, actor: Actor, account_id: str, refusal: MailboxAlone, *, now: datetime
    ) -> None:
        """For a step, too, that was undone, and its record with it."""
        failed = SignInFailed(account_id=account_id, factor=refusal.factor, reason="mailbox_alone")
        self.audit.record(tx, actor, now, failed)

    def still(
        self, secret: Secret, step: Owed, facts: Facts, expires_at: datetime, *, now: datetime
    ) -> StillOwes:
        """What is owed, with the ways to answer it."""
        until = grace.put_off_until(facts, self.policy, now)
        return StillOwes(
            secret,
            step,
            rules.options(step, may_put_off=until is not None),
            expires_at,
            factors=rules.factors_for(step, facts, self.policy),
            put_off_until=until,
        )

    def _forgive_in(
        self, tx: Tx, actor: Actor, proven: Proven, stored: StoredPassword, now: datetime
    ) -> None:
        """End the row of wrong tries. A password that is shut is opened by another factor or the
        mailbox, not by itself: who stole a browser that knows the account would open it for all."""
        by_password = proven.factor == "password" and not is_multi_factor(proven.amr)
        if not (stored.is_shut and by_password) and self.passwords.forgive_in(
            tx, stored.account_id
        ):
            self.audit.record(tx, actor, now, PasswordOpened(account_id=stored.account_id))

    def _start_in(
        self,
        tx: Tx,
        actor: Actor,
        account: Account,
        proven: Proven,
        in_browser: InBrowser | None,
        lifted: Session | None,
        is_told: bool,
        *,
        trust_device: bool,
        now: datetime,
    ) -> SignedIn:
        if in_browser is None and lifted is not None:
            # Not in its place: whoever has a token of the former one is not lifted with it.
            renewed = self.sessions.renew_in(tx, actor, lifted, proven, now=now)
            return SignedIn(renewed, account)
        if in_browser is None:
            return SignedIn(self.sessions.start(tx, actor, account.id, proven, now=now), account)
        browser = self.sessions.renew_browser(tx, in_browser.cookie, now=now, lasts=in_browser.keep)
        session = self.sessions.start(
            tx,
            actor,
            account.id,
            proven,
            now=now,
            browser_id=browser.browser_id,
            lasts=in_browser.keep,
        )
        if proven.at is not None:
            # It may be older than another's here, and is the one that is meant.
            session_store.choose(tx, fingerprint(browser.secret.reveal()), session.id)
        devices = self.devices.see_in(
            tx, actor, account.id, in_browser.devices, trust=trust_device, now=now
        )
        if devices.reveal() != in_browser.devices and not is_told:
            self.watch.new_device_in(tx, actor, account, proven.factor, now=now)
        return SignedIn(session, account, browser.secret, browser.lasts, devices)

    def under_way_in(
        self, tx: Tx, auth_session: str, in_browser: InBrowser | None, *, now: datetime
    ) -> Interaction:
        """The sign-in that goes on with that secret, here; raises `InteractionOver`."""
        found = store.find(tx, fingerprint(auth_session), now=now)
        if found is None:
            raise InteractionOver("unknown or expired auth_session")
        self._check_place_in(tx, found, in_browser, now=now)
        return found

    def _check_place_in(
        self, tx: Tx, under_way: Interaction, in_browser: InBrowser | None, *, now: datetime
    ) -> Session | None:
        """The session that it lifts. What was proven earlier is worth no more than the session that
        it was proven in: ended meanwhile, or taken to another browser, it is nothing. Raises
        `InteractionOver`."""
        if not under_way.session_id:
            return None
        if in_browser is None:
            held = session_store.find_live(tx, under_way.account_id, under_way.session_id, now=now)
            here = [held] if held is not None and not held.browser_id else []
        else:
            here = session_store.find_by_browser(tx, fingerprint(in_browser.cookie), now=now)
        for each in here:
            if each.id == under_way.session_id:
                return each
        raise InteractionOver("the session that it began with is over, or elsewhere")

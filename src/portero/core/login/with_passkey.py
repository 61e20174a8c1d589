"""Signing in with a passkey alone: it is two factors at once, and no phisher gets it.

1. Count a try of the address: one transaction, committed whatever follows.
2. Find whose passkey it is, spend the challenge, check the answer, count the use; then the
   dispatcher decides: one transaction, committed also when the answer is refused.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Final

from portero.core.accounts.flows import find_identified, identifier_key
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import Evidence
from portero.core.factors.passkey import Passkey, Passkeys, Purpose
from portero.core.factors.password import Passwords
from portero.core.limits import Limits
from portero.core.login import rules, store
from portero.core.login.dispatcher import ANYTHING, Dispatcher
from portero.core.login.errors import (
    AccountNotActive,
    PasskeyRefused,
    PasskeySignInOff,
    UnknownPasskey,
    signed_in,
)
from portero.core.login.events import SignInFailed, SignInLimited
from portero.core.login.model import Along, InBrowser, SignedIn, StillOwes, Wanted
from portero.core.sessions import Proven
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.refusals import Refusal
from portero.protocol.webauthn.ceremonies import warm_up
from portero.protocol.webauthn.model import CeremonyRefused, Known, Reason, UnverifiedAnswer
from portero.protocol.webauthn.reading import encoded, read

# Lengths of ids, in bytes, that are often seen.
_DECOY_BYTES: Final = (16, 20, 32)


class PasskeySignIn:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        limits: Limits,
        passwords: Passwords,
        passkeys: Passkeys | None,
        dispatcher: Dispatcher,
        decoy_key: bytes,
    ) -> None:
        """`passkeys` is None where nobody signs in so. `decoy_key` makes the ids that are told for
        names without a passkey."""
        self._db = db
        self._clock = clock
        self._audit = audit
        self._limits = limits
        self._passwords = passwords
        self._passkeys = passkeys
        self._dispatcher = dispatcher
        self._decoy_key = decoy_key

    @property
    def is_on(self) -> bool:
        return self._passkeys is not None

    def options(self, subject: str, *, username: str = "") -> Mapping[str, Any]:
        """What the browser `subject` is asked for: any passkey that it knows, or those of a name.

        Every name has some, and always the same: whether there is such an account, and whether it
        has a passkey, is nobody's to learn here (WebAuthn L3 §14.6.2).
        """
        passkeys = self._on()
        if not username:
            return passkeys.ask(subject)
        account = self._db.read(lambda tx: find_identified(tx, username))
        # Nobody's list is asked for too: the time of a statement would tell who exists.
        held = passkeys.list_of(account.id if account is not None else "")
        return passkeys.ask(subject, [each.known for each in held] or [self._decoy(username)])

    def with_passkey(
        self,
        actor: Actor,
        subject: str,
        credential: Mapping[str, Any] | None,
        *,
        username: str = "",
        wanted: Wanted = ANYTHING,
        in_browser: InBrowser | None = None,
        along: Along | None = None,
    ) -> SignedIn:
        """A session for whoever has the passkey; raises `UnknownPasskey`, `PasskeyRefused`,
        `OverLimit`, `AccountNotActive`, `OwesMore`. `subject` is what `options` was given;
        `username` what was typed, if anything: then it must be its owner's."""
        passkeys = self._on()
        self._spend(actor)
        warm_up()

        def arrive(tx: Tx) -> SignedIn | StillOwes | Refusal:
            arrived = self._arrive_in(
                tx, actor, passkeys, subject, credential, username, wanted, in_browser
            )
            if along is not None and isinstance(arrived, SignedIn):
                along.redeem_in(tx, arrived.session, arrived.account)
            return arrived

        with along.prepared() if along is not None else nullcontext():
            arrived = self._db.write(arrive)
        return signed_in(arrived, denied=PasskeyRefused)

    def _on(self) -> Passkeys:
        if self._passkeys is None:
            raise PasskeySignInOff("PORTERO_PASSKEY_SIGN_IN=off, or an issuer without a domain")
        return self._passkeys

    def _decoy(self, username: str) -> Known:
        key = identifier_key(username).encode()
        digest = hmac.digest(self._decoy_key, key, hashlib.sha256)
        length = _DECOY_BYTES[hmac.digest(self._decoy_key, digest, hashlib.sha256)[0] % 3]
        return Known(encoded(digest[:length]), ("internal", "hybrid"))

    def _spend(self, actor: Actor) -> None:
        """By address alone: nobody guesses a signature, and a limit on the account would be a way
        to shut its owner out."""
        now, policy = self._clock.now(), rules.LOGIN_BY_ADDRESS

        def unit(tx: Tx) -> Refusal | None:
            over = self._limits.spend(tx, policy, actor.origin.address, now=now)
            if over is not None and over.is_first:
                limited = SignInLimited(account_id="", limit=over.limit)
                self._audit.record(tx, actor, now, limited)
            return over

        over = self._db.write(unit, durable=False)
        if over is not None:
            raise over

    # --- inside the transaction ---------------------------------------------------------------

    def _arrive_in(
        self,
        tx: Tx,
        actor: Actor,
        passkeys: Passkeys,
        subject: str,
        credential: Mapping[str, Any] | None,
        username: str,
        wanted: Wanted,
        in_browser: InBrowser | None,
    ) -> SignedIn | StillOwes | Refusal:
        now, account_id = self._clock.now(), ""
        try:
            answer = read(credential)
            used = passkeys.find_in(tx, answer.credential_id)
            if used is None:
                raise CeremonyRefused(Reason.UNKNOWN, answer.credential_id[:64])
            account_id = used.account_id
            self._check_owner_in(tx, used, answer, username)
            account = store.hold_account(tx, account_id)
            evidence = passkeys.use_in(tx, used, answer, Purpose.SIGN_IN, subject, now=now)
        except CeremonyRefused as refusal:
            failed = SignInFailed(account_id=account_id, factor="passkey", reason=refusal.reason)
            self._audit.record(tx, actor, now, failed)
            unknown = refusal.reason is Reason.UNKNOWN
            return (UnknownPasskey if unknown else PasskeyRefused)(str(refusal))
        if account is None or not account.is_active:
            failed = SignInFailed(account_id=account_id, factor="passkey", reason="not_active")
            self._audit.record(tx, actor, now, failed)
            return AccountNotActive(f"{account_id} is not active")
        self._limits.give_back(tx, rules.LOGIN_BY_ADDRESS, actor.origin.address)
        return self._dispatcher.arrive_in(
            tx,
            actor,
            account,
            _proven(evidence),
            self._passwords.load_in(tx, account.id),
            now=now,
            wanted=wanted,
            in_browser=in_browser,
        )

    def _check_owner_in(
        self, tx: Tx, used: Passkey, answer: UnverifiedAnswer, username: str
    ) -> None:
        """WebAuthn L3 §7.2 step 6: without a name the authenticator has to say whose it is."""
        if username:
            named = find_identified(tx, username)
            if named is None or named.id != used.account_id:
                raise CeremonyRefused(Reason.USER_HANDLE, "of another account than was named")
        elif not answer.user_handle:
            raise CeremonyRefused(Reason.USER_HANDLE, "none, and no name")


def _proven(evidence: Evidence) -> Proven:
    return Proven(acr=evidence.acr, amr=evidence.amr, factor="passkey")

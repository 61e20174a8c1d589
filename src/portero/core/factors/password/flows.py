"""Choosing, keeping and proving passwords.

The verbs that end in `_in` run inside the transaction of the room above. The others hash, fetch
or wait, and must be called with no transaction open.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from portero.core.factors.password import rules, store
from portero.core.factors.password.errors import HashQueueFull, UnknownHashFormat, WeakPassword
from portero.core.factors.password.model import PasswordPolicy, Proof, StoredPassword, Verified
from portero.core.factors.password.ports import BreachedPasswords, PasswordHasher, Pause
from portero.core.factors.password.room import Room
from portero.core.factors.password.timing import EvenTime
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.refusals import FieldFault


class Passwords:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        pause: Pause,
        breach: BreachedPasswords | None = None,
        most_at_once: int = 24,
        second_factor: bool = False,
    ) -> None:
        """`most_at_once` is how many threads of the caller may be in here, waits included.
        `second_factor`: everybody has to prove one too, which allows a shorter password."""
        self._db = db
        self._hasher = hasher
        self._breach = breach
        self._pause = pause
        self._monotonic = clock.monotonic
        self._even = EvenTime(monotonic=clock.monotonic, current_scheme=hasher.current_scheme)
        self._room = Room(most_at_once)
        self._nobodys: str | None = None
        self._second_factor = second_factor
        self.policy = policy

    # --- choosing one --------------------------------------------------------------------------

    def check_new(
        self,
        password: str,
        *,
        context: Sequence[str] = (),
        account_id: str | None = None,
        field: str = "password",
    ) -> None:
        """Raise `WeakPassword` when the policy forbids it. `context` are the person's names and
        mail addresses."""
        if not rules.is_text(password):
            fault = FieldFault(field, "not_text", "Use characters that are valid text.")
            raise WeakPassword(faults=(fault,))
        text = rules.normalised(password)
        faults = rules.length_faults(
            text, self.policy, second_factor=self._second_factor, field=field
        ) + rules.composition_faults(text, self.policy, field=field)
        # The costly questions are for passwords that could be taken at all.
        faults = faults or self._content_faults(text, context, field)
        faults = faults or self._known_faults(text, account_id, field)
        if faults:
            raise WeakPassword(",".join(fault.code for fault in faults), faults=tuple(faults))

    def hash(self, password: str) -> str:
        """The encoding to store of a password that was checked; raises `HashQueueFull`."""
        with self._room.place():
            return self._hasher.hash(rules.normalised(password))

    # --- within a verb of a room above -------------------------------------------------------

    def load_in(self, tx: Tx, account_id: str) -> StoredPassword | None:
        """The account's password, if it has one."""
        return store.load(tx, account_id)

    def put_in(
        self,
        tx: Tx,
        account_id: str,
        encoded: str,
        *,
        now: datetime,
        must_change: bool = False,
        by_mail: bool = False,
    ) -> None:
        """Set the password that `hash` encoded. The verb also ends the other sessions. `by_mail`:
        see `StoredPassword`."""
        self._put(tx, account_id, encoded, now, must_change=must_change, by_mail=by_mail)
        self._remember(tx, account_id, encoded, now)

    def fail_in(self, tx: Tx, account_id: str) -> int:
        """Count a wrong try from a browser that the account does not know: how many in a row."""
        return store.fail(tx, account_id)

    def forgive_in(self, tx: Tx, account_id: str) -> bool:
        """Forget them; whether there were any."""
        return store.forgive(tx, account_id)

    def remove_in(self, tx: Tx, account_id: str) -> None:
        """No password opens the account until its owner chooses one by a mailed link."""
        store.remove(tx, account_id)

    def import_in(self, tx: Tx, account_id: str, encoded_foreign: str, *, now: datetime) -> str:
        """Take over a hash from another system; its scheme. Raises `UnknownHashFormat`."""
        return self._put(tx, account_id, encoded_foreign, now, must_change=False)

    def replace_in(
        self,
        tx: Tx,
        account_id: str,
        *,
        expected: str,
        replacement: str,
        now: datetime,
        chosen: bool = False,
        still_by_mail: bool = False,
    ) -> bool:
        """Store a proof's `replacement`, or (`chosen`) a new password in the place of the one
        that was proven; `still_by_mail`: whoever chose it has proven no more than the mailbox, and
        its wait counts from the former one. False when the password was changed meanwhile: nothing
        was written."""
        replaced = store.replace(
            tx,
            account_id,
            expected=expected,
            encoded=replacement,
            scheme=self._hasher.scheme_of(replacement),
            now=now,
            chosen=chosen,
            still_by_mail=still_by_mail,
        )
        if replaced and chosen:
            self._remember(tx, account_id, replacement, now)
        return replaced

    def expired(self, stored: StoredPassword, now: datetime) -> bool:
        """Whether a new one is owed: somebody else chose it, or the optional rotation rule."""
        return stored.must_change or rules.is_expired(stored, self.policy, now)

    # --- proving one ---------------------------------------------------------------------------

    def expect_place(self) -> None:
        """Raise `HashQueueFull` where `prove` would now, of a stranger: for whoever has much to do
        before it."""
        self._room.expect_place()

    def prove(self, password: str, stored: StoredPassword | None, *, known: bool = False) -> Proof:
        """Whether it is the stored password. None (no account, or none with a password) fails in
        the same time as any other failure. Raises `HashQueueFull`, of whoever is `known` (signed
        in, or in a browser that the account knows) last."""
        with self._room.place(known=known):
            return self._prove(password, stored, known=known)

    def _prove(self, password: str, stored: StoredPassword | None, *, known: bool) -> Proof:
        nobodys = self._nobodys_hash()  # before all else, so that only the first proof pays it
        real = stored if stored is not None and rules.is_provable(password) else None
        if real is None:
            verified = self._hasher.verify("", nobodys, known=known)
        else:
            # Another system hashed what was typed; only our own hashes are of the NFC form.
            typed = rules.normalised(password) if real.is_own else password
            verified = self._verify(typed, real.encoded, nobodys, known=known)
        self._even.note(verified.scheme, verified.seconds)
        if real is not None and verified.ok:
            renewed = self._renewed(password, known=known) if verified.outdated else None
            return Proof(True, renewed)
        self._wait_out(verified)
        return Proof(False)

    def _verify(self, typed: str, encoded: str, nobodys: str, *, known: bool) -> Verified:
        try:
            return self._hasher.verify(typed, encoded, known=known)
        except UnknownHashFormat:
            # Damaged at rest, or written by a newer release: nobody's password, in equal time.
            found = self._hasher.verify("", nobodys, known=known)
            return Verified(False, False, found.scheme, found.seconds)

    def level(self, began: float, *, known: bool = False) -> None:
        """Let pass what is left of the time in which an answer is there, whatever it is; `began` is
        when the proof did, on the monotonic clock. In a place like a proof: where there is none,
        nothing is waited for, whatever the answer."""
        takes = self._even.answer_seconds(self._schemes, self._try_out)
        left = takes - (self._monotonic() - began)
        if left > 0:
            with suppress(HashQueueFull), self._room.place(known=known):
                self._pause(left)

    def _wait_out(self, verified: Verified) -> None:
        self._even.distrust(verified.scheme)
        target = self._even.target_seconds(self._schemes, self._try_out)
        if target > verified.seconds:
            self._pause(target - verified.seconds)

    def _schemes(self) -> dict[str, str]:
        # What an unknown account costs counts too, while every account is an imported one.
        current = {self._hasher.current_scheme: self._nobodys_hash()}
        return current | self._db.read(store.schemes_in_use)

    def _try_out(self, encoded: str) -> None:
        try:
            verified = self._hasher.verify("", encoded)
        except (UnknownHashFormat, HashQueueFull):
            return  # nothing to measure now; a later look tries again
        self._even.note(verified.scheme, verified.seconds)

    def _renewed(self, password: str, *, known: bool) -> str | None:
        try:
            return self._hasher.hash(rules.normalised(password), known=known)
        except HashQueueFull:
            return None  # signing in must not fail for tidying up; the next sign-in does it

    def _nobodys_hash(self) -> str:
        """What a proof without an account is checked against: equal work, never accepted."""
        if self._nobodys is None:
            self._nobodys = self._hasher.hash("nobody's password")
        return self._nobodys

    def _put(
        self,
        tx: Tx,
        account_id: str,
        encoded: str,
        now: datetime,
        *,
        must_change: bool,
        by_mail: bool = False,
    ) -> str:
        scheme = self._hasher.scheme_of(encoded)
        stored = StoredPassword(account_id, encoded, scheme, now, now, must_change, by_mail)
        store.put(tx, stored)
        return scheme

    def _remember(self, tx: Tx, account_id: str, encoded: str, now: datetime) -> None:
        if self.policy.history > 0:
            store.remember(tx, account_id, encoded, now=now, keep=self.policy.history)

    # --- the questions of check_new -----------------------------------------------------------

    def _content_faults(self, text: str, context: Sequence[str], field: str) -> list[FieldFault]:
        words = rules.context_words(context, self.policy)
        return rules.context_faults(text, words, field=field) + rules.strength_faults(
            text, words, self.policy, field=field
        )

    def _known_faults(self, text: str, account_id: str | None, field: str) -> list[FieldFault]:
        if account_id is not None and self.policy.history > 0 and self._was_used(text, account_id):
            return [FieldFault(field, "reused", "Choose one that you have not used lately.")]
        if self._breach is not None and self._breach.contains(text):
            public = "This password is known from a breach elsewhere. Choose another."
            return [FieldFault(field, "breached", public)]
        return []

    def _was_used(self, text: str, account_id: str) -> bool:
        def known(tx: Tx) -> list[str]:
            current = store.load(tx, account_id)
            former = store.recent(tx, account_id, limit=self.policy.history)
            return [current.encoded, *former] if current is not None else former

        encodings = dict.fromkeys(self._db.read(known))  # the current one usually is in both
        return any(self._matches(text, encoded) for encoded in encodings)

    def _matches(self, text: str, encoded: str) -> bool:
        try:
            return self._hasher.verify(text, encoded).ok
        except UnknownHashFormat:
            return False

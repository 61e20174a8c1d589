"""Enrolling a passkey, proving that one has it, and what a sign-in by it alone needs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import Authenticators, Evidence, FactorKind, Given
from portero.core.authenticators import store as authenticator_store
from portero.core.factors.passkey import rules, store
from portero.core.factors.passkey.challenges import CHALLENGE_LIFETIME, Challenges
from portero.core.factors.passkey.errors import PasskeyKnown
from portero.core.factors.passkey.events import PasskeyCounterBack
from portero.core.factors.passkey.makes import make_of
from portero.core.factors.passkey.model import Passkey, PasskeyPolicy, Purpose
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.protocol.webauthn import ceremonies
from portero.protocol.webauthn.metadata import Metadata
from portero.protocol.webauthn.model import (
    CeremonyRefused,
    Known,
    Party,
    Reason,
    Registered,
    UnverifiedAnswer,
)
from portero.protocol.webauthn.options import creation_options, request_options
from portero.protocol.webauthn.reading import read

log = logging.getLogger(__name__)
_LIFETIME_SECONDS: Final = int(CHALLENGE_LIFETIME.total_seconds())


class Passkeys:
    """A `SecondFactor` and an `Enrollable`. What a browser has to be told is `public_key`."""

    kind = FactorKind.PASSKEY

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        authenticators: Authenticators,
        challenges: Challenges,
        party: Party,
        policy: PasskeyPolicy,
        metadata: Callable[[], Metadata | None] = lambda: None,
    ) -> None:
        """`metadata` reads the FIDO Metadata when it is first asked, if there is a file of it; it
        raises `CeremonyRefused` when that can't be read any more."""
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._authenticators = authenticators
        self._challenges = challenges
        self.party = party
        self._policy = policy
        self._metadata = metadata

    # --- proving ------------------------------------------------------------------------------

    def begin(self, actor: Actor, account: Account, subject: str) -> Mapping[str, Any]:
        ceremonies.warm_up()
        held = self.list_of(account.id)
        return self._asked(Purpose.PROVE, (each.known for each in held), subject, account.id)

    def prove_in(
        self, tx: Tx, account_id: str, subject: str, given: Given, *, now: datetime
    ) -> Evidence | None:
        try:
            answer = read(given.credential)
            used = store.find(tx, answer.credential_id)
            if used is None or used.account_id != account_id:
                raise CeremonyRefused(Reason.UNKNOWN, "none of this account")
            bound_to = (subject, account_id)
            return self.use_in(tx, used, answer, Purpose.PROVE, *bound_to, now=now)
        except CeremonyRefused as refusal:
            log.info("a passkey proved nothing: %s", refusal)
            return None

    def use_in(
        self,
        tx: Tx,
        used: Passkey,
        answer: UnverifiedAnswer,
        purpose: Purpose,
        *bound_to: str,
        now: datetime,
    ) -> Evidence:
        """Spend the challenge, check the answer and count the use. Raises `CeremonyRefused`, which
        has to be committed: a challenge that was answered wrongly is spent too."""
        until = self._challenges.check(answer.challenge, purpose, *bound_to, now=now)
        if not store.spend_challenge(tx, answer.challenge, expires_at=until):
            raise CeremonyRefused(Reason.CHALLENGE, "answered before")
        if answer.user_handle and answer.user_handle != used.user_handle:
            raise CeremonyRefused(Reason.USER_HANDLE)
        asserted = ceremonies.verify_assertion(
            answer,
            expected_challenge=answer.challenge,
            party=self.party,
            public_key=used.public_key,
            backup_eligible=used.backup_eligible,
        )
        count, backed_up = asserted.sign_count, asserted.backed_up
        one = used.authenticator_id
        if not store.use(tx, one, sign_count=count, backed_up=backed_up):
            if store.find(tx, used.credential_id) is None:
                # Its owner removed it while this sign-in waited for the account.
                raise CeremonyRefused(Reason.UNKNOWN, "removed meanwhile")
            self._went_back_in(tx, used, now)
            store.use_again(tx, one, sign_count=count, backed_up=backed_up)
        authenticator_store.touch(tx, one, now=now)
        return rules.evidence(used)

    def _went_back_in(self, tx: Tx, used: Passkey, now: datetime) -> None:
        refused = self._policy.refuse_clones
        event = PasskeyCounterBack(
            account_id=used.account_id, authenticator_id=used.authenticator_id, refused=refused
        )
        self._audit.record(tx, Actor.system(), now, event)
        if refused:
            raise CeremonyRefused(Reason.COUNTER)

    # --- signing in by it alone -----------------------------------------------------------------

    def ask(self, subject: str, allow: Iterable[Known] = ()) -> Mapping[str, Any]:
        """The challenge for whoever is at that browser; nothing is written for it."""
        return self._asked(Purpose.SIGN_IN, allow, subject)

    def find_in(self, tx: Tx, credential_id: str) -> Passkey | None:
        return store.find(tx, credential_id)

    def list_of(self, account_id: str) -> tuple[Passkey, ...]:
        return self._db.read(lambda tx: store.list_of(tx, account_id))

    def _asked(self, purpose: Purpose, allow: Iterable[Known], *bound_to: str) -> Mapping[str, Any]:
        challenge = self._challenges.make(purpose, *bound_to, now=self._clock.now())
        options = request_options(
            self.party, challenge=challenge, allow=allow, timeout_seconds=_LIFETIME_SECONDS
        )
        return {"public_key": options}

    # --- enrolling ----------------------------------------------------------------------------

    def begin_enrolment(self, actor: Actor, account: Account, subject: str) -> Mapping[str, Any]:
        ceremonies.warm_up()
        with suppress(CeremonyRefused):  # whether it is needed is known at the end
            self._makes()  # large: not to be read first in the transaction that enrols
        fresh = self._dice.token()
        handle = self._db.write(lambda tx: store.handle_of(tx, account.id, fresh=fresh))
        now, held = self._clock.now(), self.list_of(account.id)
        options = creation_options(
            self.party,
            challenge=self._challenges.make(Purpose.ENROL, subject, account.id, now=now),
            user_handle=handle,
            user_name=account.username,
            display_name=account.display_name,
            exclude=(each.known for each in held),
            timeout_seconds=_LIFETIME_SECONDS,
            attested=self._policy.attested,
        )
        return {"public_key": options}

    def enrol_in(
        self,
        tx: Tx,
        actor: Actor,
        account_id: str,
        subject: str,
        given: Given,
        *,
        name: str,
        now: datetime,
    ) -> Evidence | None:
        """Raises `PasskeyKnown`, upon which nothing is kept."""
        try:
            answer = read(given.credential)
            bound_to = (subject, account_id)
            until = self._challenges.check(answer.challenge, Purpose.ENROL, *bound_to, now=now)
            if not store.spend_challenge(tx, answer.challenge, expires_at=until):
                raise CeremonyRefused(Reason.CHALLENGE, "answered before")
            made = self._registered(answer)
        except CeremonyRefused as refusal:
            log.info("a passkey was not enrolled: %s", refusal)
            return None
        return self._keep_in(tx, actor, account_id, made, name, now)

    def _makes(self) -> Metadata | None:
        return self._metadata() if self._policy.attested else None

    def _registered(self, answer: UnverifiedAnswer) -> Registered:
        aaguid = ceremonies.unverified_aaguid(answer)
        rules.check_make(aaguid, self._policy)
        metadata = self._makes()
        return ceremonies.verify_registration(
            answer,
            expected_challenge=answer.challenge,
            party=self.party,
            attestation=rules.demanded(aaguid, self._policy, metadata),
        )

    def _keep_in(
        self, tx: Tx, actor: Actor, account_id: str, made: Registered, name: str, now: datetime
    ) -> Evidence:
        handle = store.handle_of(tx, account_id, fresh=self._dice.token())
        called = name.strip() or make_of(made.aaguid)
        one = self._authenticators.add_in(tx, actor, account_id, self.kind, called, now=now)
        passkey = Passkey(
            authenticator_id=one.id,
            account_id=account_id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            transports=made.transports,
            aaguid=made.aaguid,
            backup_eligible=made.backup_eligible,
            backed_up=made.backed_up,
            user_handle=handle,
        )
        if not store.add(tx, passkey):
            # WebAuthn L3 §7.1 step 26: whoever enrols another's credential must not take it over.
            raise PasskeyKnown("the credential id is kept already")
        return rules.evidence(passkey)

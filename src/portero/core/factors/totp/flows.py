"""Enrolling an authenticator app, and proving that one has it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from portero.core.accounts.model import Account
from portero.core.audit import Actor
from portero.core.authenticators import Authenticator, Authenticators, Evidence, FactorKind, Given
from portero.core.authenticators import store as authenticator_store
from portero.core.factors.totp import store
from portero.core.factors.totp.model import TotpSecret
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.vault import Vault
from portero.protocol.otp import (
    TotpParameters,
    base32_key,
    base32_text,
    matching_step,
    otpauth_uri,
    typed_digits,
)

# RFC 4226 §4 R6 asks for 128 bits and recommends 160.
_SECRET_BITS: Final = 160
# To find the phone, install an app and scan.
_PENDING_LIFETIME: Final = timedelta(minutes=30)
_NEVER: Final = -1  # a step before all others
_PURPOSE: Final = "totp"


class Totp:
    """A `SecondFactor` and an `Enrollable`."""

    kind = FactorKind.TOTP

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        vault: Vault,
        authenticators: Authenticators,
        issuer_name: str,
    ) -> None:
        """`issuer_name` is what an app writes above the code."""
        self._db = db
        self._clock = clock
        self._dice = dice
        self._vault = vault
        self._authenticators = authenticators
        self._issuer_name = issuer_name

    # --- proving ------------------------------------------------------------------------------

    def begin(self, actor: Actor, account: Account, subject: str) -> Mapping[str, Any]:
        """An app needs no challenge."""
        return {}

    def prove_in(
        self, tx: Tx, account_id: str, subject: str, given: Given, *, now: datetime
    ) -> Evidence | None:
        typed = typed_digits(given.code)
        if not typed:
            return None
        for secret in store.list_of(tx, account_id):
            step = self._step_of(secret, typed, now)
            if step is not None and store.spend_step(tx, secret.authenticator_id, step):
                authenticator_store.touch(tx, secret.authenticator_id, now=now)
                return _evidence(secret.authenticator_id)
        return None

    def _step_of(self, secret: TotpSecret, typed: str, now: datetime) -> int | None:
        key = self._vault.open(secret.sealed, context=_context(secret.authenticator_id))
        return matching_step(
            key,
            typed,
            unix_seconds=int(now.timestamp()),
            parameters=secret.parameters,
            after=secret.last_step,
        )

    # --- enrolling ----------------------------------------------------------------------------

    def begin_enrolment(self, actor: Actor, account: Account, subject: str) -> Mapping[str, Any]:
        """`secret` in base32, and `uri` for the QR code; the same again while it is pending."""
        now = self._clock.now()
        key = _key_of(self._dice.token(_SECRET_BITS))
        context = _pending_context(subject)
        kept = self._db.write(
            lambda tx: store.put_pending(
                tx,
                subject,
                account.id,
                self._vault.seal(key, context=context),
                now=now,
                expires_at=now + _PENDING_LIFETIME,
            )
        )
        key = self._vault.open(kept, context=context)
        uri = otpauth_uri(
            key, issuer=self._issuer_name, name=account.username, parameters=TotpParameters()
        )
        return {"secret": base32_text(key), "uri": uri}

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
        sealed = store.find_pending(tx, subject, account_id, now=now)
        if sealed is None:
            return None
        key = self._vault.open(sealed, context=_pending_context(subject))
        parameters = TotpParameters()
        step = matching_step(
            key,
            typed_digits(given.code),
            unix_seconds=int(now.timestamp()),
            parameters=parameters,
            after=_NEVER,
        )
        if step is None or not store.take_pending(tx, subject, account_id, sealed):
            return None
        made = self._keep_in(tx, actor, account_id, key, parameters, step, name=name, now=now)
        return _evidence(made.id)

    def import_in(
        self,
        tx: Tx,
        actor: Actor,
        account_id: str,
        secret_base32: str,
        parameters: TotpParameters,
        *,
        now: datetime,
    ) -> Authenticator:
        """Take over a secret from another system; raises ValueError for no base32."""
        key = base32_key(secret_base32)
        return self._keep_in(
            tx, actor, account_id, key, parameters, _NEVER, name="", now=now, told=False
        )

    def _keep_in(
        self,
        tx: Tx,
        actor: Actor,
        account_id: str,
        key: bytes,
        parameters: TotpParameters,
        step: int,
        *,
        name: str,
        now: datetime,
        told: bool = True,
    ) -> Authenticator:
        made = self._authenticators.add_in(
            tx, actor, account_id, self.kind, name, now=now, told=told
        )
        sealed = self._vault.seal(key, context=_context(made.id))
        store.add(tx, account_id, TotpSecret(made.id, sealed, parameters, step))
        return made

    # --- care ---------------------------------------------------------------------------------

    def reseal(self) -> int:
        """Seal every secret under the present SECRET_KEY; how many were changed."""
        secrets = self._db.read(store.list_all)
        return sum(self._db.write(self._reseal_one(each)) for each in secrets)

    def _reseal_one(self, secret: TotpSecret) -> Callable[[Tx], int]:
        old = secret.sealed
        if old.startswith(f"{self._vault.key_id}."):
            return lambda tx: 0
        context = _context(secret.authenticator_id)
        new = self._vault.seal(self._vault.open(old, context=context), context=context)
        return lambda tx: int(store.reseal(tx, secret.authenticator_id, old=old, new=new))


def _evidence(authenticator_id: str) -> Evidence:
    return Evidence(authenticator_id, amr=("otp",), acr="aal2")


def _context(authenticator_id: str) -> str:
    return f"{_PURPOSE}/{authenticator_id}"


def _pending_context(subject: str) -> str:
    return f"{_PURPOSE}-pending/{subject}"


def _key_of(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))

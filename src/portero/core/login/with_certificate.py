"""Signing in with an X.509 certificate, where a proxy has verified its chain.

1. Count a try of the address: one transaction, committed whatever follows.
2. Find whom the certificate names; then the dispatcher decides, in one transaction.

The proxy's word stands for the proof: the person had the key in the TLS handshake. What level that
is worth (a file on a disk, or a card with a PIN) the operator knows, who issues the certificates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from portero.core.accounts.flows import find_identified
from portero.core.audit import Actor, AuditLog
from portero.core.factors.password import Passwords
from portero.core.limits import Limits
from portero.core.login import rules, store
from portero.core.login.dispatcher import ANYTHING, Dispatcher
from portero.core.login.errors import CertificateRefused, signed_in
from portero.core.login.events import SignInFailed
from portero.core.login.model import InBrowser, SignedIn, StillOwes, Wanted
from portero.core.sessions import Proven
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.refusals import Refusal

# RFC 8176: possession of a key was proven; where two factors stand behind it, that too.
_AMR: Final = {"aal1": ("pop",), "aal2": ("pop", "mfa"), "phr": ("hwk", "pop", "mfa")}


@dataclass(frozen=True, slots=True)
class ShownByProxy:
    """The certificate of the connection, and whether the proxy vouches for its chain."""

    der: bytes
    is_verified: bool


class CertificateSignIn:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        limits: Limits,
        passwords: Passwords,
        dispatcher: Dispatcher,
        name_in: Callable[[bytes], str],
        acr: str,
    ) -> None:
        """`name_in` reads the username or mail address out of a certificate, '' for none."""
        self._db = db
        self._clock = clock
        self._audit = audit
        self._limits = limits
        self._passwords = passwords
        self._dispatcher = dispatcher
        self._name_in = name_in
        self._proven = Proven(acr=acr, amr=_AMR[acr], factor="certificate")

    def with_certificate(
        self,
        actor: Actor,
        shown: ShownByProxy,
        *,
        wanted: Wanted = ANYTHING,
        in_browser: InBrowser | None = None,
    ) -> SignedIn:
        """A session for whom the certificate names; raises `CertificateRefused`, `OverLimit`,
        `OwesMore`. Why it was refused is for the log: a name that is nobody's here is not told
        from one whose account is disabled."""
        now, address = self._clock.now(), actor.origin.address
        over = self._db.write(
            lambda tx: self._limits.spend(tx, rules.LOGIN_BY_ADDRESS, address, now=now)
        )
        if over is not None:
            raise over
        name = self._name_in(shown.der) if shown.der and shown.is_verified else ""

        def unit(tx: Tx) -> SignedIn | StillOwes | Refusal | None:
            found = find_identified(tx, name) if name else None
            account = store.hold_account(tx, found.id) if found else None
            if account is None or not account.is_active:
                failed = SignInFailed(
                    account_id=account.id if account else "",
                    factor="certificate",
                    reason="not_active" if account else "names_nobody",
                )
                self._audit.record(tx, actor, now, failed)
                return None
            self._limits.give_back(tx, rules.LOGIN_BY_ADDRESS, address)
            return self._dispatcher.arrive_in(
                tx,
                actor,
                account,
                self._proven,
                self._passwords.load_in(tx, account.id),
                now=now,
                wanted=wanted,
                in_browser=in_browser,
            )

        arrived = self._db.write(unit)
        if arrived is None:
            why = "not shown or not verified" if not name else "nobody's, or not active"
            raise CertificateRefused(why)
        return signed_in(arrived, denied=CertificateRefused)

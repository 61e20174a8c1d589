"""Whether an access token that was shown to this server still speaks for anybody.

The rule of what a good token is lives in `portero_guard.checks`; here it gets this server's keys,
and the one thing that the server knows better than any API: what ended a moment ago.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from portero.core.clients import ClientCache
from portero.core.keys.ring import KeyRing
from portero.core.provider.liveness import Liveness
from portero.core.provider.opaque import OpaqueTokens, is_opaque
from portero.core.provider.subjects import Subjects
from portero.core.replay import spend_once
from portero.kit.db import Database
from portero.kit.ports import Clock
from portero.protocol.jose.algorithms import PublicKey
from portero_guard.cache import VerifiedTokens
from portero_guard.checks import (
    CheckedToken,
    check_access_token,
    check_claims,
    unverified_audience,
)
from portero_guard.credentials import RequestHead, Shown, shown_by
from portero_guard.dpop import CheckedProof
from portero_guard.errors import ProofRefused, Refused, Scheme, TokenRefused
from portero_guard.possession import check_possession, refuse_bound

# About 3 kB each with their claims (measured: 2.9): 12 MB at most in each worker, of the 100 MB
# that one may have.
_CACHE_CAPACITY: Final = 4096
_WHICHEVER: Final = ""  # the audience that the token names itself
# Between the clocks of two nodes of one deployment, which run NTP: a token made on one must not be
# from the future on the other.
_CLOCK_SKEW_SECONDS: Final = 2
# `iat` has whole seconds, and a client may be made on one node and get its first token on another.
_IAT_MARGIN: Final = timedelta(seconds=1 + _CLOCK_SKEW_SECONDS)


class TokenCheck:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        ring: KeyRing,
        clients: ClientCache,
        liveness: Liveness,
        subjects: Subjects,
        opaque: OpaqueTokens,
        issuer: str,
        audience: str,
    ) -> None:
        self._opaque = opaque
        self._db = db
        self._clock = clock
        self._ring = ring
        self._clients = clients
        self._liveness = liveness
        self._subjects = subjects
        self._issuer = issuer
        self._audience = audience
        self._verified = VerifiedTokens(capacity=_CACHE_CAPACITY)

    def check(self, unverified_token: str) -> CheckedToken:
        """A bearer token for this server's own API; raises `TokenRefused`. No statement: keys,
        clients and ends are in memory. A token that is bound to a key is refused, because only a
        request can prove it: see `admit`."""
        checked = self._live(self._genuine(unverified_token, self._audience))
        refuse_bound(checked)
        return checked

    def admit(
        self, head: RequestHead, *, cookie_name: str | None = None, audience: str = ""
    ) -> CheckedToken:
        """The token of a request at an endpoint of this server, with the proof of its key where it
        is bound to one; raises the guard's `Refused`. `audience` is another one than the API's;
        `head.path` is the path below the issuer.

        A bearer token costs no statement, but for the first look at an opaque one; a DPoP token
        the one that makes its proof good once.
        """
        shown = shown_by(head, cookie_name=cookie_name)
        try:
            checked = self._live(self._genuine(shown.unverified_token, audience or self._audience))
            self._check_possession(checked, shown, head)
        except Refused as refusal:
            if shown.scheme is Scheme.DPOP:
                refusal.scheme = Scheme.DPOP  # the challenge answers in the scheme that was used
            raise
        return checked

    def check_any_audience(self, unverified_token: str) -> CheckedToken:
        """A token that this server issued, for whatever API: for introspection and revocation,
        which then ask themselves whose it is."""
        return self._live(self._genuine(unverified_token, _WHICHEVER))

    def _genuine(self, unverified_token: str, audience: str) -> CheckedToken:
        now = self._clock.now()
        checked = self._verified.find(
            unverified_token,
            expected_audience=audience,
            now=now,
            still_valid=self._is_published,
        )
        if checked is None:
            checked = self._checked(unverified_token, audience, now)
            self._verified.keep(
                unverified_token, checked, expected_audience=audience, until=checked.expires_at
            )
        return checked

    def _checked(self, unverified_token: str, audience: str, now: datetime) -> CheckedToken:
        if is_opaque(unverified_token):
            claims = self._opaque.claims_of(unverified_token, now=now)
            return check_claims(
                claims,
                expected_issuer=self._issuer,
                expected_audience=audience or str(claims["aud"]),
                now=now,
                leeway_seconds=_CLOCK_SKEW_SECONDS,
            )
        return check_access_token(
            unverified_token,
            key_for=lambda kid, alg: self._key(kid, alg, now),
            expected_issuer=self._issuer,
            expected_audience=audience or unverified_audience(unverified_token),
            now=now,
            leeway_seconds=_CLOCK_SKEW_SECONDS,
        )

    def _check_possession(self, checked: CheckedToken, shown: Shown, head: RequestHead) -> None:
        # Never the Host that the request names: a proof made for another site would fit there.
        base_url, now = self._issuer, self._clock.now()
        proof = check_possession(checked, shown, head, base_url=base_url, now=now)
        if proof is not None and not self._is_fresh(proof):
            raise ProofRefused("the proof was used before")

    def _is_fresh(self, proof: CheckedProof) -> bool:
        return self._db.write(
            lambda tx: spend_once(
                tx, "dpop_proof", proof.jkt, proof.jti, expires_at=proof.expires_at
            )
        )

    def _live(self, checked: CheckedToken) -> CheckedToken:
        account_id = self.person_of(checked)
        if _is_persons(checked) and not account_id:
            raise TokenRefused("nobody has that name any more")
        issued_at = datetime.fromtimestamp(checked.claims["iat"], UTC)
        if not self._liveness.is_live(
            token_id=str(checked.claims["jti"]),
            session_id=checked.session_id or "",
            grant_id=str(checked.claims.get("grant_id", "")),
            account_id=account_id,
            issued_at=issued_at,
        ):
            raise TokenRefused("it was revoked, or its session or account ended")
        if not self._clients.is_live(checked.client_id, issued_at=issued_at + _IAT_MARGIN):
            raise TokenRefused("its client is disabled or gone")
        return checked

    def person_of(self, checked: CheckedToken) -> str:
        """The account behind a token, by a pairwise `sub` too; '' for one that a client got in its
        own name, and for a person whose account is gone."""
        return self._subjects.account_of(checked.subject) if _is_persons(checked) else ""

    def _is_published(self, checked: CheckedToken, now: datetime) -> bool:
        # No key has signed an opaque one.
        return not checked.key_id or self._ring.is_published(checked.key_id, now)

    def _key(self, kid: str, alg: str, now: datetime) -> PublicKey | None:
        found = self._ring.verification_key(kid, now)
        return found.key if found is not None and found.alg == alg else None


def _is_persons(checked: CheckedToken) -> bool:
    """A client's own token names neither session nor grant."""
    return "sid" in checked.claims or "grant_id" in checked.claims

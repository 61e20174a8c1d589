"""Whether an access token that was shown to this server still speaks for anybody.

The rule of what a good token is lives in `portero_guard.checks`; here it gets this server's keys,
and the one thing that the server knows better than any API: what ended a moment ago.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from portero.core.keys.ring import KeyRing
from portero.core.provider.liveness import Liveness
from portero.kit.ports import Clock
from portero.protocol.jose.algorithms import PublicKey
from portero_guard.cache import VerifiedTokens
from portero_guard.checks import CheckedToken, check_access_token
from portero_guard.errors import TokenRefused

# About 3 kB each with their claims (measured: 2.9): 12 MB at most in each worker, of the 100 MB
# that one may have.
_CACHE_CAPACITY: Final = 4096
# Between the clocks of two nodes of one deployment, which run NTP: a token made on one must not be
# from the future on the other.
_CLOCK_SKEW_SECONDS: Final = 2


class TokenCheck:
    def __init__(
        self, *, clock: Clock, ring: KeyRing, liveness: Liveness, issuer: str, audience: str
    ) -> None:
        self._clock = clock
        self._ring = ring
        self._liveness = liveness
        self._issuer = issuer
        self._audience = audience
        self._verified = VerifiedTokens(capacity=_CACHE_CAPACITY)

    def check(self, unverified_token: str) -> CheckedToken:
        """The token's claims; raises `TokenRefused`. No statement: keys and ends are in memory."""
        now = self._clock.now()
        checked = self._verified.find(
            unverified_token,
            expected_audience=self._audience,
            now=now,
            still_valid=self._is_published,
        )
        if checked is None:
            checked = check_access_token(
                unverified_token,
                key_for=lambda kid, alg: self._key(kid, alg, now),
                expected_issuer=self._issuer,
                expected_audience=self._audience,
                now=now,
                leeway_seconds=_CLOCK_SKEW_SECONDS,
            )
            self._verified.keep(unverified_token, checked, until=checked.expires_at)
        issued_at = datetime.fromtimestamp(checked.claims["iat"], UTC)
        if not self._liveness.is_live(
            session_id=checked.session_id or "", account_id=checked.subject, issued_at=issued_at
        ):
            raise TokenRefused("its session or account ended")
        return checked

    def _is_published(self, checked: CheckedToken, now: datetime) -> bool:
        return self._ring.verification_key(checked.key_id, now) is not None

    def _key(self, kid: str, alg: str, now: datetime) -> PublicKey | None:
        found = self._ring.verification_key(kid, now)
        return found.key if found is not None and found.alg == alg else None

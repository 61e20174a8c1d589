"""What an application demands of a sign-in, and whether a session meets it.

The one thing that `core/login` and `core/provider` share: the provider says what it needs, sign-in
ends at a session, and this rule looks at both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portero.core.sessions.model import Session

# From weak to strong: NIST SP 800-63B-4 levels, and "phishing-resistant" of OpenID Connect EAP
# ACR Values. A session meets a level when it has reached that one or a later one.
LEVELS: Final = ("aal1", "aal2", "phr")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInDemand:
    """`began_at` is when the application asked: a proof since then is fresh. `max_age` is in
    seconds, None for any. `acr` is the weakest level that will do, '' for any. `fresh`: the person
    has to prove who they are now, whatever session there is (`prompt=login`). `second_factor`: more
    than one factor has to be proven, of whatever level."""

    client_id: str
    began_at: datetime
    max_age: int | None = None
    fresh: bool = False
    acr: str = ""
    second_factor: bool = False
    login_hint: str = ""


def satisfies(session: Session, demand: SignInDemand, now: datetime) -> bool:
    """Whether that (live) session is enough.

    A proof since the application asked meets any `max_age`: with `max_age=0` nobody could ever
    come back in time (OpenID Connect Core §3.1.2.1).
    """
    proven_since = session.auth_time >= demand.began_at
    if demand.fresh and not proven_since:
        return False
    if demand.max_age is not None and not proven_since:
        age = (now - session.auth_time).total_seconds()
        if age > demand.max_age:
            return False
    if demand.second_factor and not (is_multi_factor(session.amr) or session.second_factor_put_off):
        return False
    return reaches(session.acr, demand.acr)


def is_multi_factor(amr: Collection[str]) -> bool:
    """RFC 8176 §2: "Multiple-factor authentication"."""
    return "mfa" in amr


def reaches(acr: str, wanted: str) -> bool:
    """Whether a level is the wanted one or a stronger one."""
    if not wanted:
        return True
    return acr in LEVELS and LEVELS.index(acr) >= LEVELS.index(wanted)


def weakest(levels: Sequence[str]) -> str:
    """The weakest known level of a list; '' when none is known."""
    known = [level for level in LEVELS if level in levels]
    return known[0] if known else ""

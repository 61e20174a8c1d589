"""What a session, or a sign-in under way, has proven, and since when."""

from __future__ import annotations

from datetime import datetime

from portero.core.authenticators import Evidence, FactorKind
from portero.core.login.model import Interaction
from portero.core.login.rules import MAILBOX, is_fresh
from portero.core.sessions import Proven, Session
from portero.core.sessions.demand import LEVELS, is_multi_factor


def proven_at(session: Session, factor: str, now: datetime) -> datetime:
    """Since when all that a session has proven is, once that factor is proven on it anew.

    One of two factors makes an old session no fresher: whoever finds an open browser, and has the
    owner's phone or knows the password, would get all that both of them open.
    """
    is_all = factor == FactorKind.PASSKEY or (
        factor == "password" and not is_multi_factor(session.amr)
    )
    return now if is_all or is_fresh(session, now) else session.auth_time


def lifted_at(
    lifted: Session, under_way: Interaction, factor: str, now: datetime, *, not_now: bool
) -> datetime:
    """Since when all is proven in a session that was lifted by that factor, or proven anew."""
    if under_way.anew:
        return now
    # To put off what is owed proves nothing: an old session is no fresher by it.
    return lifted.auth_time if not_now else proven_at(lifted, factor, now)


def proven_in(session: Session) -> Proven:
    """What a session has proven, as the beginning of more. A code alone (`otp`) was a mailbox's: no
    other factor that types one begins a sign-in."""
    return Proven(session.acr, session.amr, MAILBOX if session.amr == ("otp",) else "session")


def raised(proven: Proven, evidence: Evidence, kind: FactorKind) -> Proven:
    """What is proven once a second factor has been: both methods, the stronger level. A mailbox
    that nobody enrolled is one more proof, and no factor."""
    if kind is FactorKind.EMAIL and proven.factor == MAILBOX:
        return proven  # one mailbox, twice
    levels = [level for level in LEVELS if level in {proven.acr, evidence.acr}]
    enrolled = ("mfa",) if evidence.authenticator_id else ()
    methods = dict.fromkeys((*proven.amr, *evidence.amr, *enrolled))
    return Proven(acr=levels[-1], amr=tuple(methods), factor=kind.value)

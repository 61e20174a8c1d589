"""A refusal as a status and a problem document (RFC 9457), in the caller's language.

The one place that knows which category of refusal is which status. Codes are part of the public
contract and never translated; sentences are.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any, Final

from portero.core.challenges import ChallengeRequired
from portero.core.limits import OverLimit
from portero.core.login.errors import OwesMore
from portero.kit.maintenance import UnderMaintenance
from portero.kit.refusals import (
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    Limited,
    Missing,
    NotProven,
    Refusal,
    Unsupported,
)
from portero.translations import Translator
from portero_guard.errors import Refused, challenge

PROBLEM_TYPE: Final = "application/problem+json"

_STATUS: Final[tuple[tuple[type[Refusal], int], ...]] = (
    (Invalid, 422),
    (NotProven, 401),
    (Forbidden, 403),
    (Missing, 404),
    (Conflict, 409),
    (Limited, 429),
    (Unsupported, 415),
    (Busy, 503),
)


def status_of(refusal: Refusal | type[Refusal]) -> int:
    kind = refusal if isinstance(refusal, type) else type(refusal)
    for category, status in _STATUS:
        if issubclass(kind, category):
            return status
    return 400


def problem_type(code: str) -> str:
    return f"urn:portero:problem:{code}"


def problem_of(refusal: Refusal, translator: Translator, *, request_id: str) -> dict[str, Any]:
    """The document: what went wrong, field by field where there are fields."""
    content: dict[str, Any] = {
        "type": problem_type(refusal.code),
        "title": translator.text(refusal.public, **refusal.values),
        "status": status_of(refusal),
        "code": refusal.code,
        "request_id": request_id,
    }
    if refusal.faults:
        content["errors"] = [
            {
                "name": fault.name,
                "code": fault.code,
                "detail": translator.text(fault.public, **fault.values),
            }
            for fault in refusal.faults
        ]
    if again := when_again(refusal, translator):
        content["detail"] = again
    if isinstance(refusal, UnderMaintenance) and refusal.message:
        content["detail"] = refusal.message
    if isinstance(refusal, ChallengeRequired):
        content["challenge"] = {
            "kind": refusal.puzzle.kind,
            **refusal.puzzle.content,
            "ticket": refusal.puzzle.ticket,
            "ticket_after_seconds": refusal.puzzle.wait_seconds,
        }
    if isinstance(refusal, OwesMore):
        still = refusal.still
        content |= {
            "auth_session": still.auth_session.reveal(),
            "owed": still.owed.value,
            "options": list(still.options),
            "factors": [kind.value for kind in still.factors],
            "begun": still.begun.value if still.begun else None,
            "shown": dict(still.shown),
            "expires_at": still.expires_at.isoformat(),
        }
        if still.put_off_until is not None:
            content["not_now_until"] = still.put_off_until.isoformat()
    return content


def token_problem_of(
    refusal: Refused, translator: Translator, *, request_id: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """The guard's refusal as it would answer itself (RFC 6750 §3), in the caller's language: the
    document and its headers."""
    code = refusal.error or "credentials_required"
    content: dict[str, Any] = {
        "type": problem_type(code),
        "title": translator.text(refusal.public),
        "status": refusal.status,
        "code": code,
        "request_id": request_id,
    }
    return content, {"WWW-Authenticate": challenge(refusal)} if refusal.challenges else {}


def extra_headers(refusal: Refusal) -> dict[str, str]:
    """When to come again, and over which limit this was (draft-ietf-httpapi-ratelimit-headers §3
    and §4). On refusals only: what is left of somebody's tries says what others have tried."""
    if refusal.retry_after_seconds is None:
        return {}
    headers = {"Retry-After": str(refusal.retry_after_seconds)}
    if isinstance(refusal, OverLimit):
        policy = refusal.policy
        headers["RateLimit-Policy"] = f'"{policy.name}";q={policy.tries};w={policy.window_seconds}'
        headers["RateLimit"] = f'"{policy.name}";r=0;t={refusal.retry_after_seconds}'
    return headers


def when_again(refusal: Refusal, translator: Translator) -> str:
    """A sentence for who met a limit; '' for every other refusal, whose own one says enough."""
    if not isinstance(refusal, OverLimit):
        return ""
    seconds = refusal.retry_after_seconds or 1
    unit = next((unit for unit in (3600, 60) if seconds > 2 * unit), 1)
    # Upwards: who comes back a moment too soon is refused again.
    span = translator.span(timedelta(seconds=math.ceil(seconds / unit) * unit))
    return translator.text("Try again in %(span)s.", span=span)

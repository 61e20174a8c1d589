"""What a remembered consent covers."""

from __future__ import annotations

from collections.abc import Collection

from portero.core.consent.model import Consent


def covers(consent: Consent | None, *, scope: Collection[str], resources: Collection[str]) -> bool:
    """Whether the person has agreed to all of it before."""
    return (
        consent is not None
        and set(scope) <= set(consent.scope)
        and set(resources) <= set(consent.resources)
    )

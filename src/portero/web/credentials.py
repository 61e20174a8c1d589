"""What a page's script put into the form: a credential as JSON (`PublicKeyCredential.toJSON()`)."""

from __future__ import annotations

from typing import Any, Final

from portero_guard.jws import json_value

# An attestation with a certificate chain is the longest.
_SIGNED_CAP: Final = 32 * 1024


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object in that field; None for anything else."""
    try:
        found = json_value(text[:_SIGNED_CAP]) if text else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None

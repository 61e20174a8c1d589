"""What a browser is asked for, as JSON for `PublicKeyCredential.parseCreationOptionsFromJSON` and
`parseRequestOptionsFromJSON` (WebAuthn L3 §5.1.8, §5.1.9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portero.protocol.webauthn.model import Algorithm, Known, Party


def creation_options(
    party: Party,
    *,
    challenge: str,
    user_handle: str,
    user_name: str,
    display_name: str,
    exclude: Iterable[Known],
    timeout_seconds: int,
    attested: bool,
) -> dict[str, Any]:
    """For `navigator.credentials.create`. A key that stays on its device is welcome too: only who
    needs no name to sign in must be discoverable."""
    return {
        "rp": {"id": party.id, "name": party.name},
        "user": {"id": user_handle, "name": user_name, "displayName": display_name or user_name},
        "challenge": challenge,
        "pubKeyCredParams": [{"type": "public-key", "alg": int(alg)} for alg in Algorithm],
        "timeout": timeout_seconds * 1000,
        "excludeCredentials": _listed(exclude),
        "authenticatorSelection": {
            "residentKey": "preferred",
            "requireResidentKey": False,
            "userVerification": "required",
        },
        "attestation": "direct" if attested else "none",
        "extensions": {"credProps": True},
    }


def request_options(
    party: Party, *, challenge: str, allow: Iterable[Known], timeout_seconds: int
) -> dict[str, Any]:
    """For `navigator.credentials.get`; with nothing to allow, for any that the browser knows."""
    return {
        "challenge": challenge,
        "timeout": timeout_seconds * 1000,
        "rpId": party.id,
        "allowCredentials": _listed(allow),
        "userVerification": "required",
    }


def _listed(credentials: Iterable[Known]) -> list[dict[str, Any]]:
    return [
        {"type": "public-key", "id": each.id, "transports": list(each.transports)}
        if each.transports
        else {"type": "public-key", "id": each.id}
        for each in credentials
    ]

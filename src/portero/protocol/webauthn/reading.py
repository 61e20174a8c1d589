"""What a browser sends (`PublicKeyCredential.toJSON()`), and what it says of where it was asked."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from portero.protocol.webauthn.model import CeremonyRefused, Reason, UnverifiedAnswer

# A credential id has 1023 bytes at most (WebAuthn L3 §4): 1364 characters.
CREDENTIAL_ID_CAP: Final = 1364
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: object) -> bytes:
    """The bytes of a text that only they are encoded as: two texts for one credential would be
    two credentials to a database."""
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
        raise CeremonyRefused(Reason.MALFORMED, "no base64url")
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise CeremonyRefused(Reason.MALFORMED, "no base64url") from None
    if encoded(content) != text:
        raise CeremonyRefused(Reason.MALFORMED, "base64url with bits to spare")
    return content


def read(credential: Mapping[str, Any] | None) -> UnverifiedAnswer:
    """The parts of an answer. Members that we don't know are passed over (WebAuthn L3 §5.1)."""
    if credential is None:
        raise CeremonyRefused(Reason.MALFORMED, "no credential")
    credential_id, response = credential.get("id"), credential.get("response")
    decoded(credential_id)
    if not isinstance(credential_id, str) or len(credential_id) > CREDENTIAL_ID_CAP:
        raise CeremonyRefused(Reason.MALFORMED, "the id is too long")
    if credential.get("rawId") != credential_id or credential.get("type") != "public-key":
        raise CeremonyRefused(Reason.MALFORMED, "rawId or type")
    if not isinstance(response, dict):
        raise CeremonyRefused(Reason.MALFORMED, "no response")
    client_data = decoded(response.get("clientDataJSON"))
    challenge = _client_data(client_data).get("challenge")
    if not isinstance(challenge, str):
        raise CeremonyRefused(Reason.MALFORMED, "no challenge")
    handle = response.get("userHandle")
    if handle is not None:
        decoded(handle)
    return UnverifiedAnswer(credential_id, challenge, client_data, response, handle or "")


def check_client_data(
    client_data: bytes,
    *,
    expected_type: str,
    expected_challenge: str,
    expected_origins: Sequence[str],
) -> None:
    """WebAuthn L3 §7.1 steps 7 to 11, §7.2 steps 10 to 14."""
    told = _client_data(client_data)
    if told.get("type") != expected_type:
        raise CeremonyRefused(Reason.WRONG_TYPE)
    if told.get("challenge") != expected_challenge:
        raise CeremonyRefused(Reason.CHALLENGE)
    if told.get("origin") not in expected_origins:
        raise CeremonyRefused(Reason.ORIGIN, repr(told.get("origin"))[:200])
    # Our pages are in nobody's frame: whoever was asked in one was asked by somebody else.
    if told.get("crossOrigin", False) is not False or "topOrigin" in told:
        raise CeremonyRefused(Reason.CROSS_ORIGIN)


def _client_data(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise CeremonyRefused(Reason.MALFORMED, "clientDataJSON") from None
    if not isinstance(found, dict):
        raise CeremonyRefused(Reason.MALFORMED, "clientDataJSON")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """No name twice: the two readers of this text (ours and the library's) must see the same."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found

"""The passkeys of this house: whom they belong to, and what is demanded of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from portero.core.authenticators import Authenticators
from portero.core.factors.passkey import Challenges, PasskeyOffers, PasskeyPolicy, Passkeys
from portero.protocol.webauthn.metadata import Metadata
from portero.protocol.webauthn.model import Party
from portero.settings import Settings
from portero.wiring.base import Base


def join_passkeys(base: Base, authenticators: Authenticators) -> Passkeys | None:
    """None where there can be none: an issuer at an IP address has no domain (WebAuthn L3 §5)."""
    settings = base.settings
    if _is_address(settings.passkey_rp_id):
        return None
    return Passkeys(
        db=base.db,
        clock=base.clock,
        dice=base.dice,
        audit=base.audit,
        authenticators=authenticators,
        challenges=Challenges(base.vault.keys("passkey-challenge"), base.dice),
        party=Party(settings.passkey_rp_id, settings.product_name, _origins(settings)),
        policy=PasskeyPolicy(
            attested=settings.passkey_attestation == "direct",
            allowed=frozenset(settings.passkey_allowed_aaguids),
            denied=frozenset(settings.passkey_denied_aaguids),
            refuse_clones=settings.passkey_counter == "refuse",
        ),
        metadata=_metadata_of(settings.passkey_metadata_file),
    )


def join_offers(base: Base, passkeys: Passkeys | None) -> PasskeyOffers | None:
    """None where no passkey is offered to anybody."""
    settings = base.settings
    if passkeys is None or not settings.passkey_sign_in or settings.passkey_offer_days == 0:
        return None
    after = timedelta(days=settings.passkey_offer_days)
    return PasskeyOffers(base.db, base.clock, base.dice, after)


def _origins(settings: Settings) -> tuple[str, ...]:
    parts = urlsplit(settings.issuer)
    return (f"{parts.scheme}://{parts.netloc}", *settings.passkey_origins)


def _metadata_of(path: Path | None) -> Callable[[], Metadata | None]:
    """Ten megabytes: read when the first authenticator is enrolled, once in each process."""

    @lru_cache(maxsize=1)
    def read() -> Metadata | None:
        return None if path is None else Metadata.of(path.read_bytes())

    return read


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True

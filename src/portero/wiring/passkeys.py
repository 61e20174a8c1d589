"""The passkeys of this house: whom they belong to, and what is demanded of them."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from portero.core.authenticators import Authenticators
from portero.core.factors.passkey import Challenges, PasskeyOffers, PasskeyPolicy, Passkeys
from portero.protocol.webauthn.metadata import Metadata, NoMetadata, verified_payload
from portero.protocol.webauthn.model import CeremonyRefused, Party, Reason
from portero.settings import Settings, SettingsError
from portero.wiring.base import Base

log = logging.getLogger(__name__)


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
        metadata=_metadata_of(base),
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


def _metadata_of(base: Base) -> Callable[[], Metadata | None]:
    """Ten megabytes: whose they are is checked at the start, and again when they are read, which is
    when the first authenticator is enrolled, once in each process."""
    path, root = base.settings.passkey_metadata_file, base.settings.passkey_metadata_root
    if path is None or root is None:
        return lambda: None

    def verified() -> bytes:
        return verified_payload(path.read_bytes(), root.read_bytes(), base.clock.now())

    try:
        verified()
    except (NoMetadata, OSError) as error:
        key = "PORTERO_PASSKEY_METADATA_FILE"
        raise SettingsError(key, f"{key} names {path}, which is refused: {error}.") from error

    def read() -> Metadata:
        try:
            return Metadata.of(verified())
        except (NoMetadata, OSError) as error:
            log.error("no passkey is enrolled: %s is refused: %s", path, error)
            raise CeremonyRefused(Reason.AAGUID, "the metadata can't be read") from error

    return lru_cache(maxsize=1)(read)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True

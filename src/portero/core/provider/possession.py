"""Which key does the client hold, to which its tokens will be bound? (RFC 9449 §5, RFC 8705 §3.)

A proof is checked, then its nonce, and last its `jti` is spent: one statement, and the only one.
A bearer client costs none.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Collection
from hashlib import sha256
from typing import Final

from portero.core.clients import Client
from portero.core.provider.model import UNBOUND, Binding, ClientCall
from portero.core.replay import spend_once
from portero.kit.db import Database
from portero.kit.ports import Clock
from portero.kit.secrets import same_secret
from portero.kit.vault import Vault
from portero.protocol.oauth.dpop import FAPI2_PROOF_ALGS, PROOF_ALGS, check_client_proof
from portero.protocol.oauth.errors import InvalidDpopProof, InvalidRequest, UseDpopNonce

# seconds; a nonce is good in the window that it was made in and in the next one, so for one to two
# minutes: long enough for a client to keep it between requests, and short enough that proofs made
# in store are worth little (RFC 9449 §11.2).
NONCE_SECONDS: Final = 60
_NONCE_PURPOSE: Final = "dpop-nonce"


class Possession:
    """`nonce_required`: refuse every proof without a nonce of ours, at the price of a second
    request whenever a client has none. Off, a nonce is checked where one is sent."""

    def __init__(
        self, *, db: Database, clock: Clock, vault: Vault, nonce_required: bool = False
    ) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._nonce_required = nonce_required

    def prove(self, call: ClientCall, client: Client, *, urls: Collection[str]) -> Binding:
        """What the client's tokens are bound to; raises `InvalidDpopProof`, `UseDpopNonce`, and
        `InvalidRequest` for a certificate that it registered for and did not show.

        `urls` are the endpoint's own. A client that sends a proof unasked gets a bound token too
        (RFC 9449 §5).
        """
        metadata = client.metadata
        jkt = x5t_s256 = ""
        if metadata.tls_client_certificate_bound_access_tokens:
            x5t_s256 = _thumbprint(call.certificate)
        if call.proofs:
            fapi = metadata.keeps_fapi2  # FAPI 2.0 §5.4.1
            jkt = self._proven_key(call, urls, FAPI2_PROOF_ALGS if fapi else PROOF_ALGS)
        elif metadata.dpop_bound_access_tokens:
            raise InvalidDpopProof("the client registered for bound tokens and sent no proof")
        return Binding(jkt, x5t_s256) if jkt or x5t_s256 else UNBOUND

    def fresh_nonce(self) -> str:
        """For the DPoP-Nonce header. The same for every client: it says that a proof was made
        just now, not for whom."""
        return self._vault.mac(_NONCE_PURPOSE, str(self._window()))

    def _proven_key(
        self, call: ClientCall, urls: Collection[str], algorithms: Collection[str]
    ) -> str:
        proof = check_client_proof(
            call.proofs, expected_urls=urls, now=self._clock.now(), algorithms=algorithms
        )
        if (proof.nonce or self._nonce_required) and not self._is_ours(proof.nonce):
            raise UseDpopNonce("no nonce, or not one of the last windows")
        fresh = self._db.write(
            lambda tx: spend_once(
                tx, "dpop_proof", proof.jkt, proof.jti, expires_at=proof.expires_at
            )
        )
        if not fresh:
            raise InvalidDpopProof("the proof was used before")
        return proof.jkt

    def _is_ours(self, nonce: str) -> bool:
        """Under each configured SECRET_KEY, so that its rotation refuses nobody."""
        window = self._window()
        return any(
            same_secret(nonce, mac)
            for each in (window, window - 1)
            for mac in self._vault.macs(_NONCE_PURPOSE, str(each))
        )

    def _window(self) -> int:
        return int(self._clock.now().timestamp()) // NONCE_SECONDS


def _thumbprint(certificate: bytes) -> str:
    """SHA-256 of the DER, base64url (RFC 8705 §3.1)."""
    if not certificate:
        raise InvalidRequest("This client's tokens are bound to its certificate. Show it.")
    return urlsafe_b64encode(sha256(certificate).digest()).rstrip(b"=").decode()

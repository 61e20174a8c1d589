"""What keys need of the outside."""

from typing import Protocol

from portero.protocol.jose.algorithms import PrivateKey, SigningAlg


class KeyMaker(Protocol):
    def make(self, alg: SigningAlg) -> PrivateKey:
        """A new private key of the algorithm's kind."""

"""One PyJWT decode of an ES256 token, in a bare loop, with a key object that is ready."""

from __future__ import annotations

from collections.abc import Callable

import jwt

Decode = Callable[[str], object]


def decoder(jwk: dict[str, str], *, issuer: str, audience: str) -> Decode:
    """What a careful programmer writes by hand: signature, issuer, audience and times."""
    key, algorithms = jwt.PyJWK.from_dict(jwk, algorithm="ES256").key, ["ES256"]

    def decode(token: str) -> object:
        return jwt.decode(token, key, algorithms=algorithms, issuer=issuer, audience=audience)

    return decode

"""Who signed, and how: algorithms, keys and signatures that must not pass."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from guard.tests.jwt_corpus.good import LEFT_OUT, Good, Key, b64, ec_key, ed_key, rsa_key
from guard.tests.jwt_corpus.table import Case, Group

STRANGER = ec_key("stranger")
STRANGER_RSA = rsa_key("stranger")
STRANGER_ED = ed_key("stranger")
WEAK_RSA = rsa_key("weak", bits=1024)
WIDE = Key("wide", "ES384", ec.generate_private_key(ec.SECP384R1()))
# FIPS 186-4 D.1.2.3: the order of P-256
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_X509 = serialization.PublicFormat.SubjectPublicKeyInfo
_Encoding = serialization.Encoding


def _unsigned() -> Iterator[tuple[str, Case]]:
    def bare(good: Good, *, alg: str, signature: str) -> str:
        changed = json.dumps({**good.header, "alg": alg})
        return ".".join((*good.encoded(changed), signature))

    for alg in ("none", "None", "NONE", "nOnE"):
        yield f"{alg}, and no signature", partial(bare, alg=alg, signature="")
        yield f"{alg}, and something for a signature", partial(bare, alg=alg, signature="AAAA")
        yield f"{alg}, and the signature", partial(_with_header, alg=alg)


def _with_header(good: Good, **changes: Any) -> str:
    """Signed by the right key, whatever the header says."""
    return good.token(header=changes)


def _odd_algs() -> Iterator[tuple[str, Case]]:
    odd = {"left out": LEFT_OUT, "null": None, "empty": "", "a number": 256, "true": True,
           "an object": {}, "unknown": "ES257", "with a space": "ES256 ",
           "with a NUL": "ES256\x00", "half a surrogate pair": "\ud800"}  # fmt: skip
    for what, alg in odd.items():
        yield what, partial(_with_header, alg=alg)
    yield "a list of the right one", lambda good: good.token(header={"alg": [good.key.alg]})
    yield "in other letters", lambda good: good.token(header={"alg": good.key.alg.swapcase()})
    for alg in ("HS256", "HS384", "RS256", "PS256", "ES256", "ES384", "ES256K", "EdDSA"):
        yield f"{alg}, and another one signed", partial(_another_alg, alg=alg)


def _another_alg(good: Good, *, alg: str) -> str | None:
    return None if alg == good.key.alg else good.token(header={"alg": alg})


def _texts_of(public: Any) -> dict[str, bytes]:
    """A public key in each of the spellings that somebody took for a secret."""
    texts = {
        "PEM": public.public_bytes(_Encoding.PEM, _X509),
        "PEM without the last line end": public.public_bytes(_Encoding.PEM, _X509).rstrip(),
        "DER": public.public_bytes(_Encoding.DER, _X509),
        "SSH": public.public_bytes(_Encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
        "JWK": json.dumps(Key("", "", _Shown(public)).jwk()).encode(),
    }
    if isinstance(public, rsa.RSAPublicKey):
        form = serialization.PublicFormat.PKCS1
        texts["PKCS 1"] = public.public_bytes(_Encoding.PEM, form)
    if isinstance(public, ec.EllipticCurvePublicKey):
        form = serialization.PublicFormat.UncompressedPoint
        texts["point"] = public.public_bytes(_Encoding.X962, form)
        texts["x"] = public.public_numbers().x.to_bytes(32, "big")
    return texts


class _Shown:
    """Stands where a private key would, and has only the public one."""

    def __init__(self, public: Any) -> None:
        self._public = public

    def public_key(self) -> Any:
        return self._public


_SPELLINGS = ("PEM", "PEM without the last line end", "DER", "SSH", "JWK", "PKCS 1", "point", "x")


def _with_public_key(good: Good, *, what: str, alg: str, of: str) -> str | None:
    owner = good.key if of == "the key" else good.spare
    octets = _texts_of(owner.public).get(what) if owner and owner.public is not None else None
    if owner is None or octets is None:
        return None
    header = {"alg": alg, "kid": owner.kid}
    return good.token(header=header, key=Key(owner.kid, alg, octets))


def _public_keys() -> Iterator[tuple[str, Case]]:
    for of in ("the key", "the spare key"):
        for what in _SPELLINGS:
            for alg in ("HS256", "HS512") if what == "PEM" else ("HS256",):
                case = partial(_with_public_key, what=what, alg=alg, of=of)
                yield f"{alg} with the {what} of {of}", case
    for what, octets in (("nothing", b""), ("a zero", b"\0"), ("a word", b"secret")):
        yield f"HS256 with {what}", partial(_with_secret, octets=octets)


def _with_secret(good: Good, *, octets: bytes) -> str:
    return good.token(header={"alg": "HS256"}, key=Key("", "HS256", octets))


def _others() -> Iterator[tuple[str, Case]]:
    for key in (STRANGER, STRANGER_RSA, STRANGER_ED, WIDE, Key("", "HS256", b"k" * 32)):
        yield f"{key.alg} by somebody else", partial(_signed_by, key=key)
    for alg in ("HS384", "HS512", "RS384", "RS512", "PS256"):
        yield f"{alg} by the right one", partial(_right_key, alg=alg)
    # A place that publishes the weak key shows here that it is not believed.
    for alg in ("RS256", "PS256"):
        yield f"{alg} by a weak key", partial(_weak, alg=alg)
    yield "PS256 by somebody else", partial(_signed_by, key=STRANGER_RSA, alg="PS256")
    yield "by the spare key, under the other's name", _by_the_spare


def _signed_by(good: Good, *, key: Key, alg: str = "") -> str:
    """Under the name of the good key."""
    return good.token(header={"alg": alg or key.alg}, key=key, alg=alg)


def _right_key(good: Good, *, alg: str) -> str | None:
    """A key is for one algorithm, and for no other of its kind."""
    if good.key.alg[:2] != alg.replace("PS", "RS")[:2]:
        return None
    return _signed_by(good, key=good.key, alg=alg)


def _weak(good: Good, *, alg: str) -> str:
    return good.token(header={"alg": alg, "kid": WEAK_RSA.kid}, key=WEAK_RSA, alg=alg)


def _by_the_spare(good: Good) -> str | None:
    return None if good.spare is None else _signed_by(good, key=good.spare)


def _spare() -> Iterator[tuple[str, Case]]:
    def made(good: Good, *, alg: str) -> str | None:
        if good.spare is None:
            return None
        return good.token(header={"alg": alg, "kid": good.spare.kid}, key=good.spare, alg=alg)

    for alg in ("RS256", "PS256"):
        yield alg, partial(made, alg=alg)


def _from_the_header() -> Iterator[tuple[str, Case]]:
    """Signed by a stranger whose key is in the header, or at an address that is there."""
    at = "http://127.0.0.1:9/stranger"
    where = {
        "jwk": {"jwk": STRANGER.jwk()},
        "jwk of the good key's name": {"jwk": {**STRANGER.jwk(), "kid": "one"}},
        "jku": {"jku": at},
        "x5u": {"x5u": at},
        "x5c": {"x5c": ["MIIB"]},
        "a weak jwk": {"jwk": WEAK_RSA.jwk()},
        "all of them": {"jwk": STRANGER.jwk(), "jku": at, "x5u": at, "x5c": ["MIIB"]},
    }
    for what, header in where.items():
        yield what, partial(_embedded, header=header)
        yield f"{what}, and no kid", partial(_embedded, header={**header, "kid": LEFT_OUT})
        named = {**header, "kid": STRANGER.kid}
        yield f"{what}, and the stranger's kid", partial(_embedded, header=named)


def _embedded(good: Good, *, header: dict[str, Any]) -> str:
    key = WEAK_RSA if header.get("jwk", {}).get("kty") == "RSA" else STRANGER
    return good.token(header={"alg": key.alg, **header}, key=key)


def _signatures() -> Iterator[tuple[str, Case]]:
    def changed(good: Good, *, how: Any) -> str:
        first, second, signature = good.token().split(".")
        return f"{first}.{second}.{b64(how(_decoded(signature)))}"

    yield "empty", lambda good: good.token().rpartition(".")[0] + "."
    yield "one octet short", partial(changed, how=lambda octets: octets[:-1])
    yield "half", partial(changed, how=lambda octets: octets[: len(octets) // 2])
    yield "one octet", partial(changed, how=lambda octets: octets[:1])
    yield "one octet longer", partial(changed, how=lambda octets: octets + b"\0")
    yield "a zero before", partial(changed, how=lambda octets: b"\0" + octets)
    yield "twice", partial(changed, how=lambda octets: octets * 2)
    yield "one bit another", partial(changed, how=lambda octets: octets[:-1] + _flip(octets[-1]))
    yield "of another token", _of_another
    yield "in DER", partial(changed, how=_in_der)


def _zeros() -> Iterator[tuple[str, Case]]:
    """Psychic signatures: a verifier that forgot to look whether r and s are there at all."""
    zero, order = bytes(32), _ORDER.to_bytes(32, "big")
    one = (1).to_bytes(32, "big")
    pairs = {"r = s = 0": zero + zero, "r = 0": zero + one, "s = 0": one + zero,
             "r = s = n": order + order, "r = s = 1": one + one}  # fmt: skip
    for what, octets in pairs.items():
        yield what, partial(_ended, octets=octets)
    for length in (1, 32, 96, 256):
        yield f"{length} zeros", partial(_ended, octets=bytes(length))


def _ended(good: Good, *, octets: bytes) -> str:
    return f"{good.token().rpartition('.')[0]}.{b64(octets)}"


def _in_der(signature: bytes) -> bytes:
    half = len(signature) // 2
    return encode_dss_signature(
        int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    )


def _decoded(part: str) -> bytes:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _flip(octet: int) -> bytes:
    return bytes([octet ^ 1])


def _of_another(good: Good) -> str:
    return f"{good.token().rpartition('.')[0]}.{good.token(claims={'x': 1}).rpartition('.')[2]}"


UNSIGNED: Group = dict(_unsigned())
ODD_ALGORITHMS: Group = dict(_odd_algs())
PUBLIC_KEY_AS_SECRET: Group = dict(_public_keys())
OTHER_KEYS: Group = dict(_others())
UNREGISTERED_ALGORITHM: Group = dict(_spare())
KEY_IN_THE_HEADER: Group = dict(_from_the_header())
BROKEN_SIGNATURES: Group = dict(_signatures())
PSYCHIC_SIGNATURES: Group = dict(_zeros())

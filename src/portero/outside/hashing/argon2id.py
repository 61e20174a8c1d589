"""Argon2 (RFC 9106) in the PHC string format: what Portero makes, and what others bring.

Own encodings are `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. With a pepper they are
`hmac:<key id>:$argon2id$…`: then Argon2 hashed HMAC-SHA256(pepper, password) and not the password,
and the key id tells which of the configured peppers it was, so that it can be rotated. The strings
are taken apart here and not by the C library, which would obey any parameters.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from argon2.low_level import Type, hash_secret_raw

from portero.core.factors.password.errors import UnknownHashFormat
from portero.core.factors.password.model import OWN_SCHEME_PREFIX
from portero.kit.secrets import Secret, same_secret
from portero.kit.values import quick_value
from portero.outside.hashing.known import (
    MAX_ARGON2_TIME_COST,
    MAX_MEMORY_KIB,
    MAX_PARALLELISM,
    KnownHash,
    bounded,
    from_base64,
    parts,
)

_VERSION: Final = 19  # RFC 9106 §3.1: 0x13
_SALT_BYTES: Final = 16  # RFC 9106 §3.1
_HASH_BYTES: Final = 32
# A pepper is a key: at least 256 bits of text, like SECRET_KEY.
_PEPPER_BYTES: Final = 32
_TYPES: Final[Mapping[str, Type]] = {"argon2id": Type.ID, "argon2i": Type.I, "argon2d": Type.D}
_COSTS: Final = re.compile(r"m=([0-9]{1,10}),t=([0-9]{1,10}),p=([0-9]{1,10})", re.ASCII)
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Params:
    """Cost of a new hash. The defaults are OWASP's second choice: 19 MiB, twice, one lane."""

    time_cost: int = 2
    memory_kib: int = 19456
    parallelism: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.time_cost <= MAX_ARGON2_TIME_COST:
            raise ValueError(f"the argon2 time cost must be 1 to {MAX_ARGON2_TIME_COST}")
        if not 1 <= self.parallelism <= MAX_PARALLELISM:
            raise ValueError(f"the argon2 parallelism must be 1 to {MAX_PARALLELISM}")
        if not 8 * self.parallelism <= self.memory_kib <= MAX_MEMORY_KIB:
            raise ValueError(f"the argon2 memory must be 8 per lane to {MAX_MEMORY_KIB} KiB")

    @property
    def text(self) -> str:
        return f"m={self.memory_kib},t={self.time_cost},p={self.parallelism}"


class Peppers:
    """The peppers by key id: the first for new hashes, the others for older ones."""

    def __init__(self, peppers: tuple[Secret, ...], *, peppered: bool) -> None:
        """`peppered` False: the given ones are all former, and new hashes get none."""
        keys = [pepper.reveal().encode() for pepper in peppers]
        if any(len(key) < _PEPPER_BYTES for key in keys):
            raise ValueError(f"a password pepper needs at least {_PEPPER_BYTES} bytes")
        self._keys = {_pepper_id(key): key for key in keys}
        self.current_id = next(iter(self._keys)) if peppered else ""

    def applied(self, password: str, key_id: str) -> bytes | None:
        """What Argon2 hashes; None when no configured pepper has that id."""
        if not key_id:
            return password.encode()
        key = self._keys.get(key_id)
        return None if key is None else hmac.digest(key, password.encode(), "sha256")


@quick_value
class Argon2Hash:
    """A PHC string, taken apart and within bounds."""

    kind: str
    version: int
    params: Argon2Params
    salt: bytes
    expected: bytes

    @property
    def cost_label(self) -> str:
        return f"{self.kind}:{self.params.text}"

    def matches(self, secret: bytes) -> bool:
        raw = hash_secret_raw(
            secret,
            self.salt,
            time_cost=self.params.time_cost,
            memory_cost=self.params.memory_kib,
            parallelism=self.params.parallelism,
            hash_len=len(self.expected),
            type=_TYPES[self.kind],
            version=self.version,
        )
        return same_secret(raw, self.expected)


def parse_phc(encoded: str) -> Argon2Hash:
    """Take `$argon2id$v=19$m=…,t=…,p=…$salt$hash` apart; raises `UnknownHashFormat`."""
    start, kind, version, costs, salt, expected = parts(encoded, "$", 6)
    if start or kind not in _TYPES or version not in {"v=19", "v=16"}:
        raise UnknownHashFormat("no argon2 string of a known version")
    return Argon2Hash(
        kind,
        int(version[2:]),
        _parse_costs(costs),
        from_base64(salt, name="salt", least=8),
        from_base64(expected, name="hash", least=16),
    )


@lru_cache(maxsize=64)  # nearly all hashes of a house cost the same
def _parse_costs(text: str) -> Argon2Params:
    found = _COSTS.fullmatch(text)
    if found is None:
        raise UnknownHashFormat("no argon2 string of a known version")
    memory, time_cost, lanes = found.groups()
    parallelism = bounded(lanes, name="parallelism", least=1, most=MAX_PARALLELISM)
    return Argon2Params(
        time_cost=bounded(time_cost, name="time cost", least=1, most=MAX_ARGON2_TIME_COST),
        memory_kib=bounded(memory, name="memory", least=8 * parallelism, most=MAX_MEMORY_KIB),
        parallelism=parallelism,
    )


class Argon2id:
    """Portero's own scheme: `make` new encodings, `recognise` those and other PHC strings."""

    def __init__(self, params: Argon2Params, peppers: Peppers) -> None:
        self._params = params
        self._peppers = peppers
        self.current_scheme = f"{OWN_SCHEME_PREFIX}{params.text}"

    def make(self, password: str) -> str:
        key_id = self._peppers.current_id
        salt = os.urandom(_SALT_BYTES)
        empty = Argon2Hash("argon2id", _VERSION, self._params, salt, b"")
        raw = hash_secret_raw(
            self._peppers.applied(password, key_id) or b"",
            salt,
            time_cost=self._params.time_cost,
            memory_cost=self._params.memory_kib,
            parallelism=self._params.parallelism,
            hash_len=_HASH_BYTES,
            type=_TYPES[empty.kind],
            version=_VERSION,
        )
        phc = f"$argon2id$v={_VERSION}${self._params.text}${_base64(salt)}${_base64(raw)}"
        return f"hmac:{key_id}:{phc}" if key_id else phc

    def recognise(self, encoded: str) -> KnownHash | None:
        """An own or other PHC string; None when it is something else."""
        key_id, phc = _split_pepper(encoded)
        if not phc.startswith("$argon2"):
            return None
        found = parse_phc(phc)
        return KnownHash(found.cost_label, found.params.memory_kib, self._check(found, key_id))

    def is_outdated(self, encoded: str) -> bool:
        """Whether `make` would give another scheme, version, cost, pepper or size today."""
        key_id, phc = _split_pepper(encoded)
        prefix = f"$argon2id$v={_VERSION}${self._params.text}$"
        return key_id != self._peppers.current_id or not phc.startswith(prefix)

    def _check(self, found: Argon2Hash, key_id: str) -> Callable[[str], bool]:
        def check(password: str) -> bool:
            secret = self._peppers.applied(password, key_id)
            if secret is None:
                _log.error("a password was hashed with pepper %s, which is not configured", key_id)
            # The work is done all the same, so that a forgotten pepper does not show in time.
            return found.matches(secret or b"") and secret is not None

        return check


def _split_pepper(encoded: str) -> tuple[str, str]:
    """The pepper's key id (empty without) and the PHC string."""
    if not encoded.startswith("hmac:"):
        return "", encoded
    _, key_id, phc = parts(encoded, ":", 3)
    if not key_id:
        raise UnknownHashFormat("a peppered hash without a key id")
    return key_id, phc


def _pepper_id(key: bytes) -> str:
    """Eight hex digits that name a pepper without giving anything of it away."""
    return hashlib.sha256(b"portero pepper id" + key).hexdigest()[:8]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode()

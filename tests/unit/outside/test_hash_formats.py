"""Every format that is checked: the right password, a wrong one, and what is refused.

Django and Werkzeug hashes are made by Django and Werkzeug themselves. The Firebase vector is the
one that the firebase/scrypt project publishes with sample parameters. Keycloak and {SSHA} have no
library here: theirs are made by second implementations in this file, from their documentation.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import bcrypt
import pytest
from argon2 import PasswordHasher
from django.contrib.auth import hashers as django  # type: ignore[import-untyped]  # has no stubs
from werkzeug.security import generate_password_hash

from portero.outside.hashing import Argon2Params, HashPool, UnknownHashFormat

TYPED = "pässword of old"
SALT = b"0123456789abcdef"


@pytest.fixture(scope="module")
def pool() -> Iterator[HashPool]:
    made = HashPool(params=Argon2Params(time_cost=1, memory_kib=64), threads=2)
    yield made
    made.close()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def pbkdf2_by_hand(digest: str, iterations: int, size: int) -> bytes:
    """RFC 8018 §5.2, block by block, instead of the library's own function."""
    import hmac

    out = b""
    for block in range(1, -(-size // hashlib.new(digest).digest_size) + 1):
        last = hmac.digest(TYPED.encode(), SALT + block.to_bytes(4, "big"), digest)
        total = int.from_bytes(last, "big")
        for _ in range(iterations - 1):
            last = hmac.digest(TYPED.encode(), last, digest)
            total ^= int.from_bytes(last, "big")
        out += total.to_bytes(len(last), "big")
    return out[:size]


def keycloak_pbkdf2(algorithm: str, digest: str) -> str:
    return f"keycloak${algorithm}$50${b64(SALT)}${b64(pbkdf2_by_hand(digest, 50, 64))}"


def ssha(prefix: str = "{SSHA}") -> str:
    return prefix + b64(hashlib.sha1(TYPED.encode() + SALT).digest() + SALT)


def bcrypt_as(variant: str) -> str:
    made = bcrypt.hashpw(TYPED.encode(), bcrypt.gensalt(4)).decode()
    return made.replace("$2b$", f"${variant}$")


PHC = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(TYPED)
FORMATS = {
    "phc": (PHC, "argon2id:m=64,t=1,p=1"),
    "werkzeug-scrypt": (
        generate_password_hash(TYPED, "scrypt:1024:8:1"),
        "werkzeug-scrypt:1024:8:1",
    ),
    "werkzeug-scrypt-default": (generate_password_hash(TYPED), "werkzeug-scrypt:32768:8:1"),
    "werkzeug-pbkdf2": (
        generate_password_hash(TYPED, "pbkdf2:sha512:9"),
        "werkzeug-pbkdf2:sha512:9",
    ),
    "django-pbkdf2": (
        django.PBKDF2PasswordHasher().encode(TYPED, "salt", 9),
        "django-pbkdf2_sha256:9",
    ),
    "django-pbkdf2-sha1": (
        django.PBKDF2SHA1PasswordHasher().encode(TYPED, "salt", 9),
        "django-pbkdf2_sha1:9",
    ),
    "django-argon2": (
        django.Argon2PasswordHasher().encode(TYPED, "saltysalt"),
        "django-argon2id:m=102400,t=2,p=8",
    ),
    "django-bcrypt": (
        django.BCryptPasswordHasher().encode(TYPED, bcrypt.gensalt(4)),
        "bcrypt:4",
    ),
    "django-bcrypt-sha256": (
        django.BCryptSHA256PasswordHasher().encode(TYPED * 9, bcrypt.gensalt(4)),
        "bcrypt:4",
    ),
    "bcrypt-2a": (bcrypt_as("2a"), "bcrypt:4"),
    "bcrypt-2b": (bcrypt_as("2b"), "bcrypt:4"),
    "bcrypt-2y": (bcrypt_as("2y"), "bcrypt:4"),
    "keycloak-sha1": (keycloak_pbkdf2("pbkdf2", "sha1"), "keycloak-pbkdf2:50x4"),
    "keycloak-sha256": (keycloak_pbkdf2("pbkdf2-sha256", "sha256"), "keycloak-pbkdf2-sha256:50x2"),
    "keycloak-sha512": (keycloak_pbkdf2("pbkdf2-sha512", "sha512"), "keycloak-pbkdf2-sha512:50x1"),
    "keycloak-argon2": (f"keycloak{PHC}", "keycloak-argon2id:m=64,t=1,p=1"),
    "ssha": (ssha(), "ssha"),
    "ssha-lower-case": (ssha("{ssha}"), "ssha"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_right_password_and_no_other(pool: HashPool, name: str) -> None:
    """Every family says yes to the password, no to its neighbour, and asks for an upgrade."""
    encoded, scheme = FORMATS[name]
    typed = TYPED * 9 if name == "django-bcrypt-sha256" else TYPED
    found = pool.verify(typed, encoded)
    assert (found.ok, found.scheme, pool.scheme_of(encoded)) == (True, scheme, scheme)
    assert found.outdated is (name != "phc")
    assert not pool.verify(typed[:-1], encoded).ok
    assert not pool.verify("", encoded).ok


def test_the_published_firebase_vector(pool: HashPool) -> None:
    """firebase/scrypt, README "Password hashing": sample parameters, password `user1password`."""
    signer = (
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
    )
    expected = (
        "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
    )
    encoded = f"firebase-scrypt$8$14$Bw==$42xEC+ixf3L2lw==${signer}${expected}"
    found = pool.verify("user1password", encoded)
    assert (found.ok, found.outdated, found.scheme) == (True, True, "firebase-scrypt:16384:8")
    assert not pool.verify("user2password", encoded).ok


@pytest.mark.parametrize("prefix", ["", "bcrypt$"])
def test_bcrypt_reads_72_bytes_as_those_systems_did(pool: HashPool, prefix: str) -> None:
    """A longer password was cut silently where the hash comes from; it must still open."""
    encoded = prefix + bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert pool.verify("x" * 80, encoded).ok
    assert not pool.verify("x" * 71, encoded).ok


def test_nul_characters_do_not_cut_a_bcrypt_password(pool: HashPool) -> None:
    """What follows a NUL counts."""
    encoded = bcrypt.hashpw(b"a", bcrypt.gensalt(4)).decode()
    assert not pool.verify("a\0b", encoded).ok


REFUSED = {
    "empty": "",
    "plain text": "hunter2",
    "django's unusable": "!unusable",
    "unsalted md5": "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
    "crypt": "$6$salt$hash",
    "argon2 with 4 GiB": "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$" + "A" * 43,
    "argon2 a million times": "$argon2id$v=19$m=64,t=1000000,p=1$c2FsdHNhbHQ$" + "A" * 43,
    "argon2 with a thousand lanes": "$argon2id$v=19$m=8192,t=1,p=1000$c2FsdHNhbHQ$" + "A" * 43,
    "argon2 with no memory": "$argon2id$v=19$m=1,t=1,p=1$c2FsdHNhbHQ$" + "A" * 43,
    "argon2 without a hash": "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$",
    "argon2 in parts": "$argon2id$v=19$m=64,t=1$c2FsdHNhbHQ",
    "a pepper without its id": "hmac::" + PHC,
    "scrypt with 16 GiB": "scrypt:16777216:8:1$salt$" + "a" * 128,
    "scrypt with 1 GiB": "scrypt:1048576:8:1$salt$" + "a" * 128,
    "scrypt of endless work": "scrypt:131072:8:64$salt$" + "a" * 128,
    "scrypt with an odd N": "scrypt:1000:8:1$salt$" + "a" * 128,
    "scrypt without cost": "scrypt$salt$" + "a" * 128,
    "scrypt without a salt": "scrypt:1024:8:1$$" + "a" * 128,
    "scrypt with a tiny N": "scrypt:16:8:1$salt$" + "a" * 128,
    "scrypt without a hash": "scrypt:1024:8:1$salt$",
    "pbkdf2 of a billion": "pbkdf2:sha256:1000000000$salt$" + "a" * 64,
    "pbkdf2 of another digest": "pbkdf2:md5:9$salt$" + "a" * 64,
    "django of a billion": "pbkdf2_sha256$1000000000$salt$" + b64(bytes(32)),
    "django of none": "pbkdf2_sha256$0$salt$" + b64(bytes(32)),
    "django without a hash": "pbkdf2_sha256$9$salt$",
    "django with a digit of another script": "pbkdf2_sha256$٩$salt$" + b64(bytes(32)),
    "bcrypt 2^31": "$2b$31$" + "a" * 53,
    "bcrypt cut short": "$2b$10$" + "a" * 40,
    "firebase with 2^30": f"firebase-scrypt$8$30$Bw==$Bw==${b64(bytes(64))}${b64(bytes(64))}",
    "firebase of unlike sizes": f"firebase-scrypt$8$14$Bw==$Bw==${b64(bytes(64))}${b64(bytes(32))}",
    "keycloak of a billion": f"keycloak$pbkdf2-sha256$1000000000${b64(SALT)}${b64(bytes(64))}",
    "keycloak of many blocks": f"keycloak$pbkdf2$5000000${b64(SALT)}${b64(bytes(64))}",
    "keycloak of another kind": f"keycloak$md5$9${b64(SALT)}${b64(bytes(64))}",
    "ssha without a salt": "{SSHA}" + b64(bytes(20)),
    "ssha of no base64": "{SSHA}??",
    "a megabyte": "$2b$10$" + "a" * 1_000_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_unknown_malformed_or_absurd_is_refused(pool: HashPool, name: str) -> None:
    """At import and before any work: one line of a user file must not stop the server."""
    with pytest.raises(UnknownHashFormat):
        pool.scheme_of(REFUSED[name])
    with pytest.raises(UnknownHashFormat):
        pool.verify(TYPED, REFUSED[name])


def test_a_refusal_does_not_tell_the_hash(pool: HashPool) -> None:
    """Refusals are logged, hashes are not."""
    with pytest.raises(UnknownHashFormat) as caught:
        pool.scheme_of("$2b$10$" + "abcdef" * 7)
    assert "abcdef" not in f"{caught.value} {caught.value.detail}"

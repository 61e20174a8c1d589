"""What is strong enough, and what is nowhere (ASVS 11.2 to 11.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from portero.outside.hashing.argon2id import Argon2Params
from portero.outside.signing import LocalKeyMaker
from portero.protocol.jose.algorithms import RSA_KEY_SIZE, SigningAlg
from portero.protocol.oauth.metadata_policy import ASYMMETRIC_ALGS, JWE_ALGS, JWE_ENCS

ROOT = Path(__file__).parents[3]
BROKEN = re.compile(
    r"\bmodes\.(?:ECB|CBC|CFB|OFB)\b|crypt\([^()]*PKCS1v15|\b(?:ARC4|TripleDES|Blowfish|IDEA|CAST5|SEED)\b"
    r"|\bmd5\b|\bMD5\b|dsa\.generate|\bDES\b"
)
# SHA-1 where a protocol or an old hash has it, and nobody gains by a collision.
SHA_1 = {
    "src/portero/protocol/otp.py",  # HMAC in authenticator apps
    "src/portero/outside/breach.py",  # the index of breach services
    "src/portero/outside/hashing/ssha_family.py",
    "src/portero/outside/hashing/django_family.py",
    "src/portero/outside/hashing/keycloak_family.py",
    "src/portero/outside/hashing/werkzeug_family.py",
}


def shipped() -> Iterator[tuple[str, str]]:
    for folder in ("src/portero", "guard/src/portero_guard"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def code_of(text: str) -> str:
    """Without comments and the text of docstrings, which may say what is not there."""
    return re.sub(r"#.*", "", re.sub(r'""".*?"""', "", text, flags=re.DOTALL))


def test_what_is_made_here_has_128_bits_of_strength() -> None:
    """NIST SP 800-57 part 1, table 2: P-256, Ed25519, RSA of 3072 bits; and keys are made in one
    place."""
    made = LocalKeyMaker()
    key = made.make(SigningAlg.ES256)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.key_size == 256
    assert isinstance(made.make(SigningAlg.EDDSA), ed25519.Ed25519PrivateKey)
    assert RSA_KEY_SIZE >= 3072
    sized = {place for place, text in shipped() if "key_size=" in text}
    assert sized == {"src/portero/outside/signing.py"}


def test_no_broken_cipher_or_padding_is_offered() -> None:
    """To clients by name (RFC 8725 §3.2), or in the program."""
    assert not {"RSA1_5", "dir", "none"} & (JWE_ALGS | ASYMMETRIC_ALGS)
    assert all("GCM" in enc or "-HS" in enc for enc in JWE_ENCS)
    found = {
        (place, match[0]) for place, text in shipped() for match in BROKEN.finditer(code_of(text))
    }
    assert found == set()


def test_no_outdated_hash_is_used() -> None:
    """ASVS 11.4.1: SHA-1 in the places that are named, with their reasons, and MD5 in none."""
    users = {
        place for place, text in shipped() if re.search(r"(?i)\bsha_?1\b|_sha1\b", code_of(text))
    }
    assert users == SHA_1


def test_our_passwords_are_hashed_as_owasp_says() -> None:
    """19 MiB and two passes, or 47 MiB and one (Password Storage Cheat Sheet)."""
    cost = Argon2Params()
    assert (cost.memory_kib, cost.time_cost) >= (19_456, 2)
    assert cost.parallelism == 1


def test_a_planted_weakness_is_caught() -> None:
    """In code, and not in what is said of it."""
    assert BROKEN.search(code_of('"""Said."""  # said\nmade = hashlib.md5(password)'))
    assert BROKEN.search(code_of("cipher = Cipher(AES(key), modes.ECB())"))
    assert not BROKEN.search(code_of('"""No md5."""  # and no DES'))

"""Passwords."""

# ruff: noqa: RUF009  # a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass

from portero.kit.secrets import Secret
from portero.settings import parsing, rules
from portero.settings.rows import Derived, Earlier, setting
from portero.settings.table.tokens import TokensSettings


def _hash_queue(earlier: Earlier) -> str:
    running = rules.hash_threads(
        threads=earlier["threads"],
        memory_mib=earlier["hash_memory_mib"],
        argon2_memory_kib=earlier["argon2_memory_kib"],
    )
    return str(max(1, earlier["threads"] // 2 - running))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PasswordsSettings(TokensSettings):
    password_min_length: int = setting(
        "PORTERO_PASSWORD_MIN_LENGTH",
        parsing.integer(8, 128),
        "15",
        "Fewest code points of a password (NIST SP 800-63B-4 §3.1.1.2: 15 as the only factor).",
    )
    password_min_score: int = setting(
        "PORTERO_PASSWORD_MIN_SCORE", parsing.integer(0, 4), "2", "Lowest zxcvbn score, 0 to 4."
    )
    password_words: tuple[str, ...] = setting(
        "PORTERO_PASSWORD_WORDS",
        parsing.words,
        "",
        "Names of your organisation, its products and places, of which alone no password may be"
        " made (comma separated).",
    )
    password_composition: tuple[str, ...] = setting(
        "PORTERO_PASSWORD_COMPOSITION",
        parsing.some_of("lower", "upper", "digit", "symbol"),
        "off",
        "Kinds of characters that a password must hold, or off (better: NIST SP 800-63B-4).",
    )
    password_max_age_days: int = setting(
        "PORTERO_PASSWORD_MAX_AGE_DAYS",
        parsing.integer(0, 3650),
        "0",
        "Days after which a password must be changed; 0 is never (better).",
    )
    password_history: int = setting(
        "PORTERO_PASSWORD_HISTORY",
        parsing.integer(0, 24),
        "0",
        "How many former passwords may not be taken again.",
    )
    password_pepper: Secret = setting(
        "PORTERO_PASSWORD_PEPPER",
        parsing.secret,
        "",
        "Key mixed into every password hash and kept outside the database; empty is off.",
    )
    password_pepper_fallbacks: tuple[Secret, ...] = setting(
        "PORTERO_PASSWORD_PEPPER_FALLBACKS",
        parsing.secrets,
        "",
        "Former peppers (comma separated) that still verify.",
    )
    password_breach_url: str = setting(
        "PORTERO_PASSWORD_BREACH_URL",
        parsing.service_url,
        "",
        "Range endpoint in the manner of Have I Been Pwned for breached passwords; empty is off.",
    )
    argon2_time_cost: int = setting(
        "PORTERO_ARGON2_TIME_COST", parsing.integer(1, 20), "2", "Argon2id passes."
    )
    argon2_memory_kib: int = setting(
        "PORTERO_ARGON2_MEMORY_KIB",
        parsing.integer(7168, 1_048_576),
        "19456",
        "Argon2id memory of one hash in KiB.",
    )
    argon2_parallelism: int = setting(
        "PORTERO_ARGON2_PARALLELISM", parsing.integer(1, 16), "1", "Argon2id lanes."
    )
    hash_memory_mib: int = setting(
        "PORTERO_HASH_MEMORY_MIB",
        parsing.integer(16, 65_536),
        "512",
        "Memory in MiB that all hashes of one process may use at a time.",
    )
    hash_queue: int = setting(
        "PORTERO_HASH_QUEUE",
        parsing.integer(1, 500),
        Derived("half of PORTERO_THREADS without the hashes that run", _hash_queue),
        "Hashes that may wait in one process; beyond it the answer is 503 with Retry-After. A "
        "quarter of the places is kept for people in browsers that their accounts know.",
    )

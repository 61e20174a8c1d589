"""SECRET_KEY: whether it is one, and making one where nobody else can reach the server."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from portero.kit.secrets import Secret
from portero.settings.errors import SettingsError

MIN_BYTES: Final = (
    32  # 256 bits when the bytes are random: the strength of the keys derived from it
)
# 32 random hexadecimal digits show fewer than 8 different ones about once in 100,000 times;
# a hand that falls on the keyboard nearly always does.
_MIN_DISTINCT: Final = 8
# Letters and digits alone, so that change-me, CHANGE_ME and "change me" are one.
_SAMPLES: Final = (
    "changeme", "changethis", "replaceme", "yoursecret", "supersecret", "secretkey", "mysecret",
    "example", "insecure", "strongrandomlygenerated", "uniquecomplexstring", "0123456789abcdef",
    "abcdefghijklmnop",
)  # fmt: skip


def weakness(key: Secret) -> str | None:
    """Why this is no key, as the end of the sentence "SECRET_KEY …"; None for a usable one."""
    text = key.reveal()
    if not text:
        return "is missing"
    if len(text.encode()) < MIN_BYTES:
        return f"is shorter than {MIN_BYTES} bytes"
    plain = "".join(char for char in text.lower() if char.isalnum())
    repeated = text in (text + text)[1:-1]  # true exactly when a part of it, repeated, makes it
    if repeated or len(set(text)) < _MIN_DISTINCT or any(s in plain for s in _SAMPLES):
        return "is a sample or a pattern, not a random text"
    return None


def place_of(data_dir: Path) -> Path:
    return data_dir / "secret_key"


def kept_or_made(data_dir: Path) -> tuple[Secret, bool]:
    """The key kept in the data directory, and whether this call made it.

    The text is complete under another name (O_EXCL, 0600) before `link` gives it the real one,
    and `link` fails when the name is taken: of two processes that start at once one wins, and the
    other reads a whole key. A plain O_EXCL create would let the loser read an empty file.
    """
    place = place_of(data_dir)
    made = False
    try:
        if not place.exists():
            made = _make(place)
        mode = place.stat().st_mode
        key = Secret(place.read_text("utf-8").removesuffix("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("SECRET_KEY", f"{place} can't be made or read: {error}.") from error
    if mode & 0o077:
        raise SettingsError(
            "SECRET_KEY", f"{place} is open to other users: run chmod 600 on it, or replace it."
        )
    if reason := weakness(key):
        raise SettingsError("SECRET_KEY", f"The key in {place} {reason}: delete or restore it.")
    return key, made


def _make(place: Path) -> bool:
    draft = place.with_name(f".secret_key.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())  # a key that seals rows must not vanish in a power cut
        os.link(draft, place)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True

"""SECRET_KEY: made on a loopback issuer, demanded anywhere else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from portero.settings import SettingsError, load

PUBLIC = {"PORTERO_ISSUER": "https://id.example.org"}


def test_a_missing_key_is_made_and_kept(tmp_path: Path) -> None:
    """In a 0700 directory and a 0600 file, whatever the umask; the next start reads the same."""
    before = os.umask(0)
    try:
        first = load({}, cwd=tmp_path)
    finally:
        os.umask(before)
    kept = tmp_path / "var" / "secret_key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert first.notes == (f"SECRET_KEY was generated and is kept in {kept} (mode 0600).",)
    again = load({}, cwd=tmp_path)
    assert again.secret_key.reveal() == first.secret_key.reveal()
    assert len(first.secret_key.reveal()) == 64  # 48 random bytes in base64url
    assert again.notes == (f"SECRET_KEY is the generated one in {kept} (mode 0600).",)
    assert [path.name for path in kept.parent.iterdir()] == ["secret_key"]


def test_many_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    """One key is made; the losers of the race read it whole."""
    program = (
        "import sys, pathlib, portero.settings as s\n"
        "sys.stdin.readline()\n"
        f"print(s.load({{}}, cwd=pathlib.Path({str(tmp_path)!r})).secret_key.reveal())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = {process.communicate()[0].strip() for process in started}
    assert len(printed) == 1
    assert len(printed.pop()) == 64


def test_a_kept_key_that_others_can_read_stops(tmp_path: Path) -> None:
    """The sentence says what to run."""
    load({}, cwd=tmp_path)
    (tmp_path / "var" / "secret_key").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load({}, cwd=tmp_path)


def test_a_kept_key_that_was_cut_off_stops(tmp_path: Path) -> None:
    """An emptied file must not become the key of everything."""
    load({}, cwd=tmp_path)
    (tmp_path / "var" / "secret_key").write_text("")
    with pytest.raises(SettingsError, match="is missing"):
        load({}, cwd=tmp_path)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "is missing"),
        ("Zr4mQ8vL2xT7pK9wB3nH6yD1sF5gJ0c", "is shorter than 32 bytes"),
        ("change-me-Zr4mQ8vL2xT7pK9wB3nH6yD1", "is a sample"),
        ("A_strong_randomly_generated_string", "is a sample"),
        ("Change this to a unique, complex string", "is a sample"),
        ("your-secret-key-goes-here-0123456", "is a sample"),
        ("secret" * 6, "is a sample"),
        ("a" * 64, "is a sample"),
        ("Zr4mQ8vL2xT7pK9w" * 2, "is a sample"),
        ("abcabcacbaabccbaabacabacbabcabcb", "is a sample"),
    ],
)
def test_a_weak_key_stops_a_public_server(tmp_path: Path, key: str, reason: str) -> None:
    """Missing, short and sample keys each say what they are."""
    with pytest.raises(SettingsError, match=f"SECRET_KEY {reason}"):
        load(PUBLIC | {"SECRET_KEY": key}, cwd=tmp_path)


def test_the_generated_key_is_not_taken_over_silently(tmp_path: Path) -> None:
    """Off loopback the file is only offered: its owner decides whether it moves along."""
    load({}, cwd=tmp_path)
    with pytest.raises(SettingsError, match="SECRET_KEY_FILE="):
        load(PUBLIC, cwd=tmp_path)
    kept = str(tmp_path / "var" / "secret_key")
    assert len(load(PUBLIC | {"SECRET_KEY_FILE": kept}, cwd=tmp_path).secret_key.reveal()) == 64


def test_a_sample_key_on_loopback_is_noted(tmp_path: Path) -> None:
    """The brief's `.env` works as it is written, on one's own machine."""
    settings = load({"SECRET_KEY": "change-me"}, cwd=tmp_path)
    assert settings.secret_key.reveal() == "change-me"
    assert "refused anywhere else" in settings.notes[0]
    assert not (tmp_path / "var" / "secret_key").exists()

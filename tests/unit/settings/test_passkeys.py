"""What settings about passkeys must be, alone and to each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero.settings import load
from portero.settings.errors import SettingsError

AT = {"PORTERO_ISSUER": "https://id.example.org", "SECRET_KEY": "Zr4mQ8vL2xT7pK9wB3nH6yD1sA5fG0jU"}
MAKE = "2fc0579f-8113-47ea-b116-bb5a8db9202a"


@pytest.mark.parametrize(
    ("given", "key", "says"),
    [
        ({"PORTERO_PASSKEY_RP_ID": "example.com"}, "PORTERO_PASSKEY_RP_ID", "or a domain above"),
        ({"PORTERO_PASSKEY_RP_ID": "d.example.org"}, "PORTERO_PASSKEY_RP_ID", "or a domain above"),
        ({"PORTERO_PASSKEY_RP_ID": "https://x"}, "PORTERO_PASSKEY_RP_ID", "a domain in lower"),
        ({"PORTERO_PASSKEY_ORIGINS": "http://a.org"}, "PORTERO_PASSKEY_ORIGINS", "origins"),
        ({"PORTERO_PASSKEY_ORIGINS": "https://a.org/x"}, "PORTERO_PASSKEY_ORIGINS", "origins"),
        ({"PORTERO_PASSKEY_COUNTER": "off"}, "PORTERO_PASSKEY_COUNTER", "refuse or note"),
        ({"PORTERO_PASSKEY_DENIED_AAGUIDS": "x"}, "PORTERO_PASSKEY_DENIED_AAGUIDS", "AAGUIDs"),
        ({"PORTERO_PASSKEY_ALLOWED_AAGUIDS": MAKE}, "PORTERO_PASSKEY_ALLOWED_AAGUIDS", "direct"),
        ({"PORTERO_PASSKEY_METADATA_FILE": "x"}, "PORTERO_PASSKEY_METADATA_FILE", "direct"),
    ],
)
def test_contradictions_are_told(
    tmp_path: Path, given: dict[str, str], key: str, says: str
) -> None:
    """At the start, by the setting's name."""
    with pytest.raises(SettingsError, match=says) as refusal:
        load({**AT, **given}, cwd=tmp_path)
    assert key in str(refusal.value)


def test_a_domain_above_the_issuer_will_do(tmp_path: Path) -> None:
    """And without one it is the issuer's host."""
    assert load(AT, cwd=tmp_path).passkey_rp_id == "id.example.org"
    above = load({**AT, "PORTERO_PASSKEY_RP_ID": "example.org"}, cwd=tmp_path)
    assert above.passkey_rp_id == "example.org"
    upper = load({**AT, "PORTERO_PASSKEY_DENIED_AAGUIDS": MAKE.upper()}, cwd=tmp_path)
    assert upper.passkey_denied_aaguids == (MAKE,)

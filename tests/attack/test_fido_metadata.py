"""A file of makes of authenticators that is not FIDO's: whoever can put one there, or change it on
its way, must not choose which security keys are believed."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from portero.settings import SettingsError
from tests.support.authenticator_makers import Maker, MetadataService, metadata_of, settings_of
from tests.support.house import MakeHome
from tests.support.passkeys import AT_A_DOMAIN

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SERVICE = MetadataService()
SAYS = metadata_of(Maker(bytes(16)), [])


def b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def forged() -> dict[str, bytes]:
    """Each in the place of a good one."""
    good = SERVICE.signed(SAYS)
    head, body, signature = good.split(b".")
    header = json.loads(base64.urlsafe_b64decode(head + b"=="))
    return {
        "another content": b".".join((head, b64(SAYS + b" "), signature)),
        "another signature": b".".join((head, body, b64(bytes(64)))),
        "no signature": b".".join((head, body, b"")),
        "alg none": b".".join((b64(json.dumps({**header, "alg": "none"}).encode()), body, b"")),
        "another alg": SERVICE.signed(SAYS, alg="RS256"),
        "no certificate": b".".join((b64(b'{"alg":"ES256"}'), body, signature)),
        "empty chain": b".".join((b64(b'{"alg":"ES256","x5c":[]}'), body, signature)),
        "of another root": MetadataService().signed(SAYS),
        "no JWS": b"hello",
        "nothing": b"",
    }


@pytest.mark.parametrize("name", forged())
def test_a_forged_file_is_refused_at_the_start(
    make_home: MakeHome, tmp_path: Path, name: str
) -> None:
    """By the setting's name, before anybody is served."""
    settings = settings_of(tmp_path, forged()[name], SERVICE.root)
    with pytest.raises(SettingsError, match=r"PORTERO_PASSKEY_METADATA_FILE names .*refused"):
        make_home(**AT_A_DOMAIN, **settings)


def test_another_customer_of_the_root_is_not_fido(make_home: MakeHome, tmp_path: Path) -> None:
    """FIDO's root signs for half of the web: a certificate for some other name is good there."""
    other = MetadataService("shop.example")
    settings = settings_of(tmp_path, other.signed(SAYS), other.root)
    with pytest.raises(SettingsError, match=r"not mds\.fidoalliance\.org's"):
        make_home(**AT_A_DOMAIN, **settings)


def test_a_certificate_that_is_over_signs_nothing(make_home: MakeHome, tmp_path: Path) -> None:
    """Its key may be anybody's by now."""
    over = MetadataService(days=-1)
    settings = settings_of(tmp_path, over.signed(SAYS), over.root)
    with pytest.raises(SettingsError, match="not valid today"):
        make_home(**AT_A_DOMAIN, **settings)


def test_a_root_has_to_be_named(make_home: MakeHome, tmp_path: Path) -> None:
    """A signature that nobody is asked to have made proves nothing."""
    settings = settings_of(tmp_path, SERVICE.signed(SAYS), SERVICE.root)
    settings.pop("PORTERO_PASSKEY_METADATA_ROOT")
    with pytest.raises(SettingsError, match="needs PORTERO_PASSKEY_METADATA_ROOT"):
        make_home(**AT_A_DOMAIN, **settings)


def test_the_services_own_is_taken(make_home: MakeHome, tmp_path: Path) -> None:
    """With its line end, as it is downloaded."""
    blob = SERVICE.signed(SAYS) + b"\n"
    home = make_home(**AT_A_DOMAIN, **settings_of(tmp_path, blob, SERVICE.root))
    assert home.client().get("/sign-in").status_code == 200

"""Parsers of settings about passkeys, and what these must be to each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from portero.settings import parsing

_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\]|[0-9a-f:]+")
_AAGUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# How an Android application says who it is: the hash of its certificate.
_ANDROID: Final = re.compile(r"android:apk-key-hash:[A-Za-z0-9_-]{43}")


def counter(given: str) -> Literal["refuse", "note"]:
    match given:
        case "refuse" | "note":
            return given
    raise parsing.Unparsable("refuse or note")


def attestation(given: str) -> Literal["none", "direct"]:
    match given:
        case "none" | "direct":
            return given
    raise parsing.Unparsable("none or direct")


def rp_id(given: str) -> str:
    if given and not _DOMAIN.fullmatch(given):
        raise parsing.Unparsable("a domain in lower case, without scheme and port")
    return given


def origins(given: str) -> tuple[str, ...]:
    found = parsing.items(given)
    for each in found:
        if not _ANDROID.fullmatch(each) and (
            parsing.issuer(each) != each or urlsplit(each).path or each.startswith("http:")
        ):
            raise parsing.Unparsable(
                "a list of origins such as https://shop.example or android:apk-key-hash:..."
            )
    return found


def aaguids(given: str) -> tuple[str, ...]:
    found = tuple(each.lower() for each in parsing.items(given))
    if not all(_AAGUID.fullmatch(each) for each in found):
        raise parsing.Unparsable("a list of AAGUIDs: five groups of hexadecimal digits each")
    return found


def rules(v: Mapping[str, Any]) -> Iterator[tuple[str, bool, str]]:
    host, mine = urlsplit(v["issuer"]).hostname or "", v["passkey_rp_id"]
    yield (
        "PORTERO_PASSKEY_RP_ID",
        mine != host and not host.endswith(f".{mine}"),
        "PORTERO_PASSKEY_RP_ID must be the host of PORTERO_ISSUER or a domain above it: browsers "
        "refuse any other.",
    )
    yield (
        "PORTERO_PASSKEY_ALLOWED_AAGUIDS",
        bool(v["passkey_allowed_aaguids"]) and v["passkey_attestation"] == "none",
        "PORTERO_PASSKEY_ALLOWED_AAGUIDS needs PORTERO_PASSKEY_ATTESTATION=direct: without, an "
        "authenticator may claim to be any make.",
    )
    yield (
        "PORTERO_PASSKEY_METADATA_FILE",
        v["passkey_metadata_file"] is not None and v["passkey_attestation"] == "none",
        "PORTERO_PASSKEY_METADATA_FILE needs PORTERO_PASSKEY_ATTESTATION=direct.",
    )
    yield (
        "PORTERO_PASSKEY_METADATA_FILE",
        v["passkey_metadata_file"] is not None and not v["passkey_metadata_file"].is_file(),
        f"PORTERO_PASSKEY_METADATA_FILE names {v['passkey_metadata_file']}, which is no file.",
    )
    yield (
        "PORTERO_PASSKEY_METADATA_ROOT",
        v["passkey_metadata_file"] is not None and not _is_file(v["passkey_metadata_root"]),
        "PORTERO_PASSKEY_METADATA_FILE needs PORTERO_PASSKEY_METADATA_ROOT, the file (PEM) of the "
        "root certificate that its signature chains to.",
    )


def _is_file(path: Path | None) -> bool:
    return path is not None and path.is_file()

"""Approval on another device."""

# a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from typing import Final

from portero.settings import push
from portero.settings.rows import Derived, Earlier, setting
from portero.settings.table.sms import SmsSettings

# The services of Chrome (and most others that are made of Chromium), Firefox, Safari and Edge.
_WELL_KNOWN: Final = (
    "fcm.googleapis.com,*.push.services.mozilla.com,*.push.apple.com,*.notify.windows.com"
)


def _contact(earlier: Earlier) -> str:
    issuer = str(earlier["issuer"])
    if issuer.startswith("https://"):
        return issuer
    return f"mailto:{parseaddr(str(earlier['mail_from']))[1]}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PushSettings(SmsSettings):
    push_services: tuple[str, ...] = setting(
        "PORTERO_PUSH_SERVICES",
        push.hosts,
        _WELL_KNOWN,
        "Hosts of the push services that messages to browsers go to (comma separated; `*.` in "
        "front stands for any name below); off: nobody approves on another device.",
    )
    push_contact: str = setting(
        "PORTERO_PUSH_CONTACT",
        push.contact,
        Derived("the issuer; while it is http, the sender of mails", _contact),
        "Where a push service reaches you about your messages: mailto: or https:.",
    )

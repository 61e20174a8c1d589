"""`/account/security`: a section for each way to prove who one is.

A new way is one name in `_WAYS`: a module here with a `SECTION` (see `section.py`) and a
`mount(console)` for its pages below `/account/security/`.
"""

from __future__ import annotations

from typing import Final

from flask import Response

from portero.web.account.console import Console, Visit
from portero.web.account.security import (
    app,
    codes,
    passkeys,
    password,
    push,
    recovery_codes,
)

# In the order in which they are shown.
_WAYS: Final = (password, passkeys, push, app, codes, recovery_codes)


def mount(console: Console) -> None:
    console.page("/security", _show, here="/security")
    for way in _WAYS:
        way.mount(console)


def _show(visit: Visit) -> Response:
    looked = [(way.SECTION, way.SECTION.look(visit)) for way in _WAYS]
    return visit.html(
        "account/security.html",
        sections=[
            {"template": section.template, "held": held}
            for section, held in looked
            if held is not None
        ],
    )

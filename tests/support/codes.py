"""Codes that came by mail and by text message, and factors that were enrolled with them."""

from __future__ import annotations

import re

from portero.core.accounts import store as account_store
from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import FactorKind, Given
from tests.support.house import PASSWORD, Home

MAILBOX = "ana@example.org"
NUMBER = "+4915123456712"


def mailed_code(home: Home) -> str:
    """The code in the newest mail that has one."""
    home.deliver()
    found = re.findall(r"^    (\d{6})\r?$", "\n".join(home.mails()), flags=re.MULTILINE)
    assert found, home.mails()
    return str(found[-1])


def texts(home: Home) -> list[str]:
    """The text messages written so far, oldest first."""
    home.deliver()
    return [path.read_text("utf-8") for path in sorted((home.folder / "sms").glob("*.txt"))]


def texted_code(home: Home) -> str:
    found = re.findall(r"#(\d{6})$", "\n".join(texts(home)), flags=re.MULTILINE)
    assert found, texts(home)
    return str(found[-1])


def confirm_phone(home: Home, username: str = "ana", number: str = NUMBER) -> None:
    """As if its owner had proven it."""
    db, now = home.house.db, home.clock.now()
    account_id = home.house.rooms.accounts.get_by_name(username).id
    values = {"phone": number, "phone_verified": True}
    db.write(lambda tx: account_store.change(tx, account_id, values, now=now))


def enrolled_code(home: Home, *kinds: FactorKind, username: str = "ana") -> str:
    """The kinds that the account has enrolled; the id of the first."""
    rooms, actor = home.house.rooms, Actor.anonymous(Origin(address="127.0.0.1"))
    session = rooms.sign_in.with_password(actor, username, PASSWORD).session
    made = []
    for kind in kinds:
        rooms.enrolment.begin(actor, session, kind)
        code = mailed_code(home) if kind is FactorKind.EMAIL else texted_code(home)
        made.append(rooms.enrolment.finish(actor, session, kind, Given(code), name=""))
    return made[0]


def another(code: str) -> str:
    """A code that it is not."""
    return f"{(int(code) + 1) % 1_000_000:06}"

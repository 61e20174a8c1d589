"""People with passkeys: a house at a domain, and the ways in that they take."""

from __future__ import annotations

from typing import Any

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import FactorKind, Given
from portero.core.sessions import Session
from tests.support.house import PASSWORD, Home
from tests.support.software_authenticator import SoftwareAuthenticator

# A passkey belongs to a domain; the houses of other tests are at an address.
AT_A_DOMAIN = {"PORTERO_ISSUER": "http://localhost:8000"}


def session_of(home: Home, username: str = "ana", password: str = PASSWORD) -> Session:
    """Of somebody who has nothing but a password yet."""
    rooms = home.house.rooms
    return rooms.sign_in.with_password(Actor.anonymous(Origin()), username, password).session


def enrol(
    home: Home,
    device: SoftwareAuthenticator | None = None,
    username: str = "ana",
    session: Session | None = None,
) -> SoftwareAuthenticator:
    """A passkey that the account has enrolled, by its owner, who has just signed in."""
    rooms, device = home.house.rooms, device or SoftwareAuthenticator()
    actor, session = Actor.anonymous(Origin()), session or session_of(home, username)
    shown = rooms.enrolment.begin(actor, session, FactorKind.PASSKEY)
    given = Given(credential=device.create(shown["public_key"]))
    rooms.enrolment.finish(actor, session, FactorKind.PASSKEY, given, name="Key")
    return device


def owing(home: Home, username: str = "ana") -> dict[str, Any]:
    """What a login with the right password still owes, with the passkey begun."""
    answer = home.post("/login", username=username, password=PASSWORD)
    assert answer.status_code == 403, answer.text
    begun = home.post(
        "/login/continue",
        auth_session=answer.json["auth_session"],
        factor="passkey",
        begin=True,
    )
    assert begun.status_code == 403, begun.text
    return dict(begun.json)


def prove(home: Home, owed: dict[str, Any], credential: Any) -> Any:
    body = {"auth_session": owed["auth_session"], "factor": "passkey", "credential": credential}
    return home.post("/login/continue", **body)

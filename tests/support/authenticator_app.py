"""An authenticator app in somebody's hand."""

from __future__ import annotations

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import FactorKind, Given
from portero.protocol.otp import base32_key, hotp
from tests.support.house import PASSWORD, Home


class App:
    """Shows the code of its secret at the house's time."""

    def __init__(self, home: Home, secret: str) -> None:
        self._home = home
        self._key = base32_key(secret)

    def code(self, *, steps_later: int = 0) -> str:
        return hotp(self._key, int(self._home.clock.now().timestamp()) // 30 + steps_later)

    def next_code(self) -> str:
        """The code after the one that was shown last: that one may have been used."""
        self._home.clock.let_pass(seconds=30)
        return self.code()


def enrolled_app(home: Home, username: str = "ana", password: str = PASSWORD) -> App:
    """An app that the account has enrolled, by its owner, who has just signed in."""
    rooms = home.house.rooms
    actor = Actor.anonymous(Origin())
    session = rooms.sign_in.with_password(actor, username, password).session
    shown = rooms.enrolment.begin(actor, session, FactorKind.TOTP)
    app = App(home, shown["secret"])
    rooms.enrolment.finish(actor, session, FactorKind.TOTP, Given(app.code()), name="Phone")
    return app

"""Who is in the browser, and how an authorization request goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portero.core.accounts.model import Account
from portero.core.clients import Client
from portero.core.consent import Consent
from portero.core.provider.codes.model import WaitingRequest
from portero.core.sessions import Session
from portero.kit.secrets import Secret
from portero.protocol.oauth.authorization_request import CREATE, AuthorizationRequest, ReturnAddress
from portero.protocol.oauth.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Seat:
    """One session that the browser holds, its account, and what that person agreed to before."""

    session: Session
    account: Account
    consent: Consent | None


@dataclass(frozen=True, slots=True)
class Visit:
    """The browser that asks: its record ("" when unknown), and who is signed in there, the one
    who signed in last before the others."""

    browser_id: str
    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One authorization request on its way: as it was sent, as it was read, and since when."""

    client: Client
    parameters: Parameters
    request: AuthorizationRequest
    pushed_id: str
    began_at: datetime
    waiting: WaitingRequest | None = None
    handle: str = ""

    @property
    def asks_to_choose(self) -> bool:
        """Whether the person has to say with which account to go on, and has not yet."""
        return "select_account" in self.request.prompt and not self.is_chosen

    @property
    def is_chosen(self) -> bool:
        return self.waiting is not None and self.waiting.chosen


@dataclass(frozen=True, slots=True)
class Answer:
    """To be sent to the client through the browser: a code, or an error. Not `by_itself`: the
    browser goes there when the person has said so."""

    back: ReturnAddress
    parameters: Mapping[str, str]
    by_itself: bool = True


@dataclass(frozen=True, slots=True)
class SignInOwed:
    """The person signs in, and comes back with the handle. `browser` is a cookie to set, where
    the browser had none that we know."""

    handle: Secret
    asked: Asked
    browser: Secret | None = None

    @property
    def as_newcomer(self) -> bool:
        """Whether the person makes an account first: once, and then comes back to sign in."""
        return CREATE in self.asked.request.prompt and self.asked.waiting is None


@dataclass(frozen=True, slots=True)
class ConsentOwed:
    """The person is asked, on a page that shows this; the answer comes with the handle and with
    `question`, which names what was shown."""

    handle: Secret
    asked: Asked
    account: Account
    question: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer, and the `question` of the page that it was given on."""

    agreed: bool
    question: str


Outcome = Answer | SignInOwed | ConsentOwed

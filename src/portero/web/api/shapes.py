"""The JSON shapes of the API. Part of the public contract: fields are added, never renamed.

Every body forbids unknown members, so that nobody sets what was not meant to be set.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from portero.core.accounts.model import Account
from portero.core.sessions import Session
from portero.kit.values import values_in

# Characters; the policy's own limit, on normalised text, is far below.
_PASSWORD_CAP = 4096
_TOKEN_CAP = 512
_CHALLENGE_CAP = 8192  # services answer with up to 4 kB


class Body(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, str_max_length=_PASSWORD_CAP, defer_build=True
    )


def _challenge() -> Any:
    return Field("", description="What answers `challenge_required`.", max_length=_CHALLENGE_CAP)


class RegisterBody(Body):
    """Somebody makes an account of their own."""

    username: str = Field(
        description="Capitals or full-width letters make no other name.", max_length=256
    )
    password: SecretStr = Field(description="15 characters or more; spaces and any script work.")
    email: str = Field("", description="Unverified until its owner opens the link.", max_length=320)
    display_name: str = Field("", max_length=200)
    locale: str = Field("", description="BCP 47, for mails and pages.", max_length=35)
    attributes: dict[str, Any] = Field({}, description="What the operator declared, if anything.")
    invitation: str = Field("", description="The token of an invitation.", max_length=_TOKEN_CAP)
    challenge: str = _challenge()


class LoginBody(Body):
    """A username, or a verified mail address, and the password."""

    username: str = Field(max_length=320)
    password: SecretStr
    acr: Literal["", "aal1", "aal2", "phr"] = Field(
        "", description="The weakest level that will do."
    )
    delivery: Literal["body", "cookie"] = Field(
        "body", description="`cookie` sets HttpOnly cookies and leaves the tokens out of the body."
    )
    challenge: str = _challenge()


class ContinueBody(Body):
    """The step that a login owes, with the newest `auth_session`."""

    auth_session: str = Field(max_length=_TOKEN_CAP)
    password: SecretStr | None = Field(
        None, description="The present one, where a step-up has to begin with it."
    )
    new_password: SecretStr | None = None
    token: str | None = Field(None, description="From the mailed link.", max_length=_TOKEN_CAP)
    resend: bool = False
    factor: str | None = Field(
        None, description="Which of `factors` is begun, proven or enrolled.", max_length=32
    )
    begin: bool = Field(
        False, description="Send its code or make its challenge; `shown` answers with it."
    )
    poll: bool = Field(
        False, description="Go on if it was answered on the other device (`push`) by now."
    )
    code: str | None = Field(None, description="What it showed or sent.", max_length=64)
    credential: dict[str, Any] | None = Field(
        None, description="What the browser signed, or (to begin `push`) its subscription, as JSON."
    )
    name: str = Field("", description="The person's own word for what is enrolled.", max_length=100)
    keep: bool = Field(False, description="Keep the account that is about to be deleted.")
    not_now: bool = Field(
        False, description="Enrol a factor later, where `options` has it (until `not_now_until`)."
    )
    delivery: Literal["body", "cookie"] = "body"


class PasskeyOptionsBody(Body):
    """Before a login with a passkey."""

    username: str = Field(
        "", description="For keys that are found by a name only; else leave it out.", max_length=320
    )


class PasskeyLoginBody(Body):
    """What the browser or system signed for the options of that `auth_session`."""

    auth_session: str = Field(max_length=_TOKEN_CAP)
    credential: dict[str, Any] = Field(
        description="The credential as JSON (WebAuthn Level 3, `PublicKeyCredential.toJSON()`)."
    )
    username: str = Field("", description="The same as for the options.", max_length=320)
    delivery: Literal["body", "cookie"] = "body"


class RefreshBody(Body):
    """Left out when the refresh token is in its cookie."""

    refresh_token: str | None = Field(None, max_length=_TOKEN_CAP)


class MailLoginBody(Body):
    username: str = Field(description="A username or a mail address.", max_length=320)
    challenge: str = _challenge()


class MailContinueBody(Body):
    """What came by mail: the code, or the link's token."""

    mail_session: str = Field(max_length=_TOKEN_CAP)
    code: str = Field("", max_length=64)
    token: str = Field("", max_length=_TOKEN_CAP)
    delivery: Literal["body", "cookie"] = "body"


class LogoutBody(Body):
    all: bool = Field(False, description="End all of the account's; needs a fresh sign-in.")


class PasswordChangeBody(Body):
    current_password: SecretStr
    new_password: SecretStr


class ForgotBody(Body):
    username: str = Field(description="A username or a mail address.", max_length=320)
    challenge: str = _challenge()


class ResetBody(Body):
    token: str = Field(max_length=_TOKEN_CAP)
    new_password: SecretStr


class VerifyBody(Body):
    token: str = Field(max_length=_TOKEN_CAP)


class MePatch(Body):
    """Only what is named is changed. A new mail address counts once its owner proves it."""

    display_name: str | None = Field(None, max_length=200)
    locale: str | None = Field(None, max_length=35)
    zoneinfo: str | None = Field(None, max_length=64)
    phone: str | None = Field(None, max_length=32)
    picture: str | None = Field(None, max_length=2048)
    attributes: dict[str, Any] | None = None
    email: str | None = Field(None, max_length=320)


class Told(BaseModel):
    """An answer. Its validator is made when the first one is told."""

    model_config = ConfigDict(defer_build=True)


class UserAnswer(Told):
    id: str
    username: str
    email: str
    email_verified: bool
    display_name: str
    locale: str
    zoneinfo: str
    phone: str
    phone_verified: bool
    picture: str
    attributes: dict[str, Any]
    state: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, account: Account) -> UserAnswer:
        """Of the account's fields those above; pydantic drops the others."""
        return cls(**values_in(account) | {"attributes": dict(account.attributes)})


class TokenAnswer(Told):
    """RFC 6749 §5.1, and the account. With cookie delivery the two tokens are left out."""

    access_token: str | None = None
    token_type: str = "Bearer"  # noqa: S105  # a type, not a secret
    expires_in: int = Field(description="Seconds that the access token lives.")
    refresh_token: str | None = None
    scope: str
    user: UserAnswer
    recovery_codes: list[str] | None = Field(
        None,
        description="Told this once, after a first factor was enrolled to get in: show them.",
    )


class PasskeyOptionsAnswer(Told):
    auth_session: str = Field(description="Ties the answer to these options.")
    public_key: dict[str, Any] = Field(
        description="For `PublicKeyCredential.parseRequestOptionsFromJSON()`."
    )


class ProtectedAnswer(Told):
    message: str
    user_id: str
    username: str
    scope: str


class SessionAnswer(Told):
    id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str
    address: str
    acr: str
    amr: list[str]
    current: bool

    @classmethod
    def of(cls, session: Session, *, current_id: str) -> SessionAnswer:
        return cls(
            id=session.id,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
            user_agent=session.user_agent,
            address=session.address,
            acr=session.acr,
            amr=list(session.amr),
            current=session.id == current_id,
        )


class SessionsAnswer(Told):
    sessions: list[SessionAnswer]


class EndedAnswer(Told):
    ended: int = Field(description="How many sessions were ended.")


class AcceptedAnswer(Told):
    message: str


class MailLoginAnswer(Told):
    mail_session: str = Field(description="For `/login/mail/continue`; keep it to yourself.")
    expires_at: datetime
    message: str


class FieldProblem(Told):
    name: str
    code: str
    detail: str


class Problem(Told):
    """A problem document (RFC 9457). `code` is stable; `title` and `detail` are translated."""

    type: str
    title: str
    status: int
    code: str
    request_id: str
    detail: str | None = None
    errors: list[FieldProblem] | None = None


class OwesProblem(Problem):
    """Not signed in yet: go on at `/login/continue` with `auth_session`, which is new each time."""

    auth_session: str
    owed: str
    options: list[str]
    factors: list[str] = []
    begun: str | None = None
    shown: dict[str, Any] = {}
    expires_at: datetime

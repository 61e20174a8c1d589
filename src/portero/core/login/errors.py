"""Why a sign-in is refused."""

from __future__ import annotations

import math
from datetime import timedelta

from portero.core.authenticators import FactorKind
from portero.core.login.model import SignedIn, StillOwes
from portero.kit.refusals import Conflict, Forbidden, Invalid, Missing, NotProven, Refusal


class WrongCredentials(NotProven):
    """One and the same answer for an unknown name, a wrong password, and no password at all."""

    code = "wrong_credentials"
    public = "The username or the password is wrong."


class NoMailbox(Conflict):
    """The password would be gone, and nobody could be mailed a link to a new one."""

    code = "no_mailbox"
    public = "The account has no confirmed mail address: nobody could choose a new password."


class SignInDenied(WrongCredentials):
    """The proof was right, and the rules of risk refuse the sign-in. Each way in answers as if the
    proof had been wrong: whoever stole it does not learn that it is good. Its owner is told."""


class WrongPassword(Invalid):
    """The person is signed in; the password that should confirm it is not theirs. A fault of one
    field: 401 would tell a client to throw its good token away."""

    code = "wrong_password"
    public = "The password is wrong."


class PasswordThere(Conflict):
    """One is chosen in the place of none only: else the present one has to be proven."""

    code = "password_exists"
    public = "There is a password already. Change it instead."


class AccountNotActive(Forbidden):
    """Told only after the right password: it gives nothing away to a guesser."""

    code = "account_not_active"
    public = "This account is not active. Ask whoever runs this service."


class OwesMore(Forbidden):
    """Not signed in yet: a step is owed. Not a failure, and nothing is lost."""

    code = "sign_in_incomplete"
    public = "One more step is needed to sign in."

    def __init__(self, still: StillOwes) -> None:
        super().__init__(f"owes {still.owed}")
        self.still = still


class MailboxAlone(Forbidden):
    """All that was proven came by mail, and the account has, or had until its factors were put
    aside, a second factor: whoever has the mailbox would have the account."""

    code = "mailbox_alone"
    public = (
        "So far you have only shown that you read mail to this address, and that is not enough "
        "yet. Use a browser in which you signed in here before, or come back in %(hours)s hours."
    )

    def __init__(self, wait: timedelta, factor: str) -> None:
        """`factor` is what was proven last."""
        self.factor = factor
        seconds = math.ceil(wait.total_seconds())
        super().__init__(
            "nothing but the mailbox",
            values={"hours": math.ceil(seconds / 3600)},
            retry_after_seconds=seconds,
        )


class MailboxProven(Forbidden):
    """A code by mail is no second factor beside what came by mail."""

    code = "mailbox_proven"
    public = (
        "What let you in came by mail, so a code by mail would prove nothing more. Set up another "
        "way, or sign in with a password that you chose here."
    )


class MailCodeWrong(NotProven):
    """One and the same answer for a wrong code, a spent link, another browser and nobody's name."""

    code = "mail_code_not_valid"
    public = "This code or link is not valid, or not any more. Look into the newest mail."


class MailSignInOff(Missing):
    """PORTERO_MAIL_SIGN_IN=off."""

    code = "mail_sign_in_off"
    public = "Signing in by mail is turned off here."


class InteractionOver(NotProven):
    """Unknown, expired, or moved on in another tab."""

    code = "auth_session_not_valid"
    public = "This sign-in has expired or went on elsewhere. Start again."


class StepMissing(Invalid):
    """The step that is owed was not among what was sent."""

    code = "step_missing"
    public = "The step that is asked for was not sent."


class CertificateRefused(NotProven):
    """None was shown, none that was verified, or one that names nobody who may come in."""

    code = "certificate_refused"
    public = "Your browser showed no certificate that opens an account here."


class WrongFactor(Invalid):
    """The second factor was not proven: a wrong code, one that was used, an answer to another
    challenge. The password was right, so that much may be told."""

    code = "wrong_factor"
    public = "That did not work. Try again, or choose another way."

    def __init__(self, kind: FactorKind) -> None:
        super().__init__(f"{kind} was not proven")
        self.kind = kind


class NotApproved(WrongFactor):
    """A factor that is answered elsewhere: it was not, or not in time, or with a wrong number."""

    code = "not_approved"
    public = "It was not approved, or not in time. Try again, or choose another way."


class NotApprovedYet(Conflict):
    code = "not_approved_yet"
    public = "It is not approved yet. Open the message on that device, and answer there."


class SecondFactorDue(Forbidden):
    """The time in which enrolling one could be put off is over, or was none."""

    code = "second_factor_due"
    public = "This can't be put off any more."


class UnknownPasskey(NotProven):
    """The authenticator still has what is no passkey here (any more): a page tells the browser, so
    that it is not offered again."""

    code = "passkey_unknown"
    public = "This passkey is not known here any more. Choose another way to sign in."


class PasskeyRefused(NotProven):
    code = "passkey_refused"
    public = "The passkey was not accepted. Try again, or choose another way to sign in."


class PasskeySignInOff(Missing):
    code = "passkey_sign_in_off"
    public = "Nobody signs in with a passkey alone here."


class FreshProofNeeded(Forbidden):
    """What harms most is done only by somebody who has just proven who they are, by whatever the
    account has."""

    code = "fresh_proof_needed"
    public = "Sign in again to do this."


class RegistrationClosed(Forbidden):
    code = "registration_closed"
    public = "Nobody can register here. Ask whoever runs this service."


class InvitationNeeded(Forbidden):
    code = "invitation_needed"
    public = "You need an invitation to register here."


def signed_in(
    arrived: SignedIn | StillOwes | Refusal, *, denied: type[Refusal] | None = None
) -> SignedIn:
    """The session; raises `OwesMore` for a sign-in that is not at its end, and the refusal. One
    that is denied is answered with `denied`, as that way in answers a wrong proof."""
    if isinstance(arrived, SignInDenied) and denied is not None:
        raise denied(arrived.detail)
    if isinstance(arrived, Refusal):
        raise arrived
    if isinstance(arrived, StillOwes):
        raise OwesMore(arrived)
    return arrived

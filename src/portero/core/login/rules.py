"""What a sign-in still owes, and how often one may be tried."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from portero.core.accounts.email import POLICIES as MAIL_POLICIES
from portero.core.authenticators import FactorKind
from portero.core.limits import AddressPolicy, LimitPolicy, VolumePolicy
from portero.core.login.errors import MailboxAlone
from portero.core.login.grace import is_required, put_off_until
from portero.core.login.model import Facts, Owed, SecondFactorRule, SignInPolicy
from portero.core.risk import Second
from portero.core.sessions import Session, SignInDemand, satisfies
from portero.core.sessions.demand import LEVELS, is_multi_factor, reaches, weakest

# Long enough to find a mail or think of a password, short enough that a screen left open in a
# library is not a way in (decision "What is still owed").
INTERACTION_LIFETIME: Final = timedelta(minutes=10)
# The shortest of the mailed links: whoever holds it owns the account.
RESET_LINK_LIFETIME: Final = timedelta(minutes=30)
INVITE_LINK_LIFETIME: Final = timedelta(days=7)
# Who chose a password by a mailed link has proven the mailbox: for so long it is not enough where
# a second factor was. An owner who was away for a weekend reads of it in time; the value is ours.
MAILBOX_WAIT: Final = timedelta(hours=72)
# How fresh a sign-in must be to change the mail address or delete the account.
FRESH_SECONDS: Final = 900

# 100 consecutive failures are the ceiling of SP 800-63B-4 §3.2.2; a third of it in a quarter of
# an hour is more than any person needs. The subject is the account, whatever name was typed.
LOGIN_BY_ACCOUNT: Final = LimitPolicy("login_by_account", tries=30, window_seconds=900)
# A patient guesser gets twice as many in a day, not 96 windows full.
LOGIN_BY_ACCOUNT_DAILY: Final = LimitPolicy("daily_login_by_account", 60, window_seconds=86_400)
LOGIN_TRIES: Final = (LOGIN_BY_ACCOUNT, LOGIN_BY_ACCOUNT_DAILY)  # of one subject
# Wrong tries in a browser that the account knows, in a month.
LOGIN_BY_DEVICE: Final = LimitPolicy("known_login_by_account", tries=100, window_seconds=2_592_000)
# Of the JSON API, by whoever has a good token: 20 a second is no person, and each costs statements.
API_BY_ACCOUNT: Final = VolumePolicy("api_by_account", tries=1_200, window_seconds=60)
# Offices share an address, so this is wide; successes are given back.
LOGIN_BY_ADDRESS: Final = AddressPolicy("login_by_address", tries=300, window_seconds=900)
# Somebody who knows the password guesses at six digits of which three are good: at ten tries a
# quarter of an hour that is one chance in 350 a day, and the owner is told of the failures.
SECOND_FACTOR_BY_ACCOUNT: Final = LimitPolicy(
    "second_factor_by_account", tries=10, window_seconds=900
)
REGISTER_BY_ADDRESS: Final = AddressPolicy(
    "register_by_address", tries=100, window_seconds=3600, network_factor=2
)
RECOVERY_BY_ADDRESS: Final = AddressPolicy(
    "recovery_by_address", tries=30, window_seconds=3600, network_factor=2
)
# Anybody can ask for these mails; the window is the link's own lifetime, so that there is always
# a live link in the mailbox of somebody whose budget a stranger has spent.
RECOVERY_MAIL_BY_ACCOUNT: Final = LimitPolicy(
    "recovery_mail_by_account",
    tries=3,
    window_seconds=int(RESET_LINK_LIFETIME.total_seconds()),
)

# A thief who has the password, or guesses at it, tries more than once; one mail says it.
LEFT_MAIL_BY_ACCOUNT: Final = LimitPolicy("left_mail_by_account", tries=1, window_seconds=86_400)
FAILURES_MAIL_BY_ACCOUNT: Final = LimitPolicy("failures_mail_by_account", 1, window_seconds=86_400)

# Of unusual sign-ins the first ones say it.
DOUBT_MAIL_BY_ACCOUNT: Final = LimitPolicy("doubt_mail_by_account", tries=3, window_seconds=86_400)

# The longest that SP 800-63B-4 §3.1.3.2 allows, because a mail may be greylisted.
MAIL_SIGN_IN_LIFETIME: Final = timedelta(minutes=10)
# Anybody can ask for these mails, and each has a code that may be guessed five times.
MAIL_SIGN_IN_BY_ADDRESS: Final = AddressPolicy(
    "mail_sign_in_by_address", tries=30, window_seconds=3600, network_factor=2
)
SIGN_IN_MAIL_BY_ACCOUNT: Final = LimitPolicy(
    "sign_in_mail_by_account", tries=5, window_seconds=3600
)
MAIL_CODE_BY_ADDRESS: Final = AddressPolicy("mail_code_by_address", tries=60, window_seconds=900)
# Ten of a million a day. Over it the link still works, in the browser that asked.
MAIL_CODE_BY_ACCOUNT: Final = LimitPolicy("mail_code_by_account", tries=10, window_seconds=86_400)
# The first factor of a sign-in by mail.
MAILBOX: Final = "mailbox"

# The level that each kind lifts a sign-in to. A mailbox is no factor of SP 800-63B-4 (§3.1.3.1): it
# says nothing to an application that wants a level.
LIFTS_TO: Final = {
    FactorKind.PASSKEY: "phr",
    FactorKind.PUSH: "aal2",
    FactorKind.TOTP: "aal2",
    FactorKind.SMS: "aal2",
    FactorKind.EMAIL: "aal1",
    FactorKind.RECOVERY_CODE: "aal2",
}

POLICIES: Final = (
    *LOGIN_TRIES,
    LOGIN_BY_DEVICE,
    SECOND_FACTOR_BY_ACCOUNT,
    LOGIN_BY_ADDRESS,
    REGISTER_BY_ADDRESS,
    RECOVERY_BY_ADDRESS,
    *MAIL_POLICIES,
    API_BY_ACCOUNT,
    RECOVERY_MAIL_BY_ACCOUNT,
    LEFT_MAIL_BY_ACCOUNT,
    FAILURES_MAIL_BY_ACCOUNT,
    DOUBT_MAIL_BY_ACCOUNT,
    MAIL_SIGN_IN_BY_ADDRESS,
    SIGN_IN_MAIL_BY_ACCOUNT,
    MAIL_CODE_BY_ADDRESS,
    MAIL_CODE_BY_ACCOUNT,
)


def owed(facts: Facts, policy: SignInPolicy) -> Owed | None:
    """The next thing that a proven person must do before there is a session; None: nothing.

    The second factor comes first: whoever has only the password neither learns nor changes more.
    """
    if not facts.proven.amr:
        return Owed.PASSWORD
    if policy.second_factor is not SecondFactorRule.OFF:
        put_aside = facts.put_aside_until is not None
        if not is_multi_factor(facts.proven.amr) and (put_aside or _asks_second(facts, policy)):
            return Owed.SECOND_FACTOR
        if _is_doubted(facts):
            return Owed.SECOND_FACTOR
        if not reaches(facts.proven.acr, facts.wanted.acr):
            # Never before what is enrolled has been proven: a password alone adds no factor to an
            # account that has one.
            return Owed.SECOND_FACTOR if _reaching(facts, policy) else Owed.ENROL_FACTOR
    if facts.account.deletion_due_at is not None:
        return Owed.KEEP_ACCOUNT
    if policy.require_verified_email and not facts.account.email_verified:
        return Owed.VERIFY_EMAIL
    if facts.password_must_change:
        return Owed.CHANGE_PASSWORD
    if is_required(facts, policy) and not is_multi_factor(facts.proven.amr):
        # A trusted device stands in for what is enrolled, never for enrolling.
        return None if usable(facts.enrolled, policy) else Owed.ENROL_FACTOR
    return None


def _is_doubted(facts: Facts) -> bool:
    """Whether one more proof is wanted than there is. A code by mail beside a first proof is one,
    though no factor."""
    amr = facts.proven.amr
    is_more = is_multi_factor(amr) or ("otp" in amr and len(amr) > 1)
    return facts.wanted.doubted and not is_more


def second_of(facts: Facts, policy: SignInPolicy) -> Second:
    """Whether the sign-in has one more proof, or can have."""
    if is_multi_factor(facts.proven.amr):
        return Second.PROVEN
    doubted = replace(facts, wanted=replace(facts.wanted, doubted=True))
    is_off = policy.second_factor is SecondFactorRule.OFF
    return Second.NONE if is_off or not provable(doubted, policy) else Second.POSSIBLE


def _asks_second(facts: Facts, policy: SignInPolicy) -> bool:
    """A trusted device stands in for no proof that an application wants, of a level or of a second
    factor, and for none where the sign-in is doubted."""
    wanted = facts.wanted
    if wanted.doubted:
        return bool(usable(facts.enrolled, policy))
    if facts.device_trusted and not wanted.second_factor and reaches(facts.proven.acr, wanted.acr):
        return False
    # What is enrolled, not what can be proven here: a factor that proves nothing now opens nothing.
    return bool(usable(facts.enrolled, policy))


def is_only_too_weak(session: Session, demand: SignInDemand, now: datetime) -> bool:
    """Whether the session would do if it were stronger: what it has proven is fresh enough, and a
    further factor is all that is missing."""
    weaker = replace(demand, acr="", second_factor=False)
    return satisfies(session, weaker, now) and not satisfies(session, demand, now)


def reachable_levels(policy: SignInPolicy) -> tuple[str, ...]:
    """The levels that somebody can reach here, from weak to strong."""
    levels = {"aal1"}
    if policy.second_factor is not SecondFactorRule.OFF:
        levels |= {LIFTS_TO[kind] for kind in policy.factors}
    return tuple(level for level in LEVELS if level in levels)


def level_enrolled(enrolled: Collection[FactorKind], policy: SignInPolicy) -> str:
    """The level that somebody with these factors can always reach; '' where none is asked for.

    A mailbox beside them lowers nothing: else a browser that is trusted, and the password, would
    be enough to take the others away. Recovery codes do: who has lost a passkey comes in by one,
    and has to be able to remove it.
    """
    if policy.second_factor is SecondFactorRule.OFF:
        return ""
    kinds = usable(enrolled, policy)
    codes = [kind for kind in kinds if kind is FactorKind.RECOVERY_CODE]
    strong = [kind for kind in kinds if kind not in (FactorKind.EMAIL, *codes)]
    return weakest([LIFTS_TO[kind] for kind in (*(strong or kinds), *codes)])


def is_fresh(session: Session, now: datetime) -> bool:
    """Whether the person proved who they are so lately that what harms most may be done."""
    return (now - session.auth_time).total_seconds() <= FRESH_SECONDS


def provable(facts: Facts, policy: SignInPolicy) -> tuple[FactorKind, ...]:
    """The kinds to ask for, in this order: those that reach what is wanted, or else all that are
    enrolled. None for whoever has recovery codes alone: they stand in for a factor that is lost.
    Of a doubted sign-in without any of them, the account's own mailbox."""
    enrolled = _reaching(facts, policy) or _besides(facts, usable(facts.enrolled, policy))
    if enrolled or not facts.wanted.doubted or usable(facts.enrolled, policy):
        return enrolled
    has_mailbox = facts.account.email_verified and FactorKind.EMAIL in policy.factors
    return _besides(facts, (FactorKind.EMAIL,)) if has_mailbox else ()


def begins_with_mail(enrolled: Collection[FactorKind], policy: SignInPolicy) -> bool:
    """Whether a mailbox may be all that a sign-in begins with. Not where it is the second factor
    and there is no other: what took a password and the mailbox would take the mailbox alone."""
    if policy.second_factor is SecondFactorRule.OFF:
        return True
    kinds = set(usable(enrolled, policy))
    return not kinds or not kinds <= {FactorKind.EMAIL, FactorKind.RECOVERY_CODE}


def unanswerable(
    step: Owed | None, facts: Facts, policy: SignInPolicy, now: datetime
) -> MailboxAlone | None:
    """The refusal where only the mailbox is left to answer with, and it is proven."""
    if step not in (Owed.SECOND_FACTOR, Owed.ENROL_FACTOR) or factors_for(step, facts, policy):
        return None
    if step is Owed.ENROL_FACTOR and put_off_until(facts, policy, now) is not None:
        return None
    waits = facts.mail_counts_from or facts.put_aside_until
    return None if waits is None else MailboxAlone(waits - now, facts.proven.factor)


def is_mailbox_alone(facts: Facts) -> bool:
    """Whether a code by mail would prove a second time what was proven."""
    return facts.proven.factor == MAILBOX or facts.mail_counts_from is not None


def _besides(facts: Facts, kinds: tuple[FactorKind, ...]) -> tuple[FactorKind, ...]:
    """A mailbox is no second factor beside itself."""
    if not is_mailbox_alone(facts):
        return kinds
    return tuple(kind for kind in kinds if kind is not FactorKind.EMAIL)


def _reaching(facts: Facts, policy: SignInPolicy) -> tuple[FactorKind, ...]:
    kinds = _besides(facts, usable(facts.enrolled, policy))
    reaching = tuple(kind for kind in kinds if reaches(LIFTS_TO[kind], facts.wanted.acr))
    return () if reaching == (FactorKind.RECOVERY_CODE,) else reaching


def usable(enrolled: Collection[FactorKind], policy: SignInPolicy) -> tuple[FactorKind, ...]:
    """What an account is asked for. A kind that is switched off is no second factor, and codes
    stand in for another."""
    kinds = {kind for kind in enrolled if kind in policy.factors}
    return () if kinds <= {FactorKind.RECOVERY_CODE} else tuple(k for k in FactorKind if k in kinds)


def factors_for(step: Owed, facts: Facts, policy: SignInPolicy) -> tuple[FactorKind, ...]:
    """The kinds by which that step can be answered."""
    match step:
        case Owed.PASSWORD:
            return tuple(k for k in usable(facts.enrolled, policy) if k is FactorKind.PASSKEY)
        case Owed.SECOND_FACTOR:
            return provable(facts, policy)
        case Owed.ENROL_FACTOR:
            # Codes for when a factor is lost are made beside one, and never stand alone.
            kinds = (kind for kind in policy.factors if kind is not FactorKind.RECOVERY_CODE)
            reaching = (kind for kind in kinds if reaches(LIFTS_TO[kind], facts.wanted.acr))
            return _besides(facts, tuple(reaching))
    return ()


def options(step: Owed, *, may_put_off: bool = False) -> tuple[str, ...]:
    """The members by which `POST /login/continue` can answer the step."""
    match step:
        case Owed.PASSWORD:
            return ("password", "factor", "begin", "credential")
        case Owed.KEEP_ACCOUNT:
            return ("keep",)
        case Owed.VERIFY_EMAIL:
            return ("token", "resend")
        case Owed.CHANGE_PASSWORD:
            return ("new_password",)
        case Owed.SECOND_FACTOR | Owed.ENROL_FACTOR:
            ways = ("factor", "begin", "code", "credential", "poll")
            return (*ways, "not_now") if may_put_off else ways

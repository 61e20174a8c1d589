"""Joins what belongs to signing in: the factors, the ways in and the steps, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from portero.core.accounts.deletion import Deletions
from portero.core.accounts.email import EmailProofs
from portero.core.accounts.flows import Accounts
from portero.core.authenticators import (
    AnsweredElsewhere,
    Authenticators,
    Enrollable,
    FactorKind,
    SecondFactor,
)
from portero.core.devices import KnownDevices
from portero.core.factors.one_time_code import PhoneProofs
from portero.core.factors.passkey import PasskeyOffers, Passkeys
from portero.core.factors.password import Passwords
from portero.core.factors.push import PushCare
from portero.core.factors.recovery import RecoveryCodes
from portero.core.factors.totp import Totp
from portero.core.links import LinkPurpose
from portero.core.login import rules
from portero.core.login.dispatcher import Dispatcher
from portero.core.login.doubts import Doubts
from portero.core.login.effects import StepEffects
from portero.core.login.enrolment import Enrolment
from portero.core.login.freezing import Freezing
from portero.core.login.model import Factors, Registration, SecondFactorRule, SignInPolicy
from portero.core.login.password_change import PasswordChange
from portero.core.login.present_password import PresentPassword
from portero.core.login.recovery import Recovery
from portero.core.login.robots import Robots
from portero.core.login.shutting_out import ShutOut
from portero.core.login.sign_in import SignIn
from portero.core.login.sign_up import SignUp
from portero.core.login.step_up import StepUp
from portero.core.login.steps import SignInSteps
from portero.core.login.taking_back import TakingBack
from portero.core.login.watching import Watch
from portero.core.login.with_certificate import CertificateSignIn
from portero.core.login.with_mail import MailSignIn
from portero.core.login.with_passkey import PasskeySignIn
from portero.core.sessions import check_still_in
from portero.core.stuffing import StuffingAlarm
from portero.wiring.base import Base
from portero.wiring.certificates import join_certificates
from portero.wiring.codes import join_code_factors, join_codes, join_phone
from portero.wiring.passkeys import join_offers, join_passkeys
from portero.wiring.push import PushJoined, join_push, join_push_care
from portero.wiring.risk import judge_of
from portero.wiring.robots import join_robots


@dataclass(frozen=True, slots=True)
class SignInJoined:
    watch: Watch
    sign_in: SignIn
    robots: Robots
    stuffing: StuffingAlarm
    steps: SignInSteps
    step_up: StepUp
    certificate_sign_in: CertificateSignIn | None
    sign_up: SignUp
    recovery: Recovery
    password_change: PasswordChange
    taking_back: TakingBack
    freezing: Freezing
    authenticators: Authenticators
    devices: KnownDevices
    enrolment: Enrolment
    recovery_codes: RecoveryCodes
    totp: Totp
    phone: PhoneProofs | None
    deletions: Deletions
    mail_sign_in: MailSignIn | None
    passkeys: Passkeys | None
    levels: tuple[str, ...]
    passkey_offers: PasskeyOffers | None
    passkey_sign_in: PasskeySignIn
    push: PushJoined | None
    push_care: PushCare

    def follow_sign_in_mail(self, payload: Mapping[str, object]) -> None:
        """Deliver what was asked for; nothing, where it was turned off since."""
        if self.mail_sign_in is not None:
            self.mail_sign_in.follow(payload)

    def reseal(self) -> int:
        """Seal every factor's secret under the present SECRET_KEY; how many were changed."""
        return self.totp.reseal() + self.push_care.reseal()


def join_sign_in(
    base: Base,
    *,
    accounts: Accounts,
    email: EmailProofs,
    passwords: Passwords,
    link_url: Callable[[LinkPurpose, str], str],
) -> SignInJoined:
    settings, db, clock, dice, audit = base.settings, base.db, base.clock, base.dice, base.audit
    limits, sessions, notices = base.limits, base.sessions, base.notices
    owner = base.owner
    still_in = partial(check_still_in, clock)
    authenticators = Authenticators(db, clock, dice, audit, owner, still_in)
    recovery_codes = RecoveryCodes(
        db=db, clock=clock, dice=dice, audit=audit, owner=owner, still_in=still_in
    )
    totp = Totp(
        db=db,
        clock=clock,
        dice=dice,
        vault=base.vault,
        authenticators=authenticators,
        issuer_name=settings.product_name,
    )
    devices = KnownDevices(
        db, clock, dice, audit, trust_for=timedelta(days=settings.trust_device_days)
    )
    stuffing = StuffingAlarm(db, clock, audit, key=base.vault.keys("stuffing-names")[0])
    robots = join_robots(base, devices, stuffing)
    passkeys = join_passkeys(base, authenticators)
    second: dict[FactorKind, SecondFactor] = {
        FactorKind.TOTP: totp,
        FactorKind.RECOVERY_CODE: recovery_codes,
    }
    to_enrol: dict[FactorKind, Enrollable] = {FactorKind.TOTP: totp}
    if passkeys is not None:
        second[FactorKind.PASSKEY] = to_enrol[FactorKind.PASSKEY] = passkeys
    codes = join_codes(base)
    for code_factor in join_code_factors(base, codes, authenticators):
        second[code_factor.kind] = to_enrol[code_factor.kind] = code_factor
    push = join_push(base, accounts=accounts, authenticators=authenticators, owner=owner)
    elsewhere: dict[FactorKind, AnsweredElsewhere] = {}
    if push is not None:
        kind = FactorKind.PUSH
        second[kind] = to_enrol[kind] = elsewhere[kind] = push.factor
    factors = Factors(second=second, to_enrol=to_enrol, elsewhere=elsewhere)
    policy = SignInPolicy(
        require_verified_email=settings.require_verified_email,
        second_factor=SecondFactorRule(settings.second_factor),
        grace=timedelta(days=settings.second_factor_grace_days),
        factors=tuple(
            kind for kind in FactorKind if kind in second and kind in settings.second_factors
        ),
    )
    present = PresentPassword(db, clock, audit, limits, passwords)
    deletions = Deletions(audit, base.feed, owner)
    shut_out = ShutOut(passwords, authenticators, sessions, limits, base.outbox, base.feed, policy)
    watch = Watch(db, clock, limits, base.outbox, devices, owner)
    doubts = Doubts(audit, limits, devices, stuffing, judge_of(settings), owner)
    dispatcher = Dispatcher(
        dice=dice, audit=audit, sessions=sessions, passwords=passwords, devices=devices,
        policy=policy, deletions=deletions, watch=watch, doubts=doubts,
    )  # fmt: skip
    step_up = StepUp(db=db, clock=clock, passwords=passwords, dispatcher=dispatcher)
    return SignInJoined(
        robots=robots,
        stuffing=stuffing,
        watch=watch,
        sign_in=SignIn(
            db=db,
            clock=clock,
            audit=audit,
            limits=limits,
            passwords=passwords,
            dispatcher=dispatcher,
            robots=robots,
            devices=devices,
            owner=owner,
            stuffing=stuffing,
        ),
        steps=SignInSteps(
            db=db,
            clock=clock,
            dice=dice,
            audit=audit,
            limits=limits,
            accounts=accounts,
            passwords=passwords,
            factors=factors,
            dispatcher=dispatcher,
            effects=StepEffects(
                db, clock, limits, accounts, email, passwords, factors, dispatcher, present
            ),
            owner=owner,
        ),
        step_up=step_up,
        certificate_sign_in=join_certificates(base, passwords, dispatcher),
        sign_up=SignUp(
            db=db,
            clock=clock,
            dice=dice,
            audit=audit,
            limits=limits,
            accounts=accounts,
            passwords=passwords,
            notices=notices,
            link_url=link_url,
            registration=Registration(settings.registration),
            robots=robots,
            email_required=settings.require_verified_email,
        ),
        recovery=Recovery(
            db=db,
            clock=clock,
            dice=dice,
            audit=audit,
            limits=limits,
            accounts=accounts,
            passwords=passwords,
            sessions=sessions,
            notices=notices,
            owner=owner,
            outbox=base.outbox,
            feed=base.feed,
            link_url=link_url,
            robots=robots,
        ),
        password_change=PasswordChange(
            present=present,
            db=db,
            clock=clock,
            audit=audit,
            accounts=accounts,
            passwords=passwords,
            sessions=sessions,
            owner=owner,
        ),
        taking_back=TakingBack(
            db=db, clock=clock, audit=audit, shut_out=shut_out, notices=notices, feed=base.feed
        ),
        freezing=Freezing(db, clock, audit, shut_out, deletions, owner),
        authenticators=authenticators,
        devices=devices,
        enrolment=Enrolment(
            db=db,
            clock=clock,
            limits=limits,
            accounts=accounts,
            sessions=sessions,
            factors=factors,
            offered=policy.factors,
            step_up=step_up,
        ),
        recovery_codes=recovery_codes,
        totp=totp,
        phone=join_phone(base, codes),
        deletions=deletions,
        mail_sign_in=MailSignIn(
            db=db,
            clock=clock,
            dice=dice,
            audit=audit,
            limits=limits,
            codes=codes,
            passwords=passwords,
            notices=notices,
            outbox=base.outbox,
            dispatcher=dispatcher,
            link_url=link_url,
            robots=robots,
        )
        if settings.mail_sign_in
        else None,
        passkeys=passkeys,
        levels=rules.reachable_levels(policy),
        passkey_offers=join_offers(base, passkeys),
        passkey_sign_in=PasskeySignIn(
            db=db,
            clock=clock,
            audit=audit,
            limits=limits,
            passwords=passwords,
            passkeys=passkeys if settings.passkey_sign_in else None,
            dispatcher=dispatcher,
            decoy_key=base.vault.keys("passkey-decoy")[0],
        ),
        push=push,
        push_care=join_push_care(base),
    )

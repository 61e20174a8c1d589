"""Which templates are pages, and which row of `every_page` shows which of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parents[2] / "src/portero/web/templates"
# What pages are made of.
PARTS: Final = {
    "layout.html",
    "dev/layout.html",
    "account/layout.html",
    "login/factors/sent_code.html",
    "login/factors/trust.html",
    "oidc/wants.html",
}
# Gone before anybody has seen it: its script posts it on. See `test_sign_in_pages`.
FLEETING: Final = {"oidc/form_post.html"}

SHOWN: Final[dict[str, tuple[str, ...]]] = {
    "account/activity.html": ("account-activity",),
    "account/applications.html": ("account-applications", "account-applications-none"),
    "account/data.html": ("account-data",),
    "account/delete.html": ("account-delete",),
    "account/email.html": ("account-email",),
    "account/overview.html": ("account",),
    "account/phone.html": ("account-phone",),
    "account/phone_code.html": ("account-phone-code",),
    "account/profile.html": ("account-profile",),
    "account/security.html": ("account-security",),
    "account/security/app.html": ("account-app", "account-apps"),
    "account/security/code_sent.html": ("account-code-sent",),
    "account/security/codes.html": ("account-codes", "account-codes-set-up"),
    "account/security/passkey_add.html": ("passkey-add",),
    "account/security/passkey_rename.html": ("passkey-rename",),
    "account/security/passkeys.html": ("passkeys", "passkeys-none"),
    "account/security/password.html": ("account-password",),
    "account/security/push.html": ("push-devices", "push-none"),
    "account/security/push_waiting.html": ("push-setting-up",),
    "account/security/recovery_codes.html": ("account-recovery-codes",),
    "account/security/recovery_codes_made.html": ("account-recovery-codes-made",),
    "account/sessions.html": ("account-sessions",),
    "api/docs.html": ("api-docs",),
    "dev/demo.html": ("demo",),
    "dev/demo_answer.html": ("demo-answer",),
    "dev/letter.html": ("dev-mail-letter",),
    "dev/mail.html": ("dev-mail",),
    "dev/styleguide.html": ("styleguide",),
    "error.html": ("error-nothing-here", "error-unknown-client", "maintenance"),
    "login/accounts.html": ("accounts",),
    "login/allow_email.html": ("allow-new-email",),
    "login/closed.html": ("link-spent",),
    "login/done.html": ("account-delete-asked", "sign-up-done", "verify-email-done"),
    "login/factors/enrol_email.html": ("enrol-email",),
    "login/factors/enrol_passkey.html": ("enrol-passkey",),
    "login/factors/enrol_push.html": ("enrol-push", "enrol-push-waiting"),
    "login/factors/enrol_sms.html": ("enrol-sms",),
    "login/factors/enrol_totp.html": ("enrol-totp",),
    "login/factors/prove_email.html": ("prove-email",),
    "login/factors/prove_passkey.html": ("prove-passkey",),
    "login/factors/prove_push.html": ("prove-push",),
    "login/factors/prove_recovery_code.html": ("prove-recovery-code",),
    "login/factors/prove_sms.html": ("prove-sms",),
    "login/factors/prove_totp.html": ("prove-totp", "prove-totp-wrong", "second-factor"),
    "login/forgot.html": ("forgot-password",),
    "login/forgot_sent.html": ("forgot-password-sent",),
    "login/freeze.html": ("it-was-not-me",),
    "login/frozen.html": ("frozen",),
    "login/mail_ask.html": ("sign-in-mail",),
    "login/mail_elsewhere.html": ("sign-in-mail-elsewhere",),
    "login/mail_link.html": ("sign-in-mail-link",),
    "login/mail_sent.html": ("sign-in-mail-sent", "sign-in-mail-wrong-code"),
    "login/owed_change_password.html": ("owed-change-password",),
    "login/owed_enrol_factor.html": ("owed-enrol-factor",),
    "login/owed_keep_account.html": ("owed-keep-account",),
    "login/owed_second_factor.html": ("second-factor-choice",),
    "login/owed_verify_email.html": ("owed-verify-email",),
    "login/passkey_offer.html": ("passkey-offer",),
    "login/recovery_offer.html": ("recovery-offer", "recovery-offer-made"),
    "login/reset_password.html": ("reset-password",),
    "login/sign_in.html": (
        *("sign-in", "sign-in-for-application", "sign-in-wrong-password", "sign-in-certificate"),
        *("sign-in-name-first", "sign-in-then-password", "sign-in-with-passkey"),
    ),
    "login/sign_up.html": ("sign-up", "sign-up-faults", "sign-up-invited"),
    "login/take_back_email.html": ("take-back-email",),
    "login/verify_email.html": ("verify-email",),
    "oidc/consent.html": ("consent",),
    "oidc/device_code.html": ("device-code",),
    "oidc/device_consent.html": ("device-consent",),
    "oidc/logout.html": ("sign-out",),
    "oidc/requests.html": ("requests", "requests-none"),
    "oidc/way_back.html": ("way-back",),
    "push/approved.html": ("push-approved", "push-confirmed"),
    "push/denied.html": ("push-denied",),
    "push/enrol.html": ("push-set-up",),
    "push/open.html": ("push-nothing",),
    "push/over.html": ("push-wrong-number",),
    "push/question.html": ("push-question",),
    "signed_out.html": ("signed-out",),
}


def pages() -> set[str]:
    """The templates that are pages, and those for the one thing that a page asks for."""
    named = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")}
    return {name for name in named - PARTS if "parts" not in name.split("/")}


def shown_last(noted: Iterable[str]) -> set[str]:
    """What the last page was made of, by the templates that a server took in turn."""
    known, last = pages(), set[str]()
    for name in noted:
        if name in known and "/factors/" not in name:
            last = set()
        last.add(name)
    return last

"""Where the faces send people to one another: they share addresses, and nothing else.

Below the issuer's path: for a browser they are put there by `FaceSettings.at`.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode

METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
DISCOVERY_PATH: Final = "/.well-known/openid-configuration"
JWKS_PATH: Final = "/.well-known/jwks.json"
STATUS_LIST_PATH: Final = "/oauth/status-list"
SIGN_IN_PATH: Final = "/sign-in"
# Another challenge for a sign-in page that has been open for long.
PASSKEY_OPTIONS_PATH: Final = "/sign-in/passkey"
# Between a sign-in with a password and what it was for.
PASSKEY_OFFER_PATH: Final = "/passkey-offer"
RECOVERY_OFFER_PATH: Final = "/recovery-codes"
# Who is signed in in this browser, and with whom to go on.
ACCOUNTS_PATH: Final = "/accounts"
# Without a password: a link and a code by mail; and what that link opens.
MAIL_SIGN_IN_PATH: Final = "/sign-in/mail"
MAIL_LINK_PATH: Final = "/sign-in/mail/link"
# Approval on another device: the service worker of whoever answers (which sees no more than is
# below its own folder), the page that its messages open, and how it stands for the page that waits.
PUSH_SCOPE: Final = "/push/"
PUSH_WORKER_PATH: Final = "/push/worker.js"
PUSH_ANSWER_PATH: Final = "/push/answer"
PUSH_MANIFEST_PATH: Final = "/push/app.webmanifest"
PUSH_PAGE_PATH: Final = "/account/security/push"
PUSH_STATE_PATH: Final = "/sign-in/push"
SIGN_OUT_PATH: Final = "/sign-out"
SIGN_UP_PATH: Final = "/sign-up"
FORGOT_PATH: Final = "/forgot-password"
ACCOUNT_PATH: Final = "/account"
PASSKEYS_PAGE_PATH: Final = "/account/security/passkeys"
CONSENT_PATH: Final = "/consent"
DEVICE_PATH: Final = "/oauth/device"
# Where a person types the code that a device shows: short, because it is typed too.
DEVICE_PAGE_PATH: Final = "/device"
CIBA_PATH: Final = "/oauth/ciba"
# Where a person answers what applications ask of them elsewhere.
REQUESTS_PATH: Final = "/requests"
PAR_PATH: Final = "/oauth/par"
END_SESSION_PATH: Final = "/oauth/logout"
END_SESSION_CONFIRM_PATH: Final = "/oauth/logout/confirm"
AUTHORIZATION_PATH: Final = "/oauth/authorize"
# Where a person comes back to after signing in; `request` is the handle of what waits.
CONTINUATION_PATH: Final = "/oauth/authorize/continue"
# While developing only.
STYLEGUIDE_PATH: Final = "/styleguide"
DEV_MAIL_PATH: Final = "/dev/mail"
DEMO_PATH: Final = "/demo"

# A page of the account console as the handle of an errand: `account.security.password`. No handle
# of an application's request has a dot.
_ACCOUNT_HANDLE: Final = re.compile(r"account(?:\.[a-z0-9-]{1,40}){1,5}")


def sign_in_and_back(page: str) -> str:
    """The sign-in page, which leads back to that page of the account console."""
    handle = page.strip("/").replace("/", ".")
    if not _ACCOUNT_HANDLE.fullmatch(handle):
        return SIGN_IN_PATH  # which leads to the console's first page
    return f"{SIGN_IN_PATH}?{urlencode({'request': handle})}"


def sign_in_for(
    place: str, *, acr: str = "", second_factor: bool = False, fresh: bool = False
) -> str:
    """The sign-in page, which leads back to one of our places by its name; for a session that is
    not yet of that level, lacks a second factor, or is too old."""
    words = (acr, "second" if second_factor else "", "fresh" if fresh else "")
    handle = ".".join((place, *filter(None, words)))
    return f"{SIGN_IN_PATH}?{urlencode({'request': handle})}"


def account_page_of(handle: str) -> str:
    """The page of the console that a handle stands for; '' for any other handle. Made of words
    and numbers below `/account` alone, so it leads nowhere else."""
    return f"/{handle.replace('.', '/')}" if _ACCOUNT_HANDLE.fullmatch(handle) else ""

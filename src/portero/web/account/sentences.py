"""What the entries of the audit log mean to the person whose account they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from portero.core.audit import ActorKind, Entry
from portero.core.sessions import EndReason

# `%(name)s` is an application.
_SENTENCES: Final = {
    "account.created": "Your account was made.",
    "account.changed": "Your profile was changed.",
    "account.changed:email": "A new mail address was given.",
    "account.data_downloaded": "Your data was downloaded.",
    "account.deletion_asked": "You asked for your account to be deleted.",
    "account.frozen": (
        "Your account was frozen: everybody was signed out, and the password removed."
    ),
    "account.kept": "You kept your account.",
    "account.email_move_allowed": "Your mailbox allowed the change to another one.",
    "account.email_move_asked": "Leaving for another mailbox was asked for.",
    "account.email_move_undone": "Your former mailbox took the account back.",
    "account.email_verified": "Your mail address was confirmed.",
    "account.phone_verified": "Your phone number was confirmed.",
    "account.state_changed:active": "An administrator enabled your account.",
    "account.state_changed:disabled": "An administrator disabled your account.",
    "ciba.approved": "You allowed %(name)s to go on.",
    "ciba.asked": "%(name)s asked you for something from elsewhere.",
    "ciba.denied": "You refused %(name)s.",
    "code.issued": "You signed in to %(name)s.",
    "code.replayed": "Somebody used a copied key of %(name)s. You are signed out there.",
    "code.sent": "A code was sent to you.",
    "consent.given": "You connected %(name)s.",
    "consent.refused": "You refused %(name)s.",
    "consent.withdrawn": "You disconnected %(name)s.",
    "device.approved": "You connected a device with %(name)s.",
    "device.denied": "You refused a device with %(name)s.",
    "device.forgotten": "A device is trusted no more.",
    "device.trusted": "A device was trusted: it is asked for no second step.",
    "factor.enrolled": "Something was added with which you can prove that it is you.",
    "factor.removed": "Something was removed with which you could prove that it is you.",
    "login.doubted": "A sign-in was unusual.",
    "login.doubted:allow": "An unusual sign-in began, and you were told by mail.",
    "login.doubted:deny": "A sign-in was refused, as it was too unusual.",
    "login.doubted:step_up": "One more proof was asked for, as a sign-in was unusual.",
    "login.failed": "A sign-in failed.",
    "login.limited": "There were too many failed sign-ins, and more were refused for a while.",
    "login.mail_sent": "A link and a code to sign in with were mailed to you.",
    "passkey.counter_back": "A passkey may have been copied: its counter went back.",
    "password.changed": "The password was changed.",
    "password.changed:operator": "An administrator set a new password.",
    "push.approved": "A request was approved on your device.",
    "push.denied": "You refused a request on your device.",
    "push.sent": "A request was sent to your devices.",
    "push.unreachable": "One of your devices takes our messages no more.",
    "push.wrong_number": "A request was answered with a wrong number, and ended.",
    "recovery.sent": "A link to choose a new password was mailed to you.",
    "recovery.used": "A new password was chosen with a mailed link.",
    "recovery_codes.made": "New recovery codes were made.",
    "recovery_codes.used": "A recovery code was used.",
    "session.started": "You signed in.",
    "session.ended": "A session was ended.",
    "session.ended:too_many": "A session was ended, as there were too many.",
    "session.ended:leaving": "You were signed out everywhere, as your account is to be deleted.",
    "session.ended:logout": "You signed out.",
    "session.ended:password_changed": "You were signed out elsewhere: the password was changed.",
    "session.ended:frozen": "You were signed out everywhere: the account was frozen.",
    "session.ended:taken_back": (
        "You were signed out everywhere: your former mailbox took the account back."
    ),
    "session.ended:password_reset": "You were signed out everywhere: there is a new password.",
    "session.ended:account_disabled": "You were signed out everywhere.",
    "session.ended:refresh_replayed": "A session was ended: somebody had a copy of its keys.",
    "token.refresh_replayed": "Somebody used a copied key of %(name)s. You are signed out there.",
}
KINDS: Final = tuple(sorted({key.partition(":")[0] for key in _SENTENCES}))
# It goes on under another id, which is nothing to the person.
_UNTOLD: Final = frozenset({f"session.ended:{EndReason.RENEWED}"})


def sentence_of(entry: Entry) -> str:
    """The English sentence; '' for what is not worth one."""
    more = _MORE.get(entry.kind, _nothing)(entry)
    key = f"{entry.kind}:{more}" if more else entry.kind
    return "" if key in _UNTOLD else _SENTENCES.get(key) or _SENTENCES.get(entry.kind, "")


def _nothing(entry: Entry) -> str:
    return ""


def _changed(entry: Entry) -> str:
    return "email" if entry.details.get("changed") == ["email"] else ""


def _by_whom(entry: Entry) -> str:
    return "operator" if entry.actor_kind is ActorKind.OPERATOR else ""


def _doubted(entry: Entry) -> str:
    answer = str(entry.details.get("answer", ""))
    return answer if answer != "allow" or entry.details.get("told") else ""


_MORE: Final[dict[str, Callable[[Entry], str]]] = {
    "account.changed": _changed,
    "login.doubted": _doubted,
    "account.state_changed": lambda entry: str(entry.details.get("state", "")),
    "password.changed": _by_whom,
    "session.ended": lambda entry: str(entry.details.get("reason", "")),
}

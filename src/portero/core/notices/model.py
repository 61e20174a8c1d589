"""A notice and its kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final, Self

LINK: Final = "link"
# The link of "it was not me", by which its reader freezes the account.
NOT_ME: Final = "not_me"
# A week: whoever is on holiday still reads of it in time.
NOT_ME_LIFETIME: Final = timedelta(days=7)
# How long the link lives, in seconds; the mail says it in words, or says nothing when not given.
LIFETIME: Final = "lifetime_seconds"
USERNAME: Final = "username"
CODE: Final = "code"
# As the browser sent it; the mail says it in words.
USER_AGENT: Final = "user_agent"


class NoticeTemplate(Enum):
    """Each with the values that it must be given, and those that it may be."""

    VERIFY_EMAIL = ("verify_email", {LINK}, {LIFETIME, USERNAME})
    EMAIL_IN_USE = ("email_in_use", set[str](), set[str]())
    MOVE_EMAIL = ("move_email", {LINK, NOT_ME, USERNAME, "email"}, {LIFETIME})
    EMAIL_CHANGED = ("email_changed", {LINK}, {LIFETIME, USERNAME})
    EMAIL_TAKEN_BACK = ("email_taken_back", {USERNAME}, set[str]())
    RESET_PASSWORD = ("reset_password", {LINK, USERNAME}, {LIFETIME})
    PASSWORD_RESET_DONE = ("password_reset_done", {NOT_ME, USERNAME}, set[str]())
    PASSWORD_SHUT = ("password_shut", {LINK, NOT_ME, USERNAME}, set[str]())
    MANY_FAILURES = ("many_failures", {LINK, NOT_ME, USERNAME}, set[str]())
    PASSWORD_CHANGED = ("password_changed", {NOT_ME, USERNAME}, set[str]())
    PHONE_CHANGED = ("phone_changed", {LINK, NOT_ME, USERNAME}, set[str]())
    ACCOUNT_FROZEN = ("account_frozen", {USERNAME}, set[str]())
    DELETION_ASKED = ("deletion_asked", {NOT_ME, USERNAME, LIFETIME}, set[str]())
    ACCOUNT_KEPT = ("account_kept", {NOT_ME, USERNAME}, set[str]())
    ACCOUNT_DELETED = ("account_deleted", {USERNAME}, set[str]())
    INVITATION = ("invitation", {LINK}, {LIFETIME})
    SIGN_IN_BY_MAIL = ("sign_in_by_mail", {LINK, CODE, LIFETIME, USERNAME}, set[str]())
    ONE_TIME_CODE = ("one_time_code", {CODE, LIFETIME, USERNAME}, set[str]())
    FACTOR_ADDED = ("factor_added", {LINK, NOT_ME, USERNAME, "factor"}, set[str]())
    FACTOR_REMOVED = ("factor_removed", {LINK, NOT_ME, USERNAME, "factor"}, set[str]())
    RECOVERY_CODE_USED = ("recovery_code_used", {LINK, NOT_ME, USERNAME, "remaining"}, set[str]())
    RECOVERY_CODES_MADE = ("recovery_codes_made", {LINK, NOT_ME, USERNAME}, set[str]())
    PUSH_DENIED = ("push_denied", {LINK, NOT_ME, USERNAME}, set[str]())
    PUSH_UNREACHABLE = ("push_unreachable", {LINK, USERNAME}, set[str]())
    NEW_DEVICE = ("new_device", {LINK, NOT_ME, USERNAME, USER_AGENT}, set[str]())
    UNUSUAL_SIGN_IN = ("unusual_sign_in", {LINK, NOT_ME, USERNAME, USER_AGENT}, set[str]())
    SIGN_IN_DENIED = ("sign_in_denied", {LINK, NOT_ME, USERNAME, USER_AGENT}, set[str]())
    SIGN_IN_LEFT = ("sign_in_left", {LINK, NOT_ME, USERNAME}, set[str]())
    SIGN_IN_ASKED = (
        "sign_in_asked",
        {LINK, LIFETIME, USERNAME, "client_name", "binding_message"},
        set[str](),
    )

    def __init__(self, label: str, required: set[str], optional: set[str]) -> None:
        self.label = label
        self.required = frozenset(required)
        self.optional = frozenset(optional)

    @classmethod
    def of(cls, label: str) -> NoticeTemplate:
        """The template of that label; raises `ValueError`."""
        for template in cls:
            if template.label == label:
                return template
        raise ValueError(f"no notice is called {label!r}")


@dataclass(frozen=True, slots=True)
class Notice:
    """`to` is a mail address, `locale` a BCP 47 tag or empty (then the mail is in English)."""

    template: NoticeTemplate
    to: str
    locale: str
    values: Mapping[str, str]

    def check(self) -> None:
        """Raise `ValueError` for what only a mistake in the calling room can cause."""
        given = self.values.keys()
        name = self.template.label
        if missing := self.template.required - given:
            raise ValueError(f"notice {name} lacks {sorted(missing)}")
        if unknown := given - self.template.required - self.template.optional:
            raise ValueError(f"notice {name} does not know {sorted(unknown)}")
        for each in given & {LINK, NOT_ME}:
            if not self.values[each].startswith(("https://", "http://")):
                raise ValueError(f"notice {name} has a link that is not one")
        if LIFETIME in given and not self.values[LIFETIME].isdecimal():
            raise ValueError(f"notice {name} has a lifetime that is no number of seconds")

    def to_payload(self) -> dict[str, object]:
        return {
            "template": self.template.label,
            "to": self.to,
            "locale": self.locale,
            "values": dict(self.values),
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, object]) -> Self:
        values = payload["values"]
        if not isinstance(values, Mapping):
            raise ValueError("the values of a notice are a mapping")
        return cls(
            NoticeTemplate.of(str(payload["template"])),
            str(payload["to"]),
            str(payload["locale"]),
            {str(name): str(value) for name, value in values.items()},
        )

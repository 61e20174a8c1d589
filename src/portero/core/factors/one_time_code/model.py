"""A code on its way, and what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CodePurpose(StrEnum):
    """A code for one of these is nothing to another."""

    PROVE_EMAIL = "prove_email"
    PROVE_SMS = "prove_sms"
    ENROL_EMAIL = "enrol_email"
    ENROL_SMS = "enrol_sms"
    PHONE = "phone"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class CodeSubject:
    """What a code is bound to. `subject` is the sign-in under way, or the session, that it is for;
    there is one code at most for it and a purpose. `address` is where it was sent."""

    purpose: CodePurpose
    subject: str
    account_id: str
    address: str


@dataclass(frozen=True, slots=True)
class KeptCode:
    """The row of a code, which holds no code."""

    id: str
    about: CodeSubject
    code_mac: str
    tries_left: int
    sent_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MadeCode:
    """The two secrets of a new code: what is typed, and `link_token` for a link beside it, either
    of which spends both."""

    code: str
    link_token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class EnrolledAddress:
    """Where the codes of an enrolled factor go, whatever the profile says by now."""

    authenticator_id: str
    address: str

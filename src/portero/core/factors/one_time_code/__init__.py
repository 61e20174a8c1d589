"""One-time codes: six digits that go to a mailbox or a phone, good once and for five minutes.

Owns the tables `one_time_codes` (codes on their way) and `one_time_code_addresses` (where an
enrolled factor sends to). Proves and enrols for `core/login` and the account pages, by the two
shapes of `core/authenticators`; proves that a phone number is an account's; and lends its codes to
the sign-in by mail. Writes no text and sends nothing itself: a code is a job of the outbox.
"""

from portero.core.factors.one_time_code.channels import Channel, MailChannel, TextChannel
from portero.core.factors.one_time_code.codes import Codes
from portero.core.factors.one_time_code.flows import CodeFactor
from portero.core.factors.one_time_code.model import CodePurpose, CodeSubject
from portero.core.factors.one_time_code.phone import PhoneProofs
from portero.core.factors.one_time_code.rules import POLICIES

__all__ = [
    "POLICIES",
    "Channel",
    "CodeFactor",
    "CodePurpose",
    "CodeSubject",
    "Codes",
    "MailChannel",
    "PhoneProofs",
    "TextChannel",
]

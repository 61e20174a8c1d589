"""What may stand in a mail's head.

An address or a name that holds a line break would begin a header of its own ("Bcc: ..."). Some
Python 3.11 releases write such a value out when they fold or decode it (CVE-2024-6923), so it is
refused here, before the `email` package sees it.
"""

from __future__ import annotations

import unicodedata
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Final

from portero.core.outbox import PermanentFailure

# Controls, line and paragraph separators, and the direction overrides that make a name read as
# another one.
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})
_REFUSED_CHARACTERS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def checked_header(text: str) -> str:
    """The text as it is; raises `PermanentFailure` when it can't be one line of a header."""
    for char in text:
        if unicodedata.category(char) in _REFUSED_CATEGORIES or char in _REFUSED_CHARACTERS:
            raise PermanentFailure("a header value holds a control character")
    return text


def recipient(text: str) -> Address:
    """One mail address and nothing else, its domain in ASCII (UTS 46, IDNA 2008).

    IDNA 2003, which Python's own codec speaks, maps some names to another domain than today's
    resolvers do (straße.de to strasse.de): a reset link must not go there.
    """
    from email_validator import EmailNotValidError, validate_email  # slow to import

    checked_header(text)
    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise PermanentFailure("the recipient is not a mail address") from error
    return Address(username=valid.local_part, domain=valid.ascii_domain)


def sender(text: str) -> Address:
    """`Name <address>` or an address, as the operator set it (`portero@localhost` too); raises
    `ValueError`."""
    try:
        name, address = parseaddr(checked_header(text))
        if address.isascii():
            parsed = Address(display_name=name, addr_spec=address)
        else:
            there = recipient(address)
            parsed = Address(display_name=name, username=there.username, domain=there.domain)
    except (PermanentFailure, MessageError) as error:
        raise ValueError("the sender's address is malformed") from error
    if not (parsed.username and parsed.domain):
        raise ValueError("the sender's address lacks a part")
    return parsed

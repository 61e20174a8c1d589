"""The names of profiles: what a client, or the whole server, has bound itself to. No imports, so
that settings can name them too."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Profile(StrEnum):
    """`CERTIFICATION` is a server's alone: it relaxes, and nobody may ask for that."""

    NONE = ""
    FAPI2 = "fapi2"
    FAPI2_MESSAGE_SIGNING = "fapi2_message_signing"
    CERTIFICATION = "certification"


# Each demands what the one before it does, and more.
_BY_STRICTNESS: Final = (Profile.NONE, Profile.FAPI2, Profile.FAPI2_MESSAGE_SIGNING)
FAPI2_PROFILES: Final = frozenset(_BY_STRICTNESS[1:])
# What a client may register.
CLIENT_PROFILES: Final = frozenset(_BY_STRICTNESS)


def stricter(one: str, other: str) -> Profile:
    """That of the two which demands more; what is no profile of a client demands nothing."""
    ranks = [_BY_STRICTNESS.index(Profile(n)) if n in CLIENT_PROFILES else 0 for n in (one, other)]
    return _BY_STRICTNESS[max(ranks)]

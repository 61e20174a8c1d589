"""What a scope means: the sentence that people consent to, and the claims that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from portero.protocol.oauth.scopes import OFFLINE_ACCESS, OPENID


@dataclass(frozen=True, slots=True)
class Scope:
    """`public` completes "The application wants to …" and is translated where it is ours;
    `sentences` are the operator's own, by language tag. `claims` are account attributes that the
    scope gives at the UserInfo endpoint. `for_all`: any client may ask for it."""

    name: str
    public: str
    sentences: Mapping[str, str] = field(default_factory=dict)
    claims: tuple[str, ...] = ()
    for_all: bool = False


STANDARD: Final[Mapping[str, Scope]] = MappingProxyType(
    {
        scope.name: scope
        for scope in (
            Scope(OPENID, public="Know that it is you", for_all=True),
            Scope("profile", public="See your name, picture, language and time zone", for_all=True),
            Scope("email", public="See your mail address", for_all=True),
            Scope("phone", public="See your phone number", for_all=True),
            Scope(OFFLINE_ACCESS, public="Stay connected after you sign out", for_all=True),
        )
    }
)

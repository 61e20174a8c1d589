"""What a case of the corpus is, what a place that takes JWTs is, and how they are tried."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from guard.tests.jwt_corpus.good import Good

# Makes the token of one attack out of a good one; None where the attack has no meaning (a claim
# that such a token has not, a public key where there is none).
Case: TypeAlias = Callable[[Good], str | None]
Group: TypeAlias = dict[str, Case]
_B64TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1


@dataclass(frozen=True, slots=True)
class Place:
    """One input that takes JWTs. `show` gives it one and tells the answer in few words.

    `also_taken` and `otherwise` hold, by the name of a group or of one case in it ("kid" or
    "kid: unknown"), what is answered in another way than with `refused`, because the
    specifications let such a token pass there or ask for another code.

    `line`: the token travels in a header line, which not every text can. `garbled` is the answer
    to what has not even the letters of a token, where that differs.
    """

    good: Good
    show: Callable[[str], str]
    taken: str
    refused: str
    also_taken: Collection[str] = ()
    otherwise: Mapping[str, str] = field(default_factory=dict)
    line: bool = False
    garbled: str = ""

    def expected(self, group: str, case: str, token: str, usual: str) -> str:
        if self.garbled and _B64TOKEN.fullmatch(token.strip(" ")) is None:
            return self.garbled
        for name in (f"{group}: {case}", group):
            if name in self.otherwise:
                return self.otherwise[name]
            if name in self.also_taken:
                return self.taken
        return usual

    def idle_exceptions(self, corpus: Mapping[str, Group]) -> list[str]:
        """Exceptions for what is no case and no group."""
        known = {*corpus, *(f"{group}: {case}" for group in corpus for case in corpus[group])}
        return sorted({*self.also_taken, *self.otherwise} - known)


def surprises(place: Place, name: str, group: Group, *, harmless: bool = False) -> list[str]:
    """Which cases of the group were answered in another way than they should be."""
    found = []
    usual = place.taken if harmless else place.refused
    for case, make in group.items():
        token = make(place.good)
        if token is None or (place.line and not _fits_a_line(token)):
            continue
        told, expected = place.show(token), place.expected(name, case, token, usual)
        if told != expected:
            found.append(f"{name}: {case} -> {told!r}, not {expected!r}")
    return found


def _fits_a_line(token: str) -> bool:
    """A server takes spaces at the ends of a header's value away, and lets no line end in."""
    return token.isascii() and token.isprintable() and token == token.strip()

"""What a place that takes URLs is, and how the corpus is tried there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.support.url_corpus import CORPUS, GOOD, MALFORMED


@dataclass(frozen=True, slots=True)
class Place:
    """One input that takes URLs. `show` gives it one and tells the answer in few words.

    `also_taken` and `otherwise` hold, by the name of a group or by the URL itself, what is answered
    in another way than with `refused`.
    """

    show: Callable[[str], str]
    taken: str
    refused: str
    good: Collection[str] = (GOOD,)
    also_taken: Collection[str] = ()
    otherwise: Mapping[str, str] = field(default_factory=dict)
    groups: Collection[str] = tuple(CORPUS)

    def expected(self, group: str, url: str) -> str:
        for name in (url, group):
            if name in self.otherwise:
                return self.otherwise[name]
            if name in self.also_taken:
                return self.taken
        return self.refused


def surprises(place: Place) -> list[str]:
    """What was answered in another way than it should be, the good URLs included."""
    found = [f"{url} -> {told!r}" for url in place.good if (told := place.show(url)) != place.taken]
    for group in place.groups:
        for url in CORPUS[group]:
            if url in place.good:
                continue
            told, expected = place.show(url), place.expected(group, url)
            if told != expected:
                found.append(f"{group}: {url[:60]!a} -> {told!r}, not {expected!r}")
    return found


def idle_exceptions(place: Place) -> list[str]:
    """Exceptions for what is no group and no URL of the corpus."""
    known = {*CORPUS, *(url for urls in CORPUS.values() for url in urls)}
    return sorted({*place.also_taken, *place.otherwise} - known)


def of_the_origin(*groups: str) -> tuple[str, ...]:
    """Those on https://rp.example, wherever there."""
    urls = (url for group in groups for url in CORPUS[group])
    return tuple(url for url in urls if _ORIGIN.fullmatch(url))


_ORIGIN: Final = re.compile(r"https://rp\.example(:(443)?)?([/?#][!-~]*)?", re.IGNORECASE)


# What no name server is asked about.
NOT_ASKED_FOR: Final = (*MALFORMED, "script", "inside", "plain http", "loopback", "fragment")

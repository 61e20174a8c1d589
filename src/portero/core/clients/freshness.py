"""For how long another server's answer may be remembered (RFC 9111 §4.2, §5.2.2), within bounds of
our own: a fetch for each request would be its wish at our cost, and a year its power over a key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,9})\"?(?=$|[,\s])")
_NOT_KEPT: Final = re.compile(r"(?:^|[,\s])no-(?:store|cache)(?=$|[,\s=])")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Freshness:
    """Seconds. `usual` is for an answer that says nothing; not even one that is not to be kept is
    asked for anew before `least`."""

    least: int
    usual: int
    most: int

    def of(self, headers: Mapping[str, str]) -> int:
        """`headers` have lower-case names."""
        said = headers.get("cache-control", "").lower()
        if _NOT_KEPT.search(said):
            return self.least
        found = _MAX_AGE.search(said)
        if found is None:
            return self.usual
        passed = _SECONDS.fullmatch(headers.get("age", ""))
        age = int(found[1]) - (int(passed[0]) if passed else 0)
        return max(self.least, min(age, self.most))

"""How far outgoing requests may go, and how they fail. Part of `http_fetch`."""

from __future__ import annotations

from dataclasses import dataclass, field

from portero.kit.refusals import Busy, Invalid


class FetchForbidden(Invalid):
    """The URL leads where Portero does not go."""

    code = "url_not_allowed"
    public = "This address can not be used: it must be https and lead to a public server."


class FetchFailed(Busy):
    """The other server did not answer in time, in bounds or at all."""

    code = "fetch_failed"
    public = "Another service did not answer. Try again in a moment."


@dataclass(frozen=True, slots=True)
class Reach:
    """What the operator allows beyond public https: `allowed_hosts` (names, lower case) may be
    plain http and private; `loopback` lets development reach servers on this machine."""

    allowed_hosts: frozenset[str] = field(default_factory=frozenset)
    loopback: bool = False

"""portero-guard: how fast is a full check, beside one bare PyJWT decode of the same token?

The issuer is a real server, from which the guard fetches metadata and keys as in any API. Rounds
alternate, and count CPU seconds of this one thread, so that neighbours disturb both alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.filling import access_tokens, opened
from benchmarks.floors.pyjwt_decode import decoder
from benchmarks.report import Pace, Result, Shown, middle
from benchmarks.server import free_port, portero, portero_env
from portero_guard import Guard
from portero_guard.credentials import RequestHead
from portero_guard.guard import Demand

_TOKENS: Final = 256
_SLICES_PER_ROUND: Final = 6

Check = Callable[[str], object]


def run(pace: Pace) -> Result:
    with TemporaryDirectory(prefix="portero-bench-") as temporary:
        folder, port = Path(temporary), free_port()
        env = portero_env(folder, port)
        house = opened(folder, env)
        tokens = access_tokens(house, _TOKENS)
        issuer, audience = house.settings.issuer, house.settings.api_audience
        jwk = es256_jwk(house.ring.published_jwks(house.clock.now()))
        with portero(folder, env):
            bare = Guard(issuers=issuer, audience=audience, cache_tokens=0)
            caching = Guard(issuers=issuer, audience=audience)
            rates = _rates(
                {
                    "pyjwt_decode": decoder(jwk, issuer=issuer, audience=audience),
                    "guard_check": bare.check,
                    "guard_check_cached": caching.check,
                    "guard_admit": _admit(bare, issuer),
                },
                tokens,
                pace,
            )
    against = {
        name: middle(
            [rate / floor for rate, floor in zip(each, rates["pyjwt_decode"], strict=True)]
        )
        for name, each in rates.items()
    }
    return Result(
        "guard",
        "How fast is the guard, beside a bare PyJWT decode?",
        (
            Shown("guard checks/s without cache / decodes/s", against["guard_check"], 0.9),
            Shown("guard checks/s with cache / decodes/s", against["guard_check_cached"], 5),
        ),
        {"tokens": _TOKENS, "ratios": against, "per_cpu_second": rates},
    )


def es256_jwk(jwks: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return next(dict(jwk) for jwk in reversed(jwks) if jwk["alg"] == "ES256")


def _admit(guard: Guard, issuer: str) -> Check:
    """A whole request's head, as the framework modules hand it over."""
    demand, host = Demand.of(scopes="api"), issuer.partition("://")[2]

    def admit(token: str) -> object:
        return guard.admit(RequestHead("GET", "http", host, (f"Bearer {token}",)), demand)

    return admit


def _rates(checks: dict[str, Check], tokens: list[str], pace: Pace) -> dict[str, list[float]]:
    """Checks per CPU second, a slice of each in turn."""
    rates: dict[str, list[float]] = {name: [] for name in checks}
    seconds = pace.seconds / 2 / _SLICES_PER_ROUND / len(checks)
    for check in checks.values():
        _rate(check, tokens, seconds / 4)  # keys fetched, caches filled, code warm
    for _ in range(pace.rounds * _SLICES_PER_ROUND):
        for name, check in checks.items():
            rates[name].append(_rate(check, tokens, seconds))
    return rates


def _rate(check: Check, tokens: list[str], seconds: float) -> float:
    began = time.thread_time()
    count = 0
    while (spent := time.thread_time() - began) < seconds:
        for token in tokens:
            check(token)
        count += len(tokens)
    return count / spent

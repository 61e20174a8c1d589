"""Counting tries in Redis or Valkey."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from portero.core.limits import LimitPolicy
from portero.core.limits.ports import CountersGone
from portero.kit.db import Tx
from portero.kit.secrets import Secret

# Seconds. It is a neighbour that answers in a thousandth of that, and a request waits for it.
TIMEOUT_SECONDS: Final = 0.25

# ARGV: the present moment, then the window of each key, in milliseconds. The end of a window is
# kept beside its count, because `now` is the caller's and the server's own clock may be another;
# the server's is only for forgetting.
_SPEND: Final = """
local now, told = tonumber(ARGV[1]), {}
for i, key in ipairs(KEYS) do
  local ends = tonumber(redis.call('HGET', key, 'ends') or '0')
  local spent = 1
  if ends <= now then
    ends = now + tonumber(ARGV[i + 1])
    redis.call('HSET', key, 'spent', 1, 'ends', string.format('%.0f', ends))
    redis.call('PEXPIRE', key, ARGV[i + 1])
  else
    spent = redis.call('HINCRBY', key, 'spent', 1)
  end
  told[#told + 1] = spent
  told[#told + 1] = string.format('%.0f', ends)
end
return told
"""
_GIVE_BACK: Final = """
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('HGET', key, 'spent') or '0') > 0 then
    redis.call('HINCRBY', key, 'spent', -1)
  end
end
"""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class RedisCounters:
    """`core.limits.ports.Counters` in one Redis; raises `CountersGone` for whatever it says but an
    answer. Connections are made when they are first used, and anew after a fork.

    `owner` is who counts here (the issuer): several may share one database. Their keys are in one
    slot, so that a cluster runs a script over several of them.
    """

    def __init__(self, url: Secret, *, owner: str) -> None:
        self._redis = redis.Redis.from_url(
            url.reveal(),
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            # Once more for a connection that was closed meanwhile, and at once; not after a
            # timeout, which is wait enough.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            decode_responses=True,
        )
        self._spend = self._redis.register_script(_SPEND)
        self._give_back = self._redis.register_script(_GIVE_BACK)
        self._prefix = f"portero:{{{hashlib.sha256(owner.encode()).hexdigest()[:16]}}}:limit:"

    def spend(
        self, tx: Tx, tries: Mapping[str, LimitPolicy], *, now: datetime
    ) -> dict[str, tuple[int, datetime]]:
        windows = [policy.window_seconds * 1000 for policy in tries.values()]
        told = self._run(self._spend, list(tries), [_milliseconds(now), *windows])
        with _understood():
            pairs = zip(told[::2], told[1::2], strict=True)
            return {
                key: (int(spent), _EPOCH + timedelta(milliseconds=int(ends)))
                for key, (spent, ends) in zip(tries, pairs, strict=True)
            }

    def spent(self, tx: Tx, keys: Sequence[str], *, now: datetime) -> dict[str, int]:
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for key in keys:
                pipeline.hmget(self._prefix + key, "spent", "ends")
            rows = pipeline.execute()
        except redis.RedisError as error:
            raise _gone(error) from error
        with _understood():
            return {
                key: int(spent)
                for key, (spent, ends) in zip(keys, rows, strict=True)
                if spent is not None and int(ends) > _milliseconds(now)
            }

    def give_back(self, tx: Tx, keys: Sequence[str]) -> None:
        if keys:
            self._run(self._give_back, keys, [])

    def clear(self, tx: Tx, keys: Sequence[str]) -> None:
        try:
            self._redis.delete(*(self._prefix + key for key in keys))
        except redis.RedisError as error:
            raise _gone(error) from error

    def ping(self) -> None:
        """Raise `CountersGone` when it does not answer."""
        try:
            self._redis.ping()
        except redis.RedisError as error:
            raise _gone(error) from error

    def close(self) -> None:
        self._redis.close()

    def _run(self, script: Any, keys: Sequence[str], values: Sequence[int]) -> Any:
        try:
            return script(keys=[self._prefix + key for key in keys], args=values)
        except redis.RedisError as error:
            raise _gone(error) from error


@contextmanager
def _understood() -> Iterator[None]:
    """An answer that is none is as good as no answer."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        raise CountersGone("Redis answered with something else") from error


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _gone(error: redis.RedisError) -> CountersGone:
    """Its kind alone: a message may name the user, and an URL holds the password."""
    return CountersGone(f"Redis does not answer ({type(error).__name__})")

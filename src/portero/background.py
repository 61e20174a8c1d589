"""What each worker process does besides answering: hear changes, send mail, keep keys, tidy up.

Threads are made by `start`, after the fork, and end with `stop`. Each outlives any error of its
step, because a thread that ends silently is a service that has stopped without anybody knowing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from portero.core import replay
from portero.core.audit.buffer import FLUSH_SECONDS
from portero.core.changes.feed import POLL_SECONDS
from portero.core.devices import store as device_store
from portero.core.factors.one_time_code import store as one_time_code_store
from portero.core.factors.passkey import store as passkey_store
from portero.core.factors.push import store as push_store
from portero.core.factors.totp import store as totp_store
from portero.core.limits import store as limit_store
from portero.core.links import store as link_store
from portero.core.login import store as login_store
from portero.core.login.doubts import LONGEST_AGO
from portero.core.provider import ciba, device, opaque, par
from portero.core.provider import store as provider_store
from portero.core.provider.codes import store as code_store
from portero.core.provider.register import store as register_store
from portero.core.provider.statuses import store as status_store
from portero.core.sessions import store as session_store
from portero.core.stuffing import STEP_SECONDS
from portero.core.stuffing import store as stuffing_store
from portero.protocol.jose.algorithms import SigningAlg
from portero.wiring import House

log = logging.getLogger(__name__)

_CARE_SECONDS: Final = 600
# A browser that came to sign in may be at it for so long: what waits for it lives no longer.
_LONGEST_SIGN_IN: Final = timedelta(days=1)
_LONGEST_COOKIE: Final = timedelta(days=400)  # a device whose cookie is gone can't come back
# What is counted late is added to a window that is over.
_LONGEST_WINDOW: Final = timedelta(hours=1)
# What has expired is kept a while, so that a replay is still known as one and support can look.
_KEEP_EXPIRED: Final = timedelta(days=30)


class Background:
    def __init__(self, house: House, *, deliver: bool = True) -> None:
        """`deliver` off leaves the outbox to `portero worker`."""
        self._house = house
        self._deliver = deliver
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Make the keys that are due, load what checks need, then begin the threads."""
        self.care()
        house = self._house
        house.ring.signer(SigningAlg.ES256, house.clock.now())
        house.feed.poll()
        self._begin("changes", self._every(POLL_SECONDS, self.hear))
        self._begin("care", self._every(_CARE_SECONDS, self.care_and_purge))
        self._begin("audit", self._every(FLUSH_SECONDS, house.buffer.flush))
        self._begin("stuffing", self._every(STEP_SECONDS, house.stuffing.step))
        if self._deliver:
            self._begin("outbox", lambda: house.worker.run(self._stop))
        if house.settings.metrics_port:
            self._begin("metrics", self._tell_metrics)

    def rehearse(self) -> None:
        """Ask the database, before the fork, what each worker asks it all the time. What is
        compiled for that is then in memory that they share, and none of them runs the compiler:
        that alone touches, and so copies, 4 MB."""
        self.hear()
        self._house.worker.rehearse()
        self._house.rooms.robots.challenges.rehearse(self._house.clock.now())
        self._house.db.ping()

    def stop(self) -> None:
        self._stop.set()
        self._house.worker.wake()
        for thread in self._threads:
            thread.join(timeout=10)
        self._house.buffer.flush()
        self._house.hasher.close()
        self._house.db.dispose()

    def hear(self) -> None:
        """Learn what other processes have changed."""
        self._house.feed.poll()
        self._house.ring.catch_up()

    def care(self) -> None:
        """Make whatever signing key is due, and load what others made: a process that stood still
        for longer than changes are kept has missed it for ever."""
        algs = tuple(SigningAlg(name) for name in self._house.settings.signing_algs)
        self._house.keys.keep(algs)
        self._house.ring.reload()

    def care_and_purge(self) -> None:
        self.care()
        tidy(self._house)

    def _tell_metrics(self) -> None:
        from portero.outside.metrics import MetricsListener

        house = self._house

        def gauges() -> list[tuple[str, float]]:
            return [*house.desk.queue_lengths(), *house.stuffing.gauges()]

        MetricsListener(house.settings.metrics_port, gauges=gauges).run(self._stop)

    def _begin(self, name: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=f"portero-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _every(self, seconds: float, step: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            while not self._stop.wait(seconds):
                try:
                    step()
                except Exception:
                    log.exception("a background step failed; it is tried again")

        return run


def tidy(house: House) -> int:
    """Delete the accounts that are due, and forget what expired long ago; how many rows."""
    return house.rooms.account_admin.delete_due() + purge(house)


def purge(house: House) -> int:
    """Forget what expired long ago; how many rows.

    One transaction for each table: a year's worth must not lock all of them for its whole time.
    """
    now = house.clock.now()
    before = now - _KEEP_EXPIRED

    def forget(of_table: Callable[..., int], moment: datetime) -> int:
        return house.db.write(lambda tx: of_table(tx, before=moment), unhurried=True)

    return house.feed.purge() + sum(
        forget(of_table, moment)
        for of_table, moment in (
            (stuffing_store.purge_windows, now - _LONGEST_WINDOW),
            (stuffing_store.purge_names, now - _LONGEST_WINDOW),
            (limit_store.purge, now),  # a window that is over says nothing to anybody
            (link_store.purge, before),
            (login_store.purge, before),
            (device_store.purge, now - _LONGEST_COOKIE),
            (totp_store.purge_pending, now),
            (one_time_code_store.purge, now),
            (passkey_store.purge_challenges, now),
            (push_store.purge, now),
            (provider_store.purge_refresh_tokens, before),
            (provider_store.purge_grants, before),
            (register_store.purge, before),
            (code_store.purge_codes, before),
            (code_store.purge_waiting, now),
            (opaque.purge, now),
            (par.purge, now),
            (device.purge, before),
            (ciba.purge, before),
            (replay.purge, now),  # too old to be accepted, so nothing to be remembered for
            (session_store.purge, now - LONGEST_AGO),
            (session_store.purge_browsers, now - _LONGEST_SIGN_IN),
            # The tokens are over, so nobody looks for them in the list.
            (status_store.purge_statuses, now),
            (status_store.purge_revoked, now),
        )
    )

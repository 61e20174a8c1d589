"""What is done with everything that is sealed, whether or not anybody may use it just now."""

from __future__ import annotations

from dataclasses import dataclass

from portero.core.factors.push import store
from portero.core.factors.push.keys import VapidKeys
from portero.core.factors.push.sealing import Sealing
from portero.kit.db import Database


@dataclass(frozen=True, slots=True)
class PushCare:
    db: Database
    keys: VapidKeys
    sealing: Sealing

    def reseal(self) -> int:
        """Seal the key and every subscription under the present SECRET_KEY; how many changed. A
        question lives for minutes: it is not worth it."""
        devices = self.db.read(store.all_devices)
        units = (self.sealing.resealed(each) for each in devices)
        return self.keys.reseal() + sum(self.db.write(unit) for unit in units)

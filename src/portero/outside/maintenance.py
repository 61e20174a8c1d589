"""The file that closes the service for a while: DATA_DIR/maintenance, empty or a JSON object."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Final

from portero.kit.maintenance import Maintenance
from portero.kit.ports import Clock

NAME: Final = "maintenance"
_LOOK_EVERY_SECONDS: Final = 1.0  # not at each request: most are answered from memory
_MOST_BYTES: Final = 4096


class MaintenanceFile:
    """Each process looks by itself, so that no restart is needed and all workers close."""

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._place = data_dir / NAME
        self._clock = clock
        self._look_again_at = float("-inf")
        self._found: Maintenance | None = None

    def __call__(self) -> Maintenance | None:
        """None when the service is open."""
        now = self._clock.monotonic()
        if now >= self._look_again_at:
            self._look_again_at = now + _LOOK_EVERY_SECONDS
            self._found = self._read()
        return self._found

    def begin(self, maintenance: Maintenance) -> None:
        """Close. Raises `OSError`."""
        until = maintenance.until.isoformat() if maintenance.until else None
        told = {"message": maintenance.message, "until": until}
        self._place.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")

    def end(self) -> None:
        """Open again. Raises `OSError`."""
        self._place.unlink(missing_ok=True)

    def _read(self) -> Maintenance | None:
        try:
            with self._place.open("rb") as file:
                raw = file.read(_MOST_BYTES)
        except FileNotFoundError:
            return None
        except OSError:
            return Maintenance()  # it is there: whoever made it meant it
        return _told(raw)


def _told(raw: bytes) -> Maintenance:
    """What is no JSON of ours is a message: an operator in a hurry uses `echo`."""
    text = raw.decode("utf-8", "replace").strip()
    try:
        given = json.loads(text)
        until = given.get("until")
        moment = datetime.fromisoformat(until) if until else None
        if moment is not None and moment.tzinfo is None:
            moment = None
        return Maintenance(str(given.get("message") or ""), moment)
    except (ValueError, AttributeError, TypeError):
        return Maintenance(text)

"""`portero.wsgi:app`, for other WSGI servers. The one module that acts when it is imported.

It reads the settings, configures logging, brings an embedded database up to date and starts the
background threads (changes, keys, mail) of this process. So it must be imported in the process
that serves, after any fork: gunicorn without `--preload`, uWSGI with `lazy-apps`. Threads do not
live through a fork, and such a worker would neither hear of ended sessions nor send mail.

The server in front must do what `portero serve` does by itself: refuse ambiguous framing, limit
heads and bodies, and set REMOTE_ADDR to the peer.
"""

from __future__ import annotations

import atexit
import logging
import os
from pathlib import Path

from portero.app import create_app
from portero.background import Background
from portero.migrations import starting
from portero.outside import logs
from portero.settings import load
from portero.wiring import join

_settings = load(os.environ, cwd=Path.cwd())
logs.configure(_settings.log_level, _settings.log_format)
for _sentence in _settings.notes:
    logging.getLogger(__name__).warning(_sentence)
_house = join(_settings)
starting.make_current(_house.db)
app = create_app(house=_house)
_background = Background(_house)
_background.start()
atexit.register(_background.stop)

"""Joins the rooms by hand: who is given what. No container, no global, no effect.

`join` opens no connection and starts no thread, so that it may run before a fork; `Background`
and the first request do that, in each worker.
"""

from portero.wiring.house import House, join

__all__ = ["House", "join"]

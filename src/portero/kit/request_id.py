"""Which request the present thread or task is answering, for log lines far from it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

request_id: Final[ContextVar[str]] = ContextVar("portero_request_id", default="")

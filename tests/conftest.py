"""What every test may ask for: real databases, a real Redis, a real mail server, our own server."""

from __future__ import annotations

pytest_plugins = [
    "tests.support.services",
    "tests.support.database",
    "tests.support.house",
    "tests.support.listener",
    "tests.support.push_service",
    "tests.support.ranges",
    "tests.support.redis",
    "tests.support.server",
    "tests.support.smtp",
]

"""Routes whose functions for building URLs are compiled when somebody asks for one."""

from __future__ import annotations

from flask import Flask, url_for

from portero.web.lazy_rule import LazyRule


def test_a_url_is_still_built_by_name() -> None:
    """With what is in its path, its defaults, and the rest as a query."""
    host = Flask("test")
    host.url_rule_class = LazyRule
    host.add_url_rule("/people/<name>/<int:page>", "people", str)
    host.add_url_rule("/people/<name>", "people", str, defaults={"page": 1})
    with host.test_request_context():
        assert url_for("people", name="ana b", page=1) == "/people/ana%20b"
        assert url_for("people", name="ana", page=2, order="old") == "/people/ana/2?order=old"

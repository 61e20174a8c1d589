"""A bare Flask view that renders a Jinja page of a given size, under Portero's server.

`python -m benchmarks.floors.jinja_page PORT THREADS BYTES`. Escaping, a layout and a form with as
many values as the sign-in page has; no cookie, no header of our own, no translation, no question
asked.
"""

from __future__ import annotations

import sys

from flask import Flask, render_template
from jinja2 import DictLoader

from portero.cli.serving import serve
from portero.web.front import Front

_LAYOUT = (
    '<!doctype html><html lang="{{ lang }}"><head><title>{{ title }}</title></head>'
    "<body>{% block main %}{% endblock %}<p>{{ filling }}</p></body></html>"
)
_PAGE = (
    '{% extends "layout.html" %}{% block main %}<h1>{{ title }}</h1><form method="post">'
    "{% for name, label in fields %}<label>{{ label }}<input name='{{ name }}'></label>{% endfor %}"
    "<button>{{ title }}</button></form>{% endblock %}"
)
_FIELDS = [("csrf", ""), ("request", ""), ("username", "Username"), ("password", "Password")]


def make_app(size: int) -> Flask:
    app = Flask("floor")
    app.jinja_loader = DictLoader({"layout.html": _LAYOUT, "page.html": _PAGE})

    def page(filling: str) -> str:
        return render_template(
            "page.html", lang="en", title="Sign in", fields=_FIELDS, filling=filling
        )

    with app.test_request_context():
        filling = "x" * max(0, size - len(page("").encode()))

    @app.get("/sign-in")
    def sign_in() -> str:
        return page(filling)

    @app.get("/healthz")
    def alive() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _main(port: int, threads: int, size: int) -> None:
    hosts, app = (f"127.0.0.1:{port}",), make_app(size)
    serve(lambda: Front([], app, allowed_hosts=hosts, threads=threads), host="127.0.0.1", port=port)


if __name__ == "__main__":
    _main(*(int(argument) for argument in sys.argv[1:4]))

"""A Flask application with its own provider inside: Portero answers below /auth, Flask elsewhere.

    pip install portero
    PORTERO_ISSUER=http://127.0.0.1:5000/auth NOTES_SECRET_KEY=... flask --app app run --port 5000

Then make an account beside it, with the same PORTERO_ISSUER, and sign in at /auth/sign-in:

    portero users create NAME
"""

from __future__ import annotations

import os

from flask import Flask, jsonify, session
from flask.typing import ResponseReturnValue

from portero.mounting import mount
from portero_guard import CurrentUser
from portero_guard.flask import PorteroGuard, token_required


def create_app() -> Flask:
    """The application; it does not start while PORTERO_ISSUER is missing or has no path."""
    app = Flask(__name__)
    app.secret_key = os.environ["NOTES_SECRET_KEY"]  # not Portero's: each has a key of its own

    portero = mount(app)
    PorteroGuard(app, portero.guard(cookie=True))

    @app.before_request
    def count() -> None:
        session["visits"] = session.get("visits", 0) + 1

    @app.errorhandler(404)
    def nothing_here(_: Exception) -> ResponseReturnValue:
        return jsonify(message="The notes have no such page."), 404

    @app.get("/")
    def home() -> ResponseReturnValue:
        return jsonify(visits=session["visits"])

    @app.get("/notes")
    @token_required
    def notes(current_user: CurrentUser) -> ResponseReturnValue:
        return jsonify(owner=current_user.id, notes=[])

    return app

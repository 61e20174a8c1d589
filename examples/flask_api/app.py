"""A notes API in Flask, protected by Portero.

    pip install flask portero-guard
    PORTERO_ISSUER=http://127.0.0.1:8000 flask --app app run --port 5000

Sign in at Portero, then:

    curl -H "Authorization: Bearer $ACCESS_TOKEN" http://127.0.0.1:5000/protected
"""

from __future__ import annotations

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from portero_guard import CurrentUser
from portero_guard.flask import PorteroGuard, token_required


def create_app() -> Flask:
    """The application; it does not start while PORTERO_ISSUER is missing or unsafe."""
    app = Flask(__name__)
    PorteroGuard(app)
    notes: dict[str, list[str]] = {}

    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return "ok"

    @app.get("/protected")
    @token_required
    def protected(current_user: CurrentUser) -> ResponseReturnValue:
        return jsonify(message=f"Hello, {current_user.username}!", user_id=current_user.id)

    @app.get("/notes")
    @token_required(scopes=["notes:read"])
    def list_notes(current_user: CurrentUser) -> ResponseReturnValue:
        return jsonify(notes=notes.get(current_user.id, []))

    @app.post("/notes")
    @token_required(scopes=["notes:write"])
    def add_note(current_user: CurrentUser) -> ResponseReturnValue:
        text = str(request.get_json()["text"])
        notes.setdefault(current_user.id, []).append(text)
        return jsonify(text=text), 201

    @app.delete("/notes")
    @token_required(scopes=["notes:write"], max_age=300)
    def delete_notes(current_user: CurrentUser) -> ResponseReturnValue:
        """Only for who signed in within the last five minutes."""
        notes.pop(current_user.id, None)
        return "", 204

    return app

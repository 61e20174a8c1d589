"""A web application that signs people in at Portero, in Flask with Authlib.

    pip install flask authlib requests
    PORTERO_ISSUER=http://127.0.0.1:8000 CLIENT_ID=... CLIENT_SECRET=... SECRET_KEY=... \
        flask --app app run --port 5000
"""

# Authlib ships no types.
# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import os
from urllib.parse import urlencode

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session, url_for
from flask.typing import ResponseReturnValue


def create_app() -> Flask:
    """The application; it does not start while one of its settings is missing."""
    issuer = os.environ["PORTERO_ISSUER"]
    app = Flask(__name__)
    app.secret_key = os.environ["SECRET_KEY"]  # signs the cookie of this application's session
    portero = OAuth(app).register(
        "portero",
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
    )

    @app.get("/")
    def home() -> ResponseReturnValue:
        if "sub" not in session:
            return redirect(url_for("login"))
        return {"message": f"Hello, {session['name']}!"}

    @app.get("/login")
    def login() -> ResponseReturnValue:
        """Off to Portero; Authlib keeps state, nonce and the PKCE verifier in the session."""
        back = url_for("callback", _external=True)
        answer: ResponseReturnValue = portero.authorize_redirect(back)
        return answer

    @app.get("/callback")
    def callback() -> ResponseReturnValue:
        """Back from Portero: Authlib redeems the code and checks the ID token."""
        token = portero.authorize_access_token()
        person = token["userinfo"]
        session.clear()
        session.update(sub=person["sub"], name=portero.userinfo(token=token)["preferred_username"])
        session["id_token"] = token["id_token"]
        return redirect(url_for("home"))

    @app.post("/logout")
    def logout() -> ResponseReturnValue:
        hint = session.pop("id_token", "")
        session.clear()
        end = portero.load_server_metadata()["end_session_endpoint"]
        return redirect(f"{end}?{urlencode({'id_token_hint': hint})}", 303)

    return app

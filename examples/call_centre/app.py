"""A clerk's program that asks a caller to say, on a device of their own, who they are (CIBA).

PORTERO_ISSUER=http://127.0.0.1:8000 CLIENT_ID=... CLIENT_SECRET=... python app.py ana
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

GRANT = "urn:openid:params:grant-type:ciba"


def fetched(
    url: str, form: dict[str, str] | None = None, authorization: str = ""
) -> dict[str, Any]:
    """The JSON of an answer, also of a refusal, which has an `error`."""
    headers = {"Authorization": authorization} if authorization else {}
    # Every address here is the issuer's or in its own metadata, which identify has read.
    asked = Request(url, urlencode(form).encode() if form else None, headers)  # noqa: S310  # above
    try:
        with urlopen(asked, timeout=20) as answer:  # noqa: S310  # above
            told: dict[str, Any] = json.load(answer)
    except HTTPError as refusal:
        told = json.load(refusal)
    return told


def identify(
    issuer: str, client_id: str, secret: str, caller: str, say: Callable[[str], Any]
) -> dict[str, Any]:
    """Who the caller proved to be. `say` is what the clerk reads to them."""
    metadata = fetched(f"{issuer}/.well-known/openid-configuration")
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    proof = f"Basic {base64.b64encode(pair.encode()).decode()}"
    message = f"Call {secrets.token_hex(2).upper()}"
    form = {"scope": "openid profile", "login_hint": caller, "binding_message": message}
    started = fetched(metadata["backchannel_authentication_endpoint"], form, proof)
    if "error" in started:
        raise SystemExit(f"not asked: {started['error']}")
    say(f"Open {issuer}/requests and look for {message!r}.")

    interval = started["interval"]
    form = {"grant_type": GRANT, "auth_req_id": started["auth_req_id"]}
    while True:
        tokens = fetched(metadata["token_endpoint"], form, proof)
        match tokens.get("error"):
            case None:
                bearer = f"Bearer {tokens['access_token']}"
                return fetched(metadata["userinfo_endpoint"], authorization=bearer)
            case "slow_down":
                interval += 5
            case "authorization_pending":
                pass
            case error:
                raise SystemExit(f"not identified: {error}")
        time.sleep(interval)


if __name__ == "__main__":
    found = identify(
        os.environ["PORTERO_ISSUER"],
        os.environ["CLIENT_ID"],
        os.environ["CLIENT_SECRET"],
        sys.argv[1],
        print,
    )
    print(f"This is {found['preferred_username']}.")

"""Who acts on a page of somebody who is signed in."""

from __future__ import annotations

from flask import request

from portero.core.sessions import Session
from portero.web.forms import Forms
from portero.web.rooms import Rooms


def present(rooms: Rooms, forms: Forms) -> Session | None:
    """Who acts: the one whom the page named in its field `session`, else the one who signed in
    last. When the named one is gone it is nobody: another person in the same browser has not
    seen that page."""
    named = request.form.get("session", "")
    held = rooms.sessions.of_browser(forms.browser())
    found = next((each for each in held if not named or each.id == named), None)
    if found is not None:
        rooms.sessions.use(found)
    return found

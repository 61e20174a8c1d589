"""The mails that went into DATA_DIR/mail because no mail server is set: `/dev/mail`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Flask, Response, abort, g, request

from portero.web.dev.here import only_here
from portero.web.forms import Forms
from portero.web.pages import html
from portero.web.places import DEV_MAIL_PATH
from portero.web.rooms import Rooms

_NAME: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[\w-]{1,80}\.eml", re.ASCII)
_MOST: Final = 200
# A mail is somebody else's document: its style is in it, and nothing else of it counts.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"


@dataclass(frozen=True, slots=True)
class Letter:
    name: str
    to: str
    subject: str
    at: str
    text: str
    html: str

    @classmethod
    def of(cls, path: Path) -> Letter:
        # Imported here: 15 ms of the start and 1 MB, for a page that few look at.
        from email import message_from_bytes
        from email.message import EmailMessage
        from email.policy import default

        parsed = message_from_bytes(path.read_bytes(), policy=default)
        assert isinstance(parsed, EmailMessage)

        def part(kind: str) -> str:
            body = parsed.get_body((kind,))
            return str(body.get_content()) if body is not None else ""

        return cls(
            name=path.name,
            to=str(parsed["To"]),
            subject=str(parsed["Subject"]),
            at=str(parsed["Date"]),
            text=part("plain"),
            html=part("html"),
        )


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    folder = rooms.settings.mail_folder

    def found(name: str) -> Letter:
        path = folder / name if folder is not None and _NAME.fullmatch(name) else None
        if path is None or not path.is_file():
            abort(404)
        return Letter.of(path)

    @only_here(rooms.settings)
    def all_of_them() -> Response:
        paths = sorted(folder.glob("*.eml"), reverse=True)[:_MOST] if folder is not None else []
        return html(
            "dev/mail.html",
            here=DEV_MAIL_PATH,
            letters=[Letter.of(path) for path in paths if _NAME.fullmatch(path.name)],
            files=folder is not None,
        )

    @only_here(rooms.settings)
    def one(name: str) -> Response:
        # The name that the browser used, which was checked: the frame is of the same origin.
        g.frame_src = (request.host_url,)
        letter = found(name)
        frame = f"{DEV_MAIL_PATH}/{name}/html"
        return html("dev/letter.html", here=DEV_MAIL_PATH, letter=letter, frame=frame)

    @only_here(rooms.settings)
    def framed(name: str) -> Response:
        answer = Response(found(name).html, content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = _POLICY
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
        return answer

    for path, endpoint, view in (
        (DEV_MAIL_PATH, "dev.mail", all_of_them),
        (f"{DEV_MAIL_PATH}/<name>", "dev.letter", one),
        (f"{DEV_MAIL_PATH}/<name>/html", "dev.framed", framed),
    ):
        host.add_url_rule(path, endpoint=endpoint, view_func=view)

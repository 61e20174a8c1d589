"""What happened to the account, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from flask import Response

from portero.core.audit import Entry, Outcome
from portero.core.authenticators import FactorKind
from portero.protocol.oauth.client_id_document import looks_like_document_id
from portero.web.account.console import Console, Visit
from portero.web.account.sentences import KINDS, sentence_of
from portero.web.factor_words import factor_name
from portero.web.host import translator
from portero.web.pages import name_of, name_of_device

_ON_A_PAGE: Final = 25


def mount(console: Console) -> None:
    console.page("/activity", _show, here="/activity")


def _show(visit: Visit) -> Response:
    before = visit.named("before")
    # One more than is shown, which tells whether there are older ones.
    found = visit.rooms.audit.list_of_account(
        visit.account.id, kinds=KINDS, before_id=before or None, limit=_ON_A_PAGE + 1
    )
    shown = found[:_ON_A_PAGE]
    return visit.html(
        "account/activity.html",
        entries=list(_told(visit, shown)),
        older=shown[-1].id if len(found) > _ON_A_PAGE else "",
        is_first=not before,
    )


def _told(visit: Visit, entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    moments = visit.moments
    for entry in entries:
        sentence = sentence_of(entry)
        if sentence:
            yield {
                "sentence": sentence,
                "name": _application(visit, entry.client_id),
                "at": moments.at(entry.at),
                "address": entry.address,
                "place": visit.place_of(entry.address),
                "device": name_of_device(entry.user_agent) if entry.user_agent else "",
                "how": _how(entry),
                "failed": entry.outcome is Outcome.FAILURE,
            }


def _how(entry: Entry) -> str:
    """By which way to prove who one is; '' where the sentence says it, or there was none."""
    kind = next((each for each in FactorKind if each == entry.factor), None)
    if kind is not None:
        return factor_name(kind)
    is_password = entry.factor == "password" and entry.kind in {"session.started", "login.failed"}
    return translator().text("Password") if is_password else ""


def _application(visit: Visit, client_id: str) -> str:
    """What it calls itself, connected or not. One that is a document is told by its URL, which says
    most: nothing is fetched for a page."""
    if not client_id or looks_like_document_id(client_id):
        return client_id
    client = visit.rooms.provider.clients.find(client_id)
    return translator().text("(a deleted application)") if client is None else name_of(client)

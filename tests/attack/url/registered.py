"""Where somebody says a URL that is kept: the members of a registration, and a person's picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from portero.protocol.oauth.client_metadata import InvalidClientMetadata, parse_client_metadata
from tests.attack.url.stage import Stage, said
from tests.attack.url.table import NOT_ASKED_FOR, Place, of_the_origin
from tests.support.house import bearer
from tests.support.url_corpus import CORPUS, GOOD, MALFORMED

# Good URLs, each for somebody: it is the exact comparison that keeps them out later.
_GOOD_SOMEWHERE: Final = ("inside", "near", "near loopback")
_SHOWN: Final = ("client_uri", "logo_uri", "tos_uri", "policy_uri")
_CALLED: Final = (
    "jwks_uri",
    "initiate_login_uri",
    "backchannel_logout_uri",
    "backchannel_client_notification_endpoint",
)
# Near misses that are https: what is called, or listed, is not on loopback in production.
_NEAR_LOOPBACK: Final = ("https://127.0.0.1/cb", "https://127.0.0.1:8080/cb")


def _registered(stage: Stage, url: str, *, member: str, several: bool, **more: Any) -> str:
    document = {"redirect_uris": [GOOD], member: [url] if several else url, **more}
    return said(stage.http.post("/oauth/register", json=document))


def _member(
    stage: Stage, member: str, *, also_taken: tuple[str, ...], several: bool = False, **more: Any
) -> Place:
    return Place(
        partial(_registered, stage, member=member, several=several, **more),
        taken="201",
        refused="400 invalid_client_metadata",
        also_taken=also_taken,
    )


def redirect_uris(stage: Stage) -> Place:
    """RFC 8252 §7.1: a private-use scheme is for a native application."""
    return Place(
        partial(_registered, stage, member="redirect_uris", several=True),
        taken="201",
        refused="400 invalid_redirect_uri",
        also_taken=("loopback", *_GOOD_SOMEWHERE),
    )


def native_redirect_uris(stage: Stage) -> Place:
    native = partial(_registered, stage, application_type="native")
    return Place(
        partial(native, member="redirect_uris", several=True),
        taken="201",
        refused="400 invalid_redirect_uri",
        also_taken=("loopback", "private-use scheme", *_GOOD_SOMEWHERE),
    )


def post_logout_redirect_uris(stage: Stage) -> Place:
    taken = ("loopback", *_GOOD_SOMEWHERE)
    return _member(stage, "post_logout_redirect_uris", also_taken=taken, several=True)


def request_uris(stage: Stage) -> Place:
    """Registered, and never fetched; a fragment may be the content's hash."""
    taken = ("fragment", "wildcard in the path", "inside", "near", *_NEAR_LOOPBACK)
    return _member(stage, "request_uris", also_taken=taken, several=True)


def shown(stage: Stage, member: str) -> Place:
    """A link for people, so whatever a link on the web may be, and no script."""
    http = ("plain http", "loopback", "loopback look-alike", "near loopback")
    taken = (*http, "inside", "near", "fragment", "wildcard in the path")
    return _member(stage, member, also_taken=taken)


def called(stage: Stage, member: str) -> Place:
    """Where this server goes: https. That it goes nowhere inside is seen to at each call."""
    taken = ("wildcard in the path", "inside", "near", *_NEAR_LOOPBACK)
    return _member(stage, member, also_taken=taken)


def frontchannel_logout_uri(stage: Stage) -> Place:
    """Front-Channel Logout §2: of the origin of a redirect URI."""
    own = of_the_origin("near", "wildcard in the path")
    return _member(stage, "frontchannel_logout_uri", also_taken=own)


def sector_identifier_uri(stage: Stage) -> Place:
    """Its document is fetched at once, so no good one is among those that are tried here."""
    return Place(
        partial(_registered, stage, member="sector_identifier_uri", several=False),
        taken="201",
        refused="400 invalid_client_metadata",
        good=(),
        groups=NOT_ASKED_FOR,
    )


def default_resource(stage: Stage) -> Place:
    """An operator's word. A name, which is never fetched: any absolute URI (RFC 8707 §2)."""

    def show(url: str) -> str:
        try:
            parse_client_metadata({"redirect_uris": [GOOD], "default_resource": url})
        except InvalidClientMetadata as refusal:
            return " ".join(fault.name for fault in refusal.faults)
        return "taken"

    others = [group for group in CORPUS if group not in (*MALFORMED, "fragment")]
    return Place(show, taken="taken", refused="default_resource", also_taken=others)


def picture(stage: Stage) -> Place:
    """Shown to people as an image, so https and no name before the host."""

    def show(url: str) -> str:
        told = stage.http.patch("/me", json={"picture": url}, headers=bearer(stage.first_party))
        return str(told.status_code)

    taken = ("inside", "near", "fragment", "wildcard in the path", *_NEAR_LOOPBACK)
    return Place(show, taken="200", refused="422", also_taken=taken)


REGISTERED: Final[dict[str, Callable[[Stage], Place]]] = {
    "redirect_uris": redirect_uris,
    "redirect_uris of a native application": native_redirect_uris,
    "post_logout_redirect_uris": post_logout_redirect_uris,
    "request_uris": request_uris,
    **{member: partial(shown, member=member) for member in _SHOWN},
    **{member: partial(called, member=member) for member in _CALLED},
    "frontchannel_logout_uri": frontchannel_logout_uri,
    "sector_identifier_uri": sector_identifier_uri,
    "default_resource": default_resource,
    "picture of a person": picture,
}

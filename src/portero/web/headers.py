"""The headers of every page: closed by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

_OTHERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # No address leaks, for there are handles in ours; but with `no-referrer` a browser would say
    # `Origin: null` of our own forms, and one without Sec-Fetch-Site (Safari before 16.4) no more.
    "Referrer-Policy": "strict-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
# Two years, the least that browsers' preload lists accept.
_HSTS: Final = "max-age=63072000; includeSubDomains"


def page_headers(
    *,
    hsts: bool,
    forms_lead_out: bool = False,
    frame_src: Iterable[str] = (),
    sources: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, str]:
    """No source is unsafe: neither inline script nor style, nor anything of another origin, unless
    an operator has a service judge who is a robot: then a page with its widget has its `sources`,
    by directive.

    `forms_lead_out` is for the pages from which a person goes back to an application. Chromium
    holds every redirect after a form against `form-action`, also those that the application makes
    of its own, and knows no source for `[::1]` nor for a private-use scheme with a host: any list
    would stop somebody's sign-in at the button. Such a page has no list.
    `frame_src` are addresses that the page shows in frames.
    """
    targets = "" if forms_lead_out else " form-action 'self';"
    more = sources or {}
    framed = {source_of(uri) for uri in frame_src} | set(more.get("frame-src", ()))
    frames = " ".join(sorted(framed))

    def own(directive: str) -> str:
        return " ".join((directive, "'self'", *more.get(directive, ())))

    policy = (
        f"default-src 'none'; {own('script-src')}; {own('style-src')}; img-src 'self' data:; "
        f"{own('connect-src')}; font-src 'self'; manifest-src 'self';{targets} base-uri 'none'; "
        "frame-ancestors 'none'"
        f"{'; frame-src ' + frames if frames else ''}"
    )
    fixed = {"Content-Security-Policy": policy, **_OTHERS}
    if hsts:
        fixed["Strict-Transport-Security"] = _HSTS
    return fixed


def source_of(uri: str) -> str:
    """A registered address as a CSP source: its origin. What was registered was parsed strictly,
    so nothing in it can end the directive."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"

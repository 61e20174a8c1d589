"""The headers of every page: closed by default."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

_OTHERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
# Two years, the least that browsers' preload lists accept.
_HSTS: Final = "max-age=63072000; includeSubDomains"


def page_headers(
    *, secure: bool, form_action: Iterable[str] = (), frame_src: Iterable[str] = ()
) -> dict[str, str]:
    """No source is unsafe: neither inline script nor style, nor anything of another origin.

    `form_action` are addresses that a form of the page may end at: browsers hold every redirect
    that follows a form against this list, so a page within an authorization names the client's.
    `frame_src` are addresses that the page shows in frames.
    """
    targets = " ".join(["'self'", *(source_of(uri) for uri in form_action)])
    frames = " ".join(sorted({source_of(uri) for uri in frame_src}))
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'; font-src 'self'; form-action {targets}; base-uri 'none'; "
        "frame-ancestors 'none'"
        f"{'; frame-src ' + frames if frames else ''}"
    )
    fixed = {"Content-Security-Policy": policy, **_OTHERS}
    if secure:
        fixed["Strict-Transport-Security"] = _HSTS
    return fixed


def source_of(uri: str) -> str:
    """A registered redirect URI as a CSP source: its origin, or its private-use scheme. What was
    registered was parsed strictly, so nothing in it can end the directive."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"

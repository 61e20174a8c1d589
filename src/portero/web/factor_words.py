"""What the pages call the factors, and the picture that an app scans."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from markupsafe import Markup

from portero.core.authenticators import FactorKind
from portero.web.host import translator


def factor_name(kind: FactorKind) -> str:
    """In the reader's language."""
    text = translator().text
    match kind:
        case FactorKind.PASSKEY:
            return text("Passkey or security key")
        case FactorKind.PUSH:
            return text("Approve on another device")
        case FactorKind.TOTP:
            return text("Authenticator app")
        case FactorKind.SMS:
            return text("Code by text message")
        case FactorKind.EMAIL:
            return text("Code by mail")
        case FactorKind.RECOVERY_CODE:
            return text("Recovery code")


def codes_file(product: str, username: str, codes: Sequence[str]) -> str:
    """Recovery codes as a file to keep: without a script, and without the server hearing of them
    again."""
    text = "\n".join([f"{product}: {username}", "", *codes, ""])
    return f"data:text/plain;charset=utf-8,{quote(text)}"


def qr(text: str) -> Markup:
    """A QR code as inline SVG, without a style or an identifier of its own."""
    import segno

    made = segno.make(text, micro=False, error="m")
    # segno writes the SVG; of `text` nothing is in it but the dark squares.
    return Markup(made.svg_inline(border=2, omitsize=True, svgclass="qr-code", lineclass=None))  # noqa: S704

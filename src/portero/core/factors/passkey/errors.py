"""Refusals."""

from __future__ import annotations

from portero.kit.refusals import Conflict


class PasskeyKnown(Conflict):
    """Registered already: here, or with another account."""

    code = "passkey_known"
    public = "This passkey is registered already."

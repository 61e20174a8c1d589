"""Refusals."""

from __future__ import annotations

from portero.kit.refusals import Missing


class NoSuchAuthenticator(Missing):
    code = "authenticator_not_found"
    public = "There is no such way to sign in on this account."

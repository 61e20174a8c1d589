"""Settings that are one of a few words."""

from __future__ import annotations

from typing import Literal

from portero.settings.parsing import Unparsable


def registration(given: str) -> Literal["open", "invite", "closed"]:
    match given:
        case "open" | "invite" | "closed":
            return given
    raise Unparsable("open, invite or closed")


def second_factor(given: str) -> Literal["off", "optional", "required"]:
    match given:
        case "off" | "optional" | "required":
            return given
    raise Unparsable("off, optional or required")


def client_registration(given: str) -> Literal["off", "token", "open"]:
    match given:
        case "off" | "token" | "open":
            return given
    raise Unparsable("off, token or open")


def smtp_tls(given: str) -> Literal["starttls", "tls", "off"]:
    match given:
        case "starttls" | "tls" | "off":
            return given
    raise Unparsable("starttls, tls or off")


def sms_provider(given: str) -> Literal["off", "http", "twilio", "vonage", "sns"]:
    match given:
        case "off" | "http" | "twilio" | "vonage" | "sns":
            return given
    raise Unparsable("off, http, twilio, vonage or sns")


def log_level(given: str) -> Literal["debug", "info", "warning", "error"]:
    match given:
        case "debug" | "info" | "warning" | "error":
            return given
    raise Unparsable("debug, info, warning or error")


def log_format(given: str) -> Literal["json", "console"]:
    match given:
        case "json" | "console":
            return given
    raise Unparsable("json or console")


def keep_signed_in(given: str) -> Literal["ask", "always", "never"]:
    match given:
        case "ask" | "always" | "never":
            return given
    raise Unparsable("ask, always or never")


def certificate_sign_in(given: str) -> Literal["off", "email", "upn", "subject_cn"]:
    match given:
        case "off" | "email" | "upn" | "subject_cn":
            return given
    raise Unparsable("off, email, upn or subject_cn")


def certificate_level(given: str) -> Literal["aal1", "aal2", "phr"]:
    match given:
        case "aal1" | "aal2" | "phr":
            return given
    raise Unparsable("aal1, aal2 or phr")


def challenge(given: str) -> Literal["off", "altcha", "turnstile", "hcaptcha", "recaptcha"]:
    match given:
        case "off" | "altcha" | "turnstile" | "hcaptcha" | "recaptcha":
            return given
    raise Unparsable("off, altcha, turnstile, hcaptcha or recaptcha")

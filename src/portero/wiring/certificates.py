"""Joins signing in with a person's certificate."""

from __future__ import annotations

from portero.core.factors.password import Passwords
from portero.core.login.dispatcher import Dispatcher
from portero.core.login.with_certificate import CertificateSignIn
from portero.protocol.oauth.person_certificates import NameField, name_in
from portero.wiring.base import Base


def join_certificates(
    base: Base, passwords: Passwords, dispatcher: Dispatcher
) -> CertificateSignIn | None:
    if base.settings.certificate_sign_in == "off":
        return None
    field = NameField(base.settings.certificate_sign_in)
    return CertificateSignIn(
        db=base.db,
        clock=base.clock,
        audit=base.audit,
        limits=base.limits,
        passwords=passwords,
        dispatcher=dispatcher,
        name_in=lambda der: name_in(der, field),
        acr=base.settings.certificate_level,
    )

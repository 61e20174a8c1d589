"""What the faces are told of the deployment."""

from __future__ import annotations

from portero.core.login.model import KeepSignedIn, Registration
from portero.protocol.oauth.profiles import FAPI2_PROFILES
from portero.settings import Settings
from portero.web.looks import Looks
from portero.web.rooms import FaceSettings
from portero.wiring.parts import allowed_hosts, certificates, mail_folder


def face_settings(settings: Settings) -> FaceSettings:
    return FaceSettings(
        issuer=settings.issuer,
        product_name=settings.product_name,
        default_locale=settings.default_locale,
        password_api=settings.password_api,
        trusted_proxies=settings.trusted_proxies,
        allowed_hosts=allowed_hosts(settings),
        development=settings.development,
        registration=Registration(settings.registration),
        keep_signed_in=KeepSignedIn(settings.keep_signed_in),
        trust_device_days=settings.trust_device_days,
        certificates=certificates(settings),
        mtls_url=settings.mtls_url,
        bearer_tokens=settings.profile not in FAPI2_PROFILES,
        mail_folder=mail_folder(settings),
        sign_in_steps=settings.sign_in_steps,
        looks=Looks(settings.branding, settings.theme_dir),
    )

"""What the faces are given: the verbs of core, joined by wiring, and a few values.

A face reaches every feature through this one value, so that a test can join the rooms over
another database, clock or mailer and mount the same faces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portero.core.accounts.email import EmailProofs
from portero.core.accounts.flows import Accounts
from portero.core.admin.accounts import AccountAdmin
from portero.core.admin.personal_data import PersonalData
from portero.core.audit import AuditLog
from portero.core.authenticators import Authenticators
from portero.core.clients import ClientCache
from portero.core.devices import KnownDevices
from portero.core.factors.one_time_code import PhoneProofs
from portero.core.factors.passkey import PasskeyOffers, Passkeys
from portero.core.factors.recovery import RecoveryCodes
from portero.core.keys.ring import KeyRing
from portero.core.limits import Volume
from portero.core.login.enrolment import Enrolment
from portero.core.login.freezing import Freezing
from portero.core.login.model import KeepSignedIn, Registration
from portero.core.login.password_change import PasswordChange
from portero.core.login.push_answering import PushAnswering
from portero.core.login.recovery import Recovery
from portero.core.login.robots import Robots
from portero.core.login.sign_in import SignIn
from portero.core.login.sign_up import SignUp
from portero.core.login.step_up import StepUp
from portero.core.login.steps import SignInSteps
from portero.core.login.taking_back import TakingBack
from portero.core.login.with_certificate import CertificateSignIn
from portero.core.login.with_mail import MailSignIn
from portero.core.login.with_passkey import PasskeySignIn
from portero.core.provider.authorize import Authorize
from portero.core.provider.checking import TokenCheck
from portero.core.provider.ciba import CibaAnswering, CibaAsking
from portero.core.provider.connections import Connections
from portero.core.provider.device import Devices
from portero.core.provider.end_session import EndSession
from portero.core.provider.grants.session import SessionGrant
from portero.core.provider.introspect import Introspection
from portero.core.provider.par import PushedRequests
from portero.core.provider.register import ClientInvitations, ClientRegistration
from portero.core.provider.revoke import Revocation
from portero.core.provider.rotation import RefreshRotation
from portero.core.provider.scopes import Scopes
from portero.core.provider.statuses import StatusList
from portero.core.provider.token_endpoint import TokenEndpoint
from portero.core.provider.userinfo import UserInfo
from portero.core.sessions import Sessions
from portero.kit.addresses import Network
from portero.kit.maintenance import Maintenance
from portero.kit.ports import Clock
from portero.protocol.oauth.detail_types import AuthorizationDetailType
from portero.web.base_path import BasePath
from portero.web.browser_cookie import BrowserCookie
from portero.web.certificates import NO_SOURCE, CertificateSource
from portero.web.health import Health
from portero.web.looks import Looks

# The place of an address in the language of that tag, '' where nobody knows.
PlaceOf = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """What the faces need to know of the deployment. `bearer_tokens`: whether this server issues
    tokens that are bound to no key, as those of the JSON API are. `mail_folder`: where mails are
    written, None where they are sent."""

    issuer: str
    product_name: str
    default_locale: str
    password_api: bool
    trusted_proxies: tuple[Network, ...]
    allowed_hosts: tuple[str, ...]
    development: bool
    registration: Registration = Registration.OPEN
    keep_signed_in: KeepSignedIn = KeepSignedIn.ASK
    trust_device_days: int = 30
    certificates: CertificateSource = NO_SOURCE
    mtls_url: str = ""
    bearer_tokens: bool = True
    sign_in_steps: int = 1
    mail_folder: Path | None = None
    looks: Looks = field(default_factory=Looks)

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https, so that cookies can demand it."""
        return self.issuer.startswith("https:")

    @property
    def owns_host(self) -> bool:
        """Whether browsers may be told something about the whole host, by https. Where the issuer
        has a path, the host is somebody else's, and two answers would undo each other's."""
        return self.secure and not self.base.path

    @property
    def base(self) -> BasePath:
        return BasePath.of(self.issuer)

    def at(self, path: str) -> str:
        """One of our paths as a browser asks for it: below the issuer's own."""
        return self.base.at(path)


@dataclass(frozen=True, slots=True)
class ProviderRooms:
    """The verbs of the OpenID Provider."""

    session_grant: SessionGrant
    refresh_grant: RefreshRotation
    tokens: TokenCheck
    token_endpoint: TokenEndpoint
    introspection: Introspection
    revocation: Revocation
    statuses: StatusList
    registration: ClientRegistration
    client_invitations: ClientInvitations
    authorize: Authorize
    pushed: PushedRequests
    clients: ClientCache
    devices: Devices
    ciba_asking: CibaAsking
    ciba_answering: CibaAnswering
    userinfo: UserInfo
    connections: Connections
    end_session: EndSession
    scopes: Scopes
    detail_types: Mapping[str, AuthorizationDetailType]


@dataclass(frozen=True, slots=True)
class Rooms:
    settings: FaceSettings
    clock: Clock
    health: Health
    maintenance: Callable[[], Maintenance | None]
    place_of: PlaceOf
    audit: AuditLog
    accounts: Accounts
    email: EmailProofs
    robots: Robots
    sign_in: SignIn
    sign_in_steps: SignInSteps
    step_up: StepUp
    passkey_sign_in: PasskeySignIn
    certificate_sign_in: CertificateSignIn | None
    sign_up: SignUp
    recovery: Recovery
    password_change: PasswordChange
    taking_back: TakingBack
    freezing: Freezing
    authenticators: Authenticators
    passkeys: Passkeys | None
    passkey_offers: PasskeyOffers | None
    enrolment: Enrolment
    mail_sign_in: MailSignIn | None  # PORTERO_MAIL_SIGN_IN
    phone: PhoneProofs | None  # where text messages are sent
    push_answering: PushAnswering | None  # where people approve on another device
    recovery_codes: RecoveryCodes
    account_admin: AccountAdmin
    personal_data: PersonalData
    sessions: Sessions
    volume: Volume
    devices: KnownDevices
    provider: ProviderRooms
    keys: KeyRing
    browser_cookie: BrowserCookie
    form_keys: tuple[bytes, ...]
    new_secret: Callable[[], str]

"""The guard: joins checks, keys, introspection and cache, and decides on whole requests.

Frameworks hand it a `RequestHead` and a `Demand`; they get a `CurrentUser` or a `Refused`. There is
no rule in the framework modules.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Self, TypedDict, Unpack

from portero_guard.cache import StillValid, VerifiedTokens
from portero_guard.checks import (
    CheckedToken,
    check_access_token,
    require_acr,
    require_recent,
    require_scopes,
    unverified_issuer,
)
from portero_guard.credentials import ACCESS_COOKIE, RequestHead, Shown, shown_by
from portero_guard.dpop import CheckedProof
from portero_guard.errors import ConfigurationError, ProofRefused, Refused, Scheme, TokenRefused
from portero_guard.fetch import (
    Credentials,
    Fetch,
    UrllibFetch,
    check_issuer,
    is_safe_url,
)
from portero_guard.introspection import Introspection
from portero_guard.keys import FetchNeeded, IssuerKeys, KeyTimes
from portero_guard.possession import check_possession, refuse_bound
from portero_guard.replay import SpentProofs
from portero_guard.resource_metadata import Resource, described
from portero_guard.status import StatusLists, Unavailable

# seconds; how far apart two well-kept clocks may be
LEEWAY_SECONDS: Final = 5

# seconds; for how long a revoked opaque token may still pass
INTROSPECTION_SECONDS: Final = 5

# tokens; about 12 MB when full
CACHE_TOKENS: Final = 4096


@dataclass(frozen=True, slots=True)
class Issuer:
    """One issuer to trust. Addresses that its metadata gives need not be written here."""

    url: str
    jwks_uri: str | None = None
    introspection: Credentials | None = None
    introspection_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """What a view asks of the token, beyond being good. `max_age` in seconds since the sign-in;
    `acr` one or several accepted levels; `audience` another one than the guard's own."""

    scopes: tuple[str, ...] = ()
    audience: str | None = None
    max_age: int | None = None
    acr: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        scopes: str | Iterable[str] = (),
        audience: str | None = None,
        max_age: int | None = None,
        acr: str | Iterable[str] = (),
    ) -> Self:
        """From what people write in a decorator: a string may hold several, with spaces."""
        return cls(_words(scopes), audience, max_age, _words(acr))


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Who is asking, in the words that a view wants. For a token without a person
    (client_credentials) `id` is the client's and `username` is None."""

    token: CheckedToken = field(repr=False)
    id: str
    username: str | None
    scopes: frozenset[str]

    @property
    def user_id(self) -> str:
        return self.id

    @property
    def client_id(self) -> str:
        return self.token.client_id

    @property
    def session_id(self) -> str | None:
        return self.token.session_id

    @property
    def claims(self) -> Mapping[str, Any]:
        return self.token.claims

    def has_scope(self, scope: str) -> bool:
        return scope in self.scopes


class Options(TypedDict, total=False):
    """`leeway_seconds` between clocks. `cookie`: True accepts Portero's access cookie, a string
    one of that name. `cache_tokens`: 0 keeps none. `still_valid`: asked of every good token at
    every request. `status_max_age_seconds`: no older list of revoked tokens counts (default: as
    long as the list says). `status_unavailable`: "refuse" (503) or "accept" tokens while there is
    no list that counts. `base_url`: what clients put before the path, where a proxy hides it from
    the framework; a DPoP proof names it. `spend_proof(proof, now)`: False for a proof that was
    shown before, instead of this process's own memory. `resource`: what the API says of itself, at
    a well-known address to which refusals then point (RFC 9728). `certificate`: the client's
    certificate (DER, b"" for none) from the WSGI environ, the ASGI scope or Django's META. The
    others are for tests and unusual networks."""

    leeway_seconds: int
    cookie: bool | str
    cache_tokens: int
    still_valid: StillValid
    status_max_age_seconds: float
    status_unavailable: Unavailable
    base_url: str
    spend_proof: Callable[[CheckedProof, datetime], bool]
    certificate: Callable[[Mapping[str, Any]], bytes]
    resource: Resource
    key_times: KeyTimes
    fetch: Fetch
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]


class Guard:
    """Thread-safe; one per process and audience. Opens no connection before the first token."""

    def __init__(
        self,
        *,
        issuers: str | Issuer | Iterable[str | Issuer],
        audience: str,
        **options: Unpack[Options],
    ) -> None:
        if not isinstance(audience, str) or not audience:
            raise ConfigurationError(
                "The guard needs an audience: without one, any token of the issuer, made for"
                " whatever API, would open this one. Set PORTERO_API_AUDIENCE."
            )
        self.audience = audience
        self._leeway = options.get("leeway_seconds", LEEWAY_SECONDS)
        self._clock = options.get("clock", _utc_now)
        self._monotonic = options.get("monotonic", time.monotonic)
        self._fetch = options.get("fetch") or UrllibFetch()
        self._also_valid = options.get("still_valid")
        listed = _issuers(issuers)
        times = options.get("key_times")
        self._keys = {each.url: self._keys_of(each, times) for each in listed}
        self._statuses = {
            url: StatusLists(
                url,
                keys=keys,
                fetch=self._fetch,
                monotonic=self._monotonic,
                leeway_seconds=self._leeway,
                max_age_seconds=options.get("status_max_age_seconds"),
                unavailable=options.get("status_unavailable", "refuse"),
            )
            for url, keys in self._keys.items()
        }
        # With one issuer there is nothing to choose, and no need to read the claims beforehand.
        self._only_issuer = next(iter(self._keys.items())) if len(self._keys) == 1 else None
        self._introspection = self._introspection_of(listed)
        self.cookie_name = _cookie_name(options.get("cookie", False), listed)
        self._verified = VerifiedTokens(capacity=options.get("cache_tokens", CACHE_TOKENS))
        self._base_url = options.get("base_url", "").rstrip("/")
        self._spend_proof = options.get("spend_proof") or SpentProofs().spend
        # Without a hook no certificate is known, and tokens that need one are refused.
        self.certificate_of = options.get("certificate") or _no_certificate
        self.resource_metadata = described(
            options.get("resource"), audience=audience, authorization_servers=self._keys
        )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **options: Unpack[Options]) -> Self:
        """From PORTERO_ISSUER and PORTERO_API_AUDIENCE (default: the issuer + "/api")."""
        environ = os.environ if environ is None else environ
        issuer = environ.get("PORTERO_ISSUER", "")
        if not issuer:
            raise ConfigurationError("Set PORTERO_ISSUER to the URL of your Portero.")
        audience = environ.get("PORTERO_API_AUDIENCE") or f"{issuer}/api"
        return cls(issuers=issuer, audience=audience, **options)

    def admit(self, head: RequestHead, demand: Demand, *, may_fetch: bool = True) -> CurrentUser:
        """Who may pass; else `Refused`. With `may_fetch=False` (on an event loop), `FetchNeeded`
        when the network is needed first: ask again on a thread."""
        try:
            return self._user(head, demand, may_fetch)
        except Refused as refusal:
            if self.resource_metadata is not None:
                self.resource_metadata.guide(refusal, demand.scopes)
            raise

    def _user(self, head: RequestHead, demand: Demand, may_fetch: bool) -> CurrentUser:
        shown = shown_by(head, cookie_name=self.cookie_name)
        try:
            checked = self._admitted(head, shown, demand, may_fetch)
        except Refused as refusal:
            if shown.scheme is Scheme.DPOP:
                refusal.scheme = Scheme.DPOP  # the challenge answers in the scheme that was used
            raise
        username = checked.claims.get("username")
        return CurrentUser(
            token=checked,
            id=checked.subject,
            username=username if isinstance(username, str) else None,
            scopes=checked.scopes,
        )

    def check(
        self, unverified_token: str, *, audience: str | None = None, may_fetch: bool = True
    ) -> CheckedToken:
        """A bearer token, checked for the audience (default: the guard's); else `Refused`. A token
        that is bound to a key is refused: only `admit` sees the request that can prove it."""
        checked = self._checked(unverified_token, audience, may_fetch)
        refuse_bound(checked)
        return checked

    def _admitted(
        self, head: RequestHead, shown: Shown, demand: Demand, may_fetch: bool
    ) -> CheckedToken:
        checked = self._checked(shown.unverified_token, demand.audience, may_fetch)
        now = self._clock()
        proof = check_possession(checked, shown, head, base_url=self._base_url, now=now)
        if proof is not None and not self._spend_proof(proof, now):
            raise ProofRefused("the proof was used before")
        require_scopes(checked, demand.scopes)
        if demand.max_age is not None:
            require_recent(checked, max_age_seconds=demand.max_age, now=now)
        if demand.acr:
            require_acr(checked, demand.acr)
        return checked

    def _checked(
        self, unverified_token: str, audience: str | None, may_fetch: bool
    ) -> CheckedToken:
        now, expected = self._clock(), audience or self.audience
        kept = self._verified.find(
            unverified_token,
            expected_audience=expected,
            now=now,
            still_valid=self._still_valid if may_fetch else self._still_valid_offline,
        )
        if kept is not None:
            return kept
        if unverified_token.count(".") == 2:
            checked = self._check_jwt(unverified_token, expected, now, may_fetch)
            until = checked.expires_at + timedelta(seconds=self._leeway)
        else:
            checked = self._introspect(unverified_token, expected, now, may_fetch)
            until = min(checked.expires_at, now + timedelta(seconds=INTROSPECTION_SECONDS))
        if self._also_valid is not None and not self._also_valid(checked, now):
            raise TokenRefused("still_valid said no")
        self._verified.keep(unverified_token, checked, expected_audience=expected, until=until)
        return checked

    def _check_jwt(
        self, unverified_token: str, audience: str, now: datetime, may_fetch: bool
    ) -> CheckedToken:
        issuer, keys = self._only_issuer or self._issuer_named_by(unverified_token)
        checked = check_access_token(
            unverified_token,
            key_for=partial(keys.find, may_fetch=may_fetch),
            expected_issuer=issuer,
            expected_audience=audience,
            now=now,
            leeway_seconds=self._leeway,
        )
        # After the signature: nobody but the issuer makes us fetch a list.
        if not self._statuses[issuer].is_valid(checked, now, may_fetch=may_fetch):
            raise TokenRefused("the status list says no")
        return checked

    def _issuer_named_by(self, unverified_token: str) -> tuple[str, IssuerKeys]:
        """The configured issuer that the token claims to be from. The claim only chooses; the
        signature, by that issuer's keys, decides."""
        issuer = unverified_issuer(unverified_token)
        keys = self._keys.get(issuer)
        if keys is None:
            raise TokenRefused("iss is not a configured issuer")
        return issuer, keys

    def _introspect(
        self, unverified_token: str, audience: str, now: datetime, may_fetch: bool
    ) -> CheckedToken:
        if self._introspection is None:
            raise TokenRefused("an opaque token, and no introspection is configured")
        if not may_fetch:
            raise FetchNeeded
        return self._introspection.check(
            unverified_token,
            expected_audience=audience,
            now=now,
            leeway_seconds=self._leeway,
        )

    def _still_valid(self, checked: CheckedToken, now: datetime, may_fetch: bool = True) -> bool:
        """Whether the key is still published, what the status list says, and whatever else the
        API wants asked. Opaque tokens have neither: their issuer was asked."""
        if checked.key_id and not (
            self._keys[checked.issuer].publishes(checked.key_id, may_fetch=may_fetch)
            and self._statuses[checked.issuer].is_valid(checked, now, may_fetch=may_fetch)
        ):
            return False
        return self._also_valid is None or self._also_valid(checked, now)

    def _still_valid_offline(self, checked: CheckedToken, now: datetime) -> bool:
        return self._still_valid(checked, now, may_fetch=False)

    def _keys_of(self, issuer: Issuer, times: KeyTimes | None) -> IssuerKeys:
        return IssuerKeys(
            issuer.url,
            fetch=self._fetch,
            monotonic=self._monotonic,
            jwks_uri=issuer.jwks_uri,
            times=times,
        )

    def _introspection_of(self, listed: Iterable[Issuer]) -> Introspection | None:
        asked = [(each, each.introspection) for each in listed]
        found = [
            Introspection(
                each.url,
                credentials=credentials,
                fetch=self._fetch,
                monotonic=self._monotonic,
                endpoint=each.introspection_endpoint,
            )
            for each, credentials in asked
            if credentials is not None
        ]
        if len(found) > 1:
            raise ConfigurationError(
                "An opaque token does not say whose it is: only one issuer can have introspection."
            )
        return found[0] if found else None


def _issuers(given: str | Issuer | Iterable[str | Issuer]) -> tuple[Issuer, ...]:
    several = [given] if isinstance(given, str | Issuer) else list(given)
    listed = tuple(Issuer(each) if isinstance(each, str) else each for each in several)
    if not listed:
        raise ConfigurationError("The guard needs at least one issuer. Set PORTERO_ISSUER.")
    for each in listed:
        check_issuer(each.url)
        for url in (each.jwks_uri, each.introspection_endpoint):
            if url is not None and not is_safe_url(url):
                raise ConfigurationError(f"{url!r} must be https (http only on this machine).")
    return listed


def _cookie_name(chosen: bool | str, listed: Iterable[Issuer]) -> str | None:
    """Portero's own name for the cookie: with the prefix, no other host, subdomain or plain-http
    page can plant one. Browsers refuse the prefix on http, so a loopback issuer has none."""
    if isinstance(chosen, str):
        return chosen or None
    if not chosen:
        return None
    plain = all(each.url.startswith("http:") for each in listed)
    return ACCESS_COOKIE if plain else f"__Host-{ACCESS_COOKIE}"


def _words(given: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(given.split() if isinstance(given, str) else given)


def _no_certificate(_: Mapping[str, Any]) -> bytes:
    return b""


def _utc_now() -> datetime:
    return datetime.now(UTC)

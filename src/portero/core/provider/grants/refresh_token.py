"""A refresh token at the token endpoint (RFC 6749 §6): the same or less, never more."""

from __future__ import annotations

from dataclasses import dataclass, replace

from portero.core.provider.errors import RefreshRefused
from portero.core.provider.id_tokens import IdTokens
from portero.core.provider.issuing import Issuing, is_opaque_for
from portero.core.provider.model import Basis, Grant, IssuedToken, TokenRequest
from portero.core.provider.resources import Resources
from portero.core.provider.rotation import RefreshRotation
from portero.core.provider.scopes import Scopes
from portero.core.provider.subjects import Subjects
from portero.kit.db import Tx
from portero.kit.ports import Clock
from portero.protocol.oauth.authorization_details import Detail
from portero.protocol.oauth.authorization_details import narrowed as narrowed_details
from portero.protocol.oauth.errors import InvalidGrant
from portero.protocol.oauth.scopes import OFFLINE_ACCESS, narrowed, read_scope


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the request asks of the grant, checked; `subject` is the person's name for it."""

    scope: str
    audience: str
    subject: str
    details: tuple[Detail, ...]


class RefreshTokenGrant:
    def __init__(
        self,
        *,
        clock: Clock,
        rotation: RefreshRotation,
        issuing: Issuing,
        id_tokens: IdTokens,
        resources: Resources,
        scopes: Scopes,
        subjects: Subjects,
    ) -> None:
        self._clock = clock
        self._rotation = rotation
        self._issuing = issuing
        self._id_tokens = id_tokens
        self._resources = resources
        self._scopes = scopes
        self._subjects = subjects

    def redeem(self, asked: TokenRequest) -> IssuedToken:
        """Raises `OAuthRefusal`."""
        now = self._clock.now()
        client = asked.client
        told: list[_Wanted] = []

        def check(tx: Tx, basis: Basis) -> None:
            if not client.is_older_than(basis.grant.created_at):
                raise InvalidGrant("of a former client with that id")
            _check_binding(asked, basis.grant)
            told[:] = [
                _Wanted(
                    self._scope(asked, basis.grant),
                    self._audience(asked, basis.grant),
                    self._subjects.subject_in(tx, client, basis.account.id, now=now),
                    narrowed_details(
                        asked.form.get("authorization_details"), within=basis.grant.details
                    ),
                )
            ]

        try:
            rotated = self._rotation.rotate(
                asked.actor,
                asked.form.require("refresh_token"),
                client_id=client.client_id,
                now=now,
                check=check,
                keep=client.metadata.keeps_fapi2,
            )
        except RefreshRefused as refusal:
            raise InvalidGrant(refusal.detail) from refusal
        wanted, basis = told[0], rotated.basis
        # A claim whose scope was taken from the client meanwhile is not told any more.
        grant = basis.grant
        if grant.claims:
            given = self._scopes.giving(client, grant.claims, ())
            grant = replace(grant, claims=given.claims)
        issued = self._issuing.person_token(
            grant,
            subject=wanted.subject,
            scope=wanted.scope,
            audience=wanted.audience,
            details=wanted.details,
            binding=asked.binding,
            now=now,
            status=rotated.status,
            opaque=is_opaque_for(client),
        )
        return self._id_tokens.added_to(
            issued,
            client,
            grant,
            subject=wanted.subject,
            account=basis.account,
            refresh_token=rotated.successor,
            now=now,
        )

    def _scope(self, asked: TokenRequest, grant: Grant) -> str:
        granted = read_scope(grant.scope)
        wanted = narrowed(read_scope(asked.form.get("scope")) or granted, within=granted)
        # What the client may not have any more it does not get, though it was granted once.
        open_now = self._scopes.open_to(asked.client)
        if grant.offline and OFFLINE_ACCESS not in open_now:
            raise InvalidGrant("offline_access was taken from the client")
        left = [scope for scope in wanted if scope in open_now]
        if wanted and not left:
            raise InvalidGrant("every scope of it was taken from the client")
        return " ".join(left)

    def _audience(self, asked: TokenRequest, grant: Grant) -> str:
        # The usual one is looked at too: the operator may have taken that resource away.
        named = asked.form.each("resource") or (grant.audience,)
        granted = grant.resources or (grant.audience,)
        return self._resources.picked(asked.client, granted=granted, asked=named)


def _check_binding(asked: TokenRequest, grant: Grant) -> None:
    """A bound token is of no use to whoever has not the key (RFC 9449 §5, RFC 8705 §4)."""
    if grant.jkt and asked.binding.jkt != grant.jkt:
        raise InvalidGrant("the refresh token is bound to another key")
    if grant.x5t_s256 and asked.binding.x5t_s256 != grant.x5t_s256:
        raise InvalidGrant("the refresh token is bound to another certificate")

"""Pushing a request, finding it again, using it up (RFC 9126).

1. Who is the client? Exactly as at the token endpoint (§2).
2. Which parameters count: those of the form, or of the request object in it (§3).
3. Which key the code will be bound to: said, proven, or both and the same (RFC 9449 §10.1).
4. The authorization endpoint's rules, now: nothing waits here that could not be answered.
5. Keep it, under a name that can't be guessed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from portero.core.clients import Client
from portero.core.limits import AddressPolicy, LimitPolicy, Limits, OverLimit
from portero.core.provider.client_auth import ClientAuth
from portero.core.provider.model import ClientCall
from portero.core.provider.par import store
from portero.core.provider.par.model import REQUEST_URI_PREFIX, Pushed, PushedUri
from portero.core.provider.par.ports import BindingOf, Validate
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import Secret, fingerprint
from portero.protocol.oauth.errors import InvalidRequest, InvalidRequestUri
from portero.protocol.oauth.parameters import Parameters

# A redirect follows at once; FAPI 2.0 §5.3.2.2 wants less than 600. It is longer than a minute,
# because a person's own device may first have to open a browser.
LIFETIME_SECONDS: Final = 90
# A public client proves nothing, so anybody can fill the table in its name.
PUSHED_BY_ADDRESS: Final = AddressPolicy("pushed_by_address", tries=120, window_seconds=60)
# One that proves itself can be told to mend its loop, but must not fill the disk until then.
PUSHED_BY_CLIENT: Final = LimitPolicy("pushed_by_client", tries=6000, window_seconds=60)

_DPOP_JKT: Final = "dpop_jkt"
# §2.1: these prove the client and are no part of the request. `request` was resolved.
_NOT_KEPT: Final = frozenset(
    {"client_secret", "client_assertion", "client_assertion_type", "request", "request_uri"}
)


class PushedRequests:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        limits: Limits,
        client_auth: ClientAuth,
        validate: Validate,
        binding_of: BindingOf,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._limits = limits
        self._client_auth = client_auth
        self._validate = validate
        self._binding_of = binding_of

    def push(self, call: ClientCall) -> PushedUri:
        """Keep the request; raises `OAuthRefusal` for what the authorization endpoint would
        refuse, and `OverLimit`."""
        client = self._client_auth.authenticate(call)
        if "request_uri" in call.form:
            raise InvalidRequest("request_uri can not be pushed.")  # §2.1
        if client.metadata.is_public:
            self._count(call)
        parameters = self._bound(self._resolved(call.form, client), call, client)
        self._validate.check(client, parameters)
        request_uri = REQUEST_URI_PREFIX + self._dice.token()
        pushed = Pushed(fingerprint(request_uri), client.client_id, parameters)
        over = self._kept(pushed, client)
        if over is not None:
            raise over
        return PushedUri(Secret(request_uri), LIFETIME_SECONDS)

    def find(self, client_id: str, request_uri: str) -> Pushed:
        """The request that this client pushed under that name; raises `InvalidRequestUri` when it
        is unknown, expired, used or another client's (§4)."""
        if not request_uri.startswith(REQUEST_URI_PREFIX):
            raise InvalidRequestUri("not one of ours")
        pushed_id, now = fingerprint(request_uri), self._clock.now()
        found = self._db.read(lambda tx: store.find_waiting(tx, pushed_id, client_id, now=now))
        if found is None:
            raise InvalidRequestUri("unknown, expired, used or another client's")
        return found

    def use_in(self, tx: Tx, pushed_id: str, client_id: str) -> None:
        """Use it up, in the transaction that hands out its code; raises `InvalidRequestUri` when
        that has happened already, and then nothing of the transaction may be committed."""
        if not store.use(tx, pushed_id, client_id, now=self._clock.now()):
            raise InvalidRequestUri("used meanwhile")

    def _resolved(self, form: Parameters, client: Client) -> Parameters:
        counting = self._validate.counting(client, form)
        kept = {
            name: values for name, values in counting.as_mapping().items() if name not in _NOT_KEPT
        }
        return Parameters(kept)

    def _bound(self, parameters: Parameters, call: ClientCall, client: Client) -> Parameters:
        if not call.proofs:
            return parameters
        said, proven = parameters.get(_DPOP_JKT), self._binding_of(call, client).jkt
        if said is not None and said != proven:
            raise InvalidRequest("dpop_jkt is not the key of the DPoP proof.")
        return Parameters({**parameters.as_mapping(), _DPOP_JKT: (proven,)})

    def _kept(self, pushed: Pushed, client: Client) -> OverLimit | None:
        """Keep it, unless its client has pushed too many."""
        now = self._clock.now()
        expires_at = now + timedelta(seconds=LIFETIME_SECONDS)

        def unit(tx: Tx) -> OverLimit | None:
            # In the name of a public client anybody pushes: strangers would use up its tries.
            if not client.metadata.is_public:
                over = self._limits.spend(tx, PUSHED_BY_CLIENT, client.client_id, now=now)
                if over is not None:
                    return over
            store.add(tx, pushed, now=now, expires_at=expires_at)
            return None

        return self._db.write(unit)

    def _count(self, call: ClientCall) -> None:
        address, now = call.actor.origin.address, self._clock.now()
        over = self._db.write(
            lambda tx: self._limits.spend(tx, PUSHED_BY_ADDRESS, address, now=now)
        )
        if over is not None:
            raise over

"""Token exchange (RFC 8693): what a request says, and the rules of who may exchange what.

Pure. Tokens are checked by the caller; here are values that somebody else has vouched for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from portero.protocol.oauth.errors import InvalidRequest, InvalidTarget
from portero.protocol.oauth.parameters import Parameters
from portero.protocol.oauth.scopes import OFFLINE_ACCESS, narrowed, read_scope

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  # a type
# A → B → C → D is a chain that somebody can still read in a log; more is a loop.
MAX_ACTORS: Final = 4


@dataclass(frozen=True, slots=True)
class ExchangeAsked:
    """`unverified_actor` is '' where the client acts without naming anybody else."""

    unverified_subject: str
    unverified_actor: str
    scope: tuple[str, ...]
    targets: tuple[str, ...]


def read_exchange(form: Parameters) -> ExchangeAsked:
    """§2.1; raises `InvalidRequest` and `InvalidTarget`."""
    subject = form.require("subject_token")
    if form.require("subject_token_type") != ACCESS_TOKEN:
        raise InvalidRequest("subject_token_type must be that of an access token.")
    if form.get("requested_token_type") not in {None, ACCESS_TOKEN}:
        raise InvalidRequest("requested_token_type must be that of an access token.")
    actor, actor_type = form.get("actor_token"), form.get("actor_token_type")
    if actor is None and actor_type is not None:
        raise InvalidRequest("actor_token_type was sent without actor_token.")
    if actor is not None and actor_type != ACCESS_TOKEN:
        raise InvalidRequest("actor_token_type must be that of an access token.")
    targets = (*form.each("resource"), *form.each("audience"))
    if len(set(targets)) > 1:
        # A token that is good at two places can be replayed by one at the other.
        raise InvalidTarget("more than one resource or audience")
    return ExchangeAsked(subject, actor or "", read_scope(form.get("scope")), targets[:1])


def may_exchange(
    *, client_id: str, default_resource: str, token_client_id: str, token_audience: str
) -> bool:
    """Whether a client may exchange a token: one that was issued to it, or one that somebody
    showed to the API that it is. Every other token is one that it should not have."""
    if token_client_id == client_id:
        return True
    return bool(default_resource) and token_audience == default_resource


def exchanged_scope(
    asked: Collection[str], *, held: Collection[str], open_to_client: Collection[str]
) -> tuple[str, ...]:
    """What the new token is for: never more than the old one, nor than the client may have at
    all. `offline_access` is not handed on. Raises `InvalidScope`."""
    within = [scope for scope in held if scope in open_to_client and scope != OFFLINE_ACCESS]
    return narrowed(asked or within, within=within)


def check_may_act(claims: Mapping[str, Any], acting: Mapping[str, str]) -> None:
    """§4.4: a token that says who may act for its subject is for nobody else. What is said and
    not understood is a demand that is not met. Raises `InvalidRequest`."""
    if "may_act" not in claims:
        return
    named = claims["may_act"]
    met = isinstance(named, Mapping) and bool(named)
    if not met or any(acting.get(name) != value for name, value in named.items()):
        raise InvalidRequest("The subject_token says that somebody else may act.")


def act_claim(actor: str, claims: Mapping[str, Any]) -> dict[str, Any]:
    """§4.1: the actor, and in it those who acted before. '' adds nobody, and forgets nobody.
    Raises `InvalidRequest` for a chain that is too long."""
    prior = claims.get("act")
    if not actor:
        return {"act": prior} if isinstance(prior, Mapping) else {}
    chain: dict[str, Any] = {"sub": actor}
    if isinstance(prior, Mapping):
        chain["act"] = prior
    depth, link = 0, chain
    while isinstance(link, Mapping):
        depth, link = depth + 1, link.get("act")  # type: ignore[assignment]  # ends at None
    if depth > MAX_ACTORS:
        raise InvalidRequest("Too many have acted for this subject already.")
    return {"act": chain}

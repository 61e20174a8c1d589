"""The authorization response as a value: a code or an error, plain or as a JWT."""

from __future__ import annotations

from dataclasses import replace

from portero.core.clients import Client
from portero.core.provider.authorize import rules
from portero.core.provider.authorize.model import Answer
from portero.core.provider.client_signer import ClientSigner
from portero.kit.ports import Clock
from portero.protocol.oauth.authorization_request import ReturnAddress
from portero.protocol.oauth.errors import OAuthRefusal
from portero.protocol.oauth.jarm import TYP, jarm_alg, jarm_claims
from portero.protocol.oauth.metadata_model import Encrypted


class Answers:
    def __init__(
        self,
        *,
        clock: Clock,
        signer: ClientSigner,
        issuer: str,
        registrants_trusted: bool = False,
    ) -> None:
        self._registrants_trusted = registrants_trusted
        self._clock = clock
        self._signer = signer
        self._issuer = issuer

    def refused_unseen(self, client: Client, back: ReturnAddress, refusal: OAuthRefusal) -> Answer:
        """For a person who has seen no page of ours: where nobody vouches for the application,
        a link to us must not be one to wherever its maker likes (RFC 9700 §4.11.2)."""
        answer = self.refused(client, back, refusal)
        known = rules.is_vouched_for(client, registrants_trusted=self._registrants_trusted)
        return replace(answer, by_itself=known)

    def refused(self, client: Client, back: ReturnAddress, refusal: OAuthRefusal) -> Answer:
        told = {"error": refusal.code, "error_description": refusal.description}
        return self.sealed(client, self.bare(back, told))

    def bare(self, back: ReturnAddress, parameters: dict[str, str]) -> Answer:
        """With `state` as it came, and `iss` in every answer (RFC 9207 §2)."""
        state = {"state": back.state} if back.state else {}
        return Answer(back, {**parameters, **state, "iss": self._issuer})

    def sealed(self, client: Client, answer: Answer) -> Answer:
        """As a JWT where the client asked for one (JARM), after the transaction: a signature is
        slow."""
        if not answer.back.response_mode.endswith("jwt"):
            return answer
        now, back = self._clock.now(), answer.back
        claims = jarm_claims(
            answer.parameters, issuer=self._issuer, client_id=client.client_id, now=now
        )
        alg = jarm_alg(client.metadata)
        told = self._signer.told(
            client, claims, kind=Encrypted.AUTHORIZATION, alg=alg, typ=TYP, now=now
        )
        return Answer(back, {"response": told})

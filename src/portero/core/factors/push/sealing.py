"""Subscriptions at rest: whoever has one may post to a person's browser, so it is sealed, and bound
to where it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from portero.core.factors.push import store
from portero.core.factors.push.model import Device, Question, Subscription
from portero.kit.db import Tx
from portero.kit.vault import Vault


@dataclass(frozen=True, slots=True)
class Sealing:
    vault: Vault

    def device(self, authenticator_id: str, subscription: Subscription) -> Device:
        context = _of_device(authenticator_id)
        return Device(authenticator_id, self.vault.seal(subscription.to_json(), context=context))

    def open_device(self, device: Device) -> Subscription:
        return self._read(device.sealed, _of_device(device.authenticator_id))

    def seal_question(self, request_id: str, subscription: Subscription) -> str:
        return self.vault.seal(subscription.to_json(), context=_of_question(request_id))

    def open_question(self, question: Question) -> Subscription:
        return self._read(question.sealed, _of_question(question.id))

    def resealed(self, device: Device) -> Callable[[Tx], int]:
        """What puts the device under the present SECRET_KEY; how many it changed."""
        if device.sealed.startswith(f"{self.vault.key_id}."):
            return lambda tx: 0
        new = self.device(device.authenticator_id, self.open_device(device)).sealed
        return lambda tx: int(store.reseal_device(tx, device, new=new))

    def _read(self, sealed: str, context: str) -> Subscription:
        return Subscription.read(json.loads(self.vault.open(sealed, context=context)))


def _of_device(authenticator_id: str) -> str:
    return f"push/{authenticator_id}"


def _of_question(request_id: str) -> str:
    return f"push-request/{request_id}"

"""Passkeys and security keys (WebAuthn Level 3).

Owns the tables `passkeys`, `passkey_users` (a random handle for each account) and
`spent_challenges`. Proves and enrols by the two shapes of `core/authenticators`; `core/login` signs
in with a passkey alone by its other verbs. What an answer must hold is in `protocol/webauthn`.
"""

from portero.core.factors.passkey.challenges import Challenges
from portero.core.factors.passkey.flows import Passkeys
from portero.core.factors.passkey.model import Passkey, PasskeyPolicy, Purpose
from portero.core.factors.passkey.offers import PasskeyOffers

__all__ = ["Challenges", "Passkey", "PasskeyOffers", "PasskeyPolicy", "Passkeys", "Purpose"]

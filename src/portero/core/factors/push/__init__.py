"""Push approval: a sign-in is answered on another device of the person's, by a Web Push message.

Owns the tables `push_keys` (this service's own key pair for push services), `push_subscriptions`
(where an enrolled browser takes messages), `push_requests` (questions that wait for an answer) and
`push_secrets` (one for each device that was asked). Proves and enrols for `core/login` and the
account pages, by the shapes of `core/authenticators`. Writes no text and sends nothing itself: a
message is a job of the outbox. What an answer does to the sign-in is decided in `core/login`.
"""

from portero.core.factors.push.answers import PushAnswers
from portero.core.factors.push.care import PushCare
from portero.core.factors.push.flows import PushFactor
from portero.core.factors.push.keys import VapidKeys
from portero.core.factors.push.model import (
    Asked,
    Decision,
    Purpose,
    PushMessage,
    Subscription,
)
from portero.core.factors.push.ports import Messenger, SubscriptionGone
from portero.core.factors.push.rules import PUSH_BY_ACCOUNT, PUSH_ENROLMENTS, PushServices
from portero.core.factors.push.sending import PUSH_MESSAGE, PushSending

__all__ = [
    "PUSH_BY_ACCOUNT",
    "PUSH_ENROLMENTS",
    "PUSH_MESSAGE",
    "Asked",
    "Decision",
    "Messenger",
    "Purpose",
    "PushAnswers",
    "PushCare",
    "PushFactor",
    "PushMessage",
    "PushSending",
    "PushServices",
    "Subscription",
    "SubscriptionGone",
    "VapidKeys",
]

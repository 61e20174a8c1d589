"""Why nothing is asked, and why an answer does not count."""

from __future__ import annotations

from portero.kit.refusals import Conflict, Invalid, Missing


class NoDeviceToAsk(Missing):
    code = "push_no_device"
    public = "None of your devices takes our messages any more. Choose another way."


class SubscriptionRefused(Invalid):
    """No subscription, or one at a push service that is not called."""

    code = "push_subscription_refused"
    public = "This browser's push service can't be used here. Try another browser."


class AlreadyEnrolled(Conflict):
    code = "push_already_enrolled"
    public = "This browser is set up already."


class TooManyDevices(Conflict):
    code = "push_devices_full"
    public = "There are too many devices. Remove one first."


class QuestionOver(Missing):
    """One and the same for a secret that never was, one that was used, and one that is too old."""

    code = "push_over"
    public = (
        "This request is over: it was answered, it took too long, or a newer one took its place."
    )


class WrongNumber(Invalid):
    code = "push_wrong_number"
    public = "That is not the number on the other screen. The request is over."

"""Why passwords refuse."""

from portero.kit.refusals import Busy, Invalid


class WeakPassword(Invalid):
    """The new password breaks the policy; `faults` say how, by stable codes."""

    code = "weak_password"
    public = "Choose another password."


class UnknownHashFormat(Invalid):
    """An imported hash is of no known format, malformed, or absurdly costly to check."""

    code = "unknown_hash_format"
    public = "This password hash has no known format, or its parameters are out of bounds."


class HashQueueFull(Busy):
    """More passwords wait to be hashed than the operator allows; nothing was done."""

    code = "hash_queue_full"
    public = "Too many people are signing in at once. Try again in a moment."

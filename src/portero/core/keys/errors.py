"""Why keys refuse."""

from portero.kit.refusals import Busy, Conflict


class NoSigningKey(Busy):
    """There is no key for the algorithm that may sign now."""

    code = "no_signing_key"


class RotationUnderWay(Conflict):
    """A next key is published already and becomes current by itself."""

    code = "rotation_under_way"
    public = "A next key is already published; it takes over by itself."

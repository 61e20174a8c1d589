"""Why the page of requests says no."""

from portero.kit.refusals import Missing


class RequestNotWaiting(Missing):
    """Answered already, expired, taken back, or meant for somebody else. Never says which."""

    code = "request_not_waiting"
    public = "This request does not wait for you any more."

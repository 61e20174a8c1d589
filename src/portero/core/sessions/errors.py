"""Why sessions refuse."""

from portero.kit.refusals import Missing, NotProven


class SessionEnded(NotProven):
    """The session is over: ended, idle for too long, or past its lifetime."""

    code = "session_ended"
    public = "You are signed out. Sign in again."


class NoSuchSession(Missing):
    """Not one of this account's live sessions."""

    code = "no_such_session"
    public = "This session does not exist, or has ended already."

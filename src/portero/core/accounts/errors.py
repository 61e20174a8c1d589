"""Why accounts refuse."""

from portero.kit.refusals import Conflict, Missing


class UsernameTaken(Conflict):
    """Another account has that name, in its normalised form."""

    code = "username_taken"
    public = "This username is taken."


class EmailTaken(Conflict):
    """Another account has proven that address. Only told to whoever holds the mailbox."""

    code = "email_taken"
    public = "This mail address belongs to another account."


class NoSuchAccount(Missing):
    """No account of that id or name."""

    code = "no_such_account"
    public = "There is no such account."

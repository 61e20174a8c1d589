"""Why clients refuse."""

from portero.kit.refusals import Busy, Conflict, Forbidden, Invalid, Missing


class NoSuchClient(Missing):
    """No client of that id."""

    code = "no_such_client"
    public = "There is no such client."


class ClientIdTaken(Conflict):
    """Another client has that id."""

    code = "client_id_taken"
    public = "This client id is taken."


class ClientIdReserved(Forbidden):
    """The id of the built-in client, which nobody can register, change or delete."""

    code = "client_id_reserved"
    public = "This client is built in."


class InvalidClientId(Invalid):
    """Not an id that a client can have."""

    code = "invalid_client_id"
    public = "A client id has up to 255 letters, digits and the characters . _ ~ -"


class ClientHasNoSecret(Conflict):
    """It proves itself without a secret, or not at all."""

    code = "client_has_no_secret"
    public = "This client does not use a secret."


class ClientChanged(Conflict):
    """Somebody else changed it at the same moment; nothing was done."""

    code = "client_changed"
    public = "This client was changed at the same moment. Look at it again."


class FirstPartyNotAllowed(Forbidden):
    """Only an operator says which clients are first-party."""

    code = "first_party_not_allowed"
    public = "Only an operator can make a client first-party."


class ClientKeysUnavailable(Busy):
    """Its `jwks_uri` does not answer, or not with keys."""

    code = "client_keys_unavailable"
    public = "Another service did not answer. Try again in a moment."

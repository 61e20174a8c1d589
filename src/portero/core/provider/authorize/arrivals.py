"""Authorization requests as they come in: from the client, from where it pushed them, and again
when the person is back."""

from __future__ import annotations

from portero.core.clients import Client, ClientCache
from portero.core.provider.authorize.model import Asked
from portero.core.provider.authorize.reading import RequestReader
from portero.core.provider.authorize.remote_objects import RemoteObjects
from portero.core.provider.codes import store as code_store
from portero.core.provider.errors import UnknownClient, UnusableReturnAddress, WaitingRequestOver
from portero.core.provider.par import REQUEST_URI_PREFIX, PushedRequests
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.secrets import fingerprint
from portero.protocol.oauth.authorization_request import ReturnAddress
from portero.protocol.oauth.errors import (
    InvalidRequest,
    OAuthRefusal,
    RequestUriNotSupported,
)
from portero.protocol.oauth.parameters import Parameters


class Arrivals:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        clients: ClientCache,
        reader: RequestReader,
        pushed: PushedRequests,
        remote: RemoteObjects | None = None,
    ) -> None:
        """`remote`: a `request_uri` may also be an address that the client registered."""
        self._db = db
        self._clock = clock
        self._clients = clients
        self._reader = reader
        self._pushed = pushed
        self._remote = remote

    def client_of(self, parameters: Parameters) -> Client:
        """The client that is named, and active; raises `UnknownClient`."""
        try:
            client_id = parameters.get("client_id")
        except OAuthRefusal as refusal:
            raise as_page(refusal) from refusal
        client = self._clients.find(client_id) if client_id else None
        if client is None or not client.is_active:
            raise UnknownClient("no such client, or a disabled one")
        return client

    def counting(self, client: Client, parameters: Parameters) -> tuple[Parameters, str]:
        """The parameters that count, and the pushed request that they come from ("" for none).
        May fetch what the client registered."""
        request_uri = parameters.get("request_uri")
        if request_uri is None:
            return self._reader.counting(client, parameters), ""
        if "request" in parameters:
            raise InvalidRequest("request and request_uri were both sent.")  # RFC 9101 §5
        if not request_uri.startswith(REQUEST_URI_PREFIX):
            return self._reader.counting(client, self._fetched(client, request_uri)), ""
        pushed = self._pushed.find(client.client_id, request_uri)
        return pushed.parameters, pushed.id

    def _fetched(self, client: Client, request_uri: str) -> Parameters:
        if self._remote is None:
            raise RequestUriNotSupported("not one of ours")
        unverified_object = self._remote.read(client, request_uri)
        return Parameters({"client_id": (client.client_id,), "request": (unverified_object,)})

    def back(self, handle: str, browser: str) -> Asked:
        """A request whose person is back; raises `WaitingRequestOver`."""
        now = self._clock.now()
        waiting = self._db.read(
            lambda tx: code_store.find_waiting(
                tx, fingerprint(handle), fingerprint(browser), now=now
            )
        )
        if waiting is None:
            raise WaitingRequestOver("unknown, expired, or begun in another browser")
        parameters = Parameters(waiting.parameters)
        client = self.client_of(parameters)
        try:
            back = self._reader.return_address(client, parameters)
            request = self._reader.request(client, parameters, back)
        except OAuthRefusal as refusal:
            # It was good when it began: the client was changed meanwhile.
            raise WaitingRequestOver(refusal.description) from refusal
        return Asked(
            client=client,
            parameters=parameters,
            request=request,
            pushed_id=waiting.pushed_id,
            began_at=waiting.created_at,
            waiting=waiting,
            handle=handle,
        )

    def known_return(self, client: Client, parameters: Parameters) -> ReturnAddress | None:
        """The address of these parameters, if it is good."""
        try:
            return self.return_address(client, parameters)
        except OAuthRefusal:
            return None

    def return_address(self, client: Client, parameters: Parameters) -> ReturnAddress:
        """Where the answer goes; raises `UnusableReturn`."""
        return self._reader.return_address(client, parameters)

    def new(
        self, client: Client, counting: Parameters, back: ReturnAddress, pushed_id: str
    ) -> Asked:
        """A request that begins now; raises an `OAuthRefusal` for the client."""
        if not pushed_id and client.metadata.require_pushed_authorization_requests:
            raise InvalidRequest("This client has to push its requests.")  # RFC 9126 §5
        return Asked(
            client=client,
            parameters=counting,
            request=self._reader.request(client, counting, back),
            pushed_id=pushed_id,
            began_at=self._clock.now(),
        )

    def use_pushed_in(self, tx: Tx, asked: Asked) -> None:
        """Use the pushed request up, in the transaction that ends it."""
        self._pushed.use_in(tx, asked.pushed_id, asked.client.client_id)


def as_page(refusal: OAuthRefusal) -> UnusableReturnAddress:
    """The refusal for a person whom no client can be told about."""
    return UnusableReturnAddress(refusal.detail, values={"why": refusal.description})

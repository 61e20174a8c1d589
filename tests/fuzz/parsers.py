"""What strangers' bytes reach first: each parser of ours, and what may come out of it.

A target takes bytes and says whether they were accepted. What its parser is documented to raise is
a refusal; whatever else is raised is a find. What must be true of what was accepted is asserted.
What is signed is signed here, as an attacker with a key of his own would: the parser behind the
signature is reached too. `corpus/NAME.txt` has the inputs that every run tries, one to a line.
"""

from __future__ import annotations

import ast
import base64
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from portero.core.accounts.names import email_key, normalised_username
from portero.kit.addresses import parsed_network
from portero.kit.refusals import Refusal
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwk import public_jwk
from portero.protocol.oauth.authorization_details import read_authorization_details
from portero.protocol.oauth.authorization_request import Rules, read_request, read_return
from portero.protocol.oauth.certificates import check_names, read_certificate
from portero.protocol.oauth.client_assertion import check_client_assertion, unverified_subject
from portero.protocol.oauth.client_keys import checked_jwks
from portero.protocol.oauth.client_metadata import (
    parse_client_metadata,
    stored_metadata,
    to_json,
)
from portero.protocol.oauth.errors import OAuthRefusal
from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.parameters import read_parameters
from portero.protocol.oauth.person_certificates import NameField, name_in
from portero.protocol.oauth.presented import presented
from portero.protocol.oauth.redirect_uris import check_redirect_uri, matches, told_to_people
from portero.protocol.oauth.request_object import with_request_object
from portero.protocol.webauthn.ceremonies import verify_assertion, verify_registration
from portero.protocol.webauthn.metadata import NoMetadata, verified_payload
from portero.protocol.webauthn.model import Attestation, CeremonyRefused, Party
from portero.protocol.webauthn.reading import read
from portero.web.addresses import client_address
from portero.web.strict import checked_head
from portero_guard.checks import check_access_token
from portero_guard.dpop import check_proof
from portero_guard.errors import Refused
from portero_guard.fetch import FetchFailed
from portero_guard.keys import json_answer, keys_of
from portero_guard.status_list import check_status_list

Target = Callable[[bytes], bool]

CORPUS: Final = Path(__file__).with_name("corpus")
ISSUER: Final = "https://auth.example.org"
NOW: Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
CHALLENGE: Final = base64.urlsafe_b64encode(b"c" * 32).rstrip(b"=").decode()
_KEY: Final = ec.derive_private_key(0xF022, ec.SECP256R1())
JWK: Final = {"kid": "k", **public_jwk(_KEY.public_key(), kid="k", alg=SigningAlg.ES256)}
_JWKS: Final = {"keys": [JWK]}
_PARTY: Final = Party("localhost", "Portero", ("http://localhost:8000",))
_CLIENT: Final = parse_client_metadata(
    {
        "redirect_uris": ["https://app.example/callback"],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": _JWKS,
    }
)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def compact(content: bytes) -> str:
    """A token of these bytes: signed where they are a header and a payload with a NUL between
    (JSON has none), else as they are."""
    header, separated, payload = content.partition(b"\0")
    if not separated:
        return content.decode("latin-1")
    signing_input = f"{_encoded(header)}.{_encoded(payload)}"
    r, s = decode_dss_signature(_KEY.sign(signing_input.encode(), ec.ECDSA(SHA256())))
    return f"{signing_input}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def access_token(content: bytes) -> bool:
    with suppress(Refused):
        check_access_token(
            compact(content),
            key_for=lambda kid, alg: _KEY.public_key(),
            expected_issuer=ISSUER,
            expected_audience=f"{ISSUER}/api",
            now=NOW,
        )
        return True
    return False


def dpop_proof(content: bytes) -> bool:
    with suppress(Refused):
        check_proof(
            [compact(content)],
            expected_method="POST",
            expected_urls={f"{ISSUER}/oauth/token"},
            now=NOW,
        )
        return True
    return False


def client_assertion(content: bytes) -> bool:
    with suppress(OAuthRefusal):
        unverified_subject(compact(content))
    with suppress(OAuthRefusal):
        check_client_assertion(
            compact(content),
            expected_client_id="app",
            expected_audiences={ISSUER},
            jwks=_JWKS,
            algorithms={"ES256"},
            now=NOW,
        )
        return True
    return False


def request_object(content: bytes) -> bool:
    """As a form carries it, in the way of authorization requests."""
    with suppress(OAuthRefusal):
        inner = with_request_object(
            read_parameters(f"client_id=app&request={compact(content)}"),
            client_id="app",
            client=_CLIENT,
            jwks=_JWKS,
            unsigned_allowed=True,
            expected_issuer=ISSUER,
            now=NOW,
        )
        _request(inner)
        return True
    return False


def status_list(content: bytes) -> bool:
    with suppress(Refused):
        check_status_list(
            compact(content).encode("latin-1", "replace"),
            key_for=lambda kid, alg: _KEY.public_key(),
            expected_issuer=ISSUER,
            expected_uri=f"{ISSUER}/status/1",
            now=NOW.timestamp(),
            leeway_seconds=0,
        )
        return True
    return False


def form(content: bytes) -> bool:
    """A request of a client, and the person's that it sends to us."""
    body, _, authorization = content.partition(b"\0")
    with suppress(OAuthRefusal):
        parameters = read_parameters(body.decode("latin-1"))
        presented(parameters, (authorization.decode("latin-1"),) if authorization else ())
    with suppress(OAuthRefusal):
        _request(read_parameters(body.decode("latin-1")))
        return True
    return False


def _request(parameters: Any) -> None:
    read_request(
        parameters,
        back=read_return(parameters, client_id="app", client=_CLIENT),
        client=_CLIENT,
        rules=Rules(
            scopes={"openid"},
            default_scope=("openid",),
            resources=(),
            detail_types={},
            prompts={"none", "login"},
        ),
    )


def redirect_uri(content: bytes) -> bool:
    """What was accepted leads for browsers, too, where it is said to lead."""
    text, accepted = content.decode("utf-8", "replace"), False
    for native in (False, True):
        with suppress(Unacceptable):
            uri = check_redirect_uri(text, native=native)
            accepted = True
            assert matches(text, text)
            assert text.isprintable()
            assert text.isascii()
            if uri.scheme in {"http", "https"}:
                other = urlsplit(text)
                assert (other.hostname or "") == uri.host.strip("[]")
                assert other.username is None
                assert told_to_people(text).startswith(uri.host)
    assert matches("http://127.0.0.1/callback", text) <= text.startswith("http://127.0.0.1")
    return accepted


def client_metadata(content: bytes) -> bool:
    """What is kept of a registration is read again as it was."""
    with suppress(Refusal, FetchFailed):
        metadata = parse_client_metadata(json_answer(content))
        assert stored_metadata(to_json(metadata)) == metadata
        return True
    return False


def key_set(content: bytes) -> bool:
    with suppress(FetchFailed):
        keys_of(json_answer(content))
    with suppress(FetchFailed, Unacceptable):
        checked_jwks(json_answer(content))
        return True
    return False


def authorization_details(content: bytes) -> bool:
    with suppress(OAuthRefusal):
        read_authorization_details(content.decode("utf-8", "replace"), types={}, allowed=())
        return True
    return False


def _credential(client_data: bytes, **response: bytes) -> dict[str, Any]:
    parts = {name: _encoded(value) for name, value in response.items()}
    return {
        "id": _encoded(b"i" * 16),
        "rawId": _encoded(b"i" * 16),
        "type": "public-key",
        "response": {"clientDataJSON": _encoded(client_data), **parts},
    }


def _client_data(kind: str) -> bytes:
    said = {"type": kind, "challenge": CHALLENGE, "origin": _PARTY.origins[0]}
    return json.dumps(said).encode()


def attestation(content: bytes) -> bool:
    """An attestation object: CBOR, with a COSE key within authenticator data."""
    with suppress(CeremonyRefused):
        verify_registration(
            read(_credential(_client_data("webauthn.create"), attestationObject=content)),
            expected_challenge=CHALLENGE,
            party=_PARTY,
            attestation=Attestation(),
        )
        return True
    return False


def client_data(content: bytes) -> bool:
    """And the credential around it, where the bytes are one."""
    accepted = False
    for credential in (_credential(content, attestationObject=b"\xa0"), _object(content)):
        with suppress(CeremonyRefused):
            verify_registration(
                read(credential),
                expected_challenge=CHALLENGE,
                party=_PARTY,
                attestation=Attestation(),
            )
            accepted = True
    return accepted


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        return dict(json_answer(content))
    except FetchFailed:
        return None


def assertion(content: bytes) -> bool:
    """The key is whatever was enrolled: the bytes say what."""
    data, _, key = content.partition(b"\0\0")
    with suppress(CeremonyRefused):
        answer = _credential(_client_data("webauthn.get"), authenticatorData=data, signature=key)
        verify_assertion(
            read(answer),
            expected_challenge=CHALLENGE,
            party=_PARTY,
            public_key=_encoded(key),
            backup_eligible=False,
        )
        return True
    return False


def fido_metadata(content: bytes) -> bool:
    blob, _, root = content.partition(b"\0")
    with suppress(NoMetadata):
        verified_payload(blob, root, NOW)
        return True
    return False


def certificate(content: bytes) -> bool:
    accepted = False
    for field in NameField:
        accepted |= bool(name_in(content, field))
    for name, value in (
        ("subject_dn", "CN=app,O=Example"),
        ("san_dns", "app.example"),
        ("san_uri", "https://app.example/"),
        ("san_ip", "192.0.2.1"),
        ("san_email", "app@example.org"),
    ):
        registered = {
            "redirect_uris": [],
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "tls_client_auth",
            f"tls_client_auth_{name}": value,
        }
        with suppress(OAuthRefusal):
            check_names(read_certificate(content), registered=parse_client_metadata(registered))
            accepted = True
    return accepted


def head(content: bytes) -> bool:
    """Lines as the server hands them on: the target, then one of each header."""
    target, *lines = content.split(b"\n")
    path, _, query = target.partition(b"?")
    pairs = [line.partition(b":")[::2] for line in lines]
    with suppress(Refusal):
        found = checked_head(
            raw_path=path,
            query=query,
            headers=[(name.lower(), value) for name, value in pairs],
            allowed_hosts=frozenset({b"auth.example.org"}),
        )
        assert found.path.startswith("/")
        assert not found.path.startswith("//")
        return True
    return False


def forwarded(content: bytes) -> bool:
    """The address of whoever came through a proxy: one, whatever the header says."""
    proxies = [parsed_network("10.0.0.0/8"), parsed_network("2001:db8::/32")]
    found = client_address("10.0.0.1", content.decode("latin-1").split("\n"), proxies)
    return bool(parsed_network(found))


def name(content: bytes) -> bool:
    """A name that was accepted is one that its own key names."""
    text, accepted = content.decode("utf-8", "replace"), False
    with suppress(Refusal):
        key = normalised_username(text).key
        assert normalised_username(key).key == key
        accepted = True
    with suppress(Refusal):
        key = email_key(text).key
        assert email_key(key).key == key
        accepted = True
    return accepted


TARGETS: Final[dict[str, Target]] = {
    target.__name__: target
    for target in (
        access_token,
        assertion,
        attestation,
        authorization_details,
        certificate,
        client_assertion,
        client_data,
        client_metadata,
        dpop_proof,
        fido_metadata,
        form,
        forwarded,
        head,
        key_set,
        name,
        redirect_uri,
        request_object,
        status_list,
    )
}


def corpus_of(target: str) -> list[bytes]:
    lines = (CORPUS / f"{target}.txt").read_text().splitlines()
    return [ast.literal_eval(line) for line in lines]

"""Both ceremonies with answers of a software authenticator: right ones, and each field turned."""

from __future__ import annotations

import random
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from portero.protocol.webauthn.ceremonies import (
    unverified_aaguid,
    verify_assertion,
    verify_registration,
)
from portero.protocol.webauthn.model import (
    Asserted,
    Attestation,
    CeremonyRefused,
    Known,
    Party,
    Reason,
    Registered,
)
from portero.protocol.webauthn.options import creation_options, request_options
from portero.protocol.webauthn.reading import read
from tests.support.software_authenticator import (
    ATTESTED,
    BACKED_UP,
    ELIGIBLE,
    EXTENDED,
    ORIGIN,
    PRESENT,
    VERIFIED,
    SoftwareAuthenticator,
    Twist,
    b64,
    new_key,
    unb64,
)

PARTY = Party("localhost", "Portero", (ORIGIN, "https://related.example"))
CHALLENGE = b64(b"0123456789abcdef0123456789abcdef")
OTHER_CHALLENGE = b64(b"another challenge of those bytes")


def to_create() -> dict[str, Any]:
    return creation_options(
        PARTY,
        challenge=CHALLENGE,
        user_handle=b64(b"handle"),
        user_name="ana",
        display_name="Ana",
        exclude=[],
        timeout_seconds=300,
        attested=False,
    )


def to_get() -> dict[str, Any]:
    return request_options(PARTY, challenge=CHALLENGE, allow=[], timeout_seconds=300)


def registered(answer: Any, attestation: Attestation | None = None) -> Registered:
    return verify_registration(
        read(answer),
        expected_challenge=CHALLENGE,
        party=PARTY,
        attestation=attestation or Attestation(),
    )


def asserted(answer: Any, kept: Registered) -> Asserted:
    return verify_assertion(
        read(answer),
        expected_challenge=CHALLENGE,
        party=PARTY,
        public_key=kept.public_key,
        backup_eligible=kept.backup_eligible,
    )


def refusal(answer: Any, kept: Registered | None = None, **more: Any) -> Reason:
    with pytest.raises(CeremonyRefused) as refused:
        registered(answer, **more) if kept is None else asserted(answer, kept)
    return refused.value.reason


@pytest.mark.parametrize("alg", [-7, -8, -257])
@pytest.mark.parametrize("synced", [False, True])
def test_a_passkey_is_made_and_used(alg: int, synced: bool) -> None:
    """Each algorithm that is asked for; what is kept of it is what is true of it."""
    device = SoftwareAuthenticator(alg=alg, synced=synced)
    kept = registered(device.create(to_create()))
    assert (kept.credential_id, kept.sign_count) == (device.id, 0)
    assert (kept.backup_eligible, kept.backed_up) == (synced, synced)
    assert kept.transports == ("internal", "hybrid")
    assert asserted(device.get(to_get()), kept) == Asserted(1, synced, synced)


def test_what_is_asked_for() -> None:
    """Verification of the person is required, and what is there already is left out."""
    known = Known("abc", ("usb",))
    made = creation_options(
        PARTY,
        challenge=CHALLENGE,
        user_handle="h",
        user_name="ana",
        display_name="",
        exclude=[known],
        timeout_seconds=300,
        attested=True,
    )
    assert [each["alg"] for each in made["pubKeyCredParams"]] == [-7, -8, -257]
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["excludeCredentials"] == [
        {"type": "public-key", "id": "abc", "transports": ["usb"]}
    ]
    assert made["attestation"] == "direct"
    assert made["user"]["displayName"] == "ana"
    assert to_create()["attestation"] == "none"
    assert to_get()["userVerification"] == "required"


TURNED: dict[str, tuple[Twist, Reason]] = {
    "another challenge": (Twist(challenge=OTHER_CHALLENGE), Reason.CHALLENGE),
    "a challenge with padding": (Twist(challenge=CHALLENGE + "="), Reason.CHALLENGE),
    "another origin": (Twist(origin="https://evil.example"), Reason.ORIGIN),
    "another port": (Twist(origin="http://localhost:8001"), Reason.ORIGIN),
    "a longer host": (Twist(origin="http://localhost.evil.example:8000"), Reason.ORIGIN),
    "an origin with a path": (Twist(origin=ORIGIN + "/"), Reason.ORIGIN),
    "an origin in a list": (Twist(client_data={"origin": [ORIGIN]}), Reason.ORIGIN),
    "no origin": (Twist(client_data={"origin": None}), Reason.ORIGIN),
    "in a frame": (Twist(client_data={"crossOrigin": True}), Reason.CROSS_ORIGIN),
    "in a frame, as text": (Twist(client_data={"crossOrigin": "false"}), Reason.CROSS_ORIGIN),
    "under another page": (
        Twist(client_data={"topOrigin": "https://evil.example"}),
        Reason.CROSS_ORIGIN,
    ),
    "under our own page": (Twist(client_data={"topOrigin": ORIGIN}), Reason.CROSS_ORIGIN),
    "another RP": (Twist(rp_id="evil.example"), Reason.RP_ID),
    "nobody there": (Twist(flags_off=PRESENT), Reason.NOT_PRESENT),
    "nobody verified": (Twist(flags_off=VERIFIED), Reason.NOT_VERIFIED),
    "a backup that can't be": (Twist(flags_on=BACKED_UP), Reason.BACKUP_FLAGS),
    "no JSON": (Twist(client_data_text=b"{"), Reason.MALFORMED),
    "a JSON list": (Twist(client_data_text=b"[]"), Reason.MALFORMED),
    "no text": (Twist(client_data_text=b"\xff\xfe"), Reason.MALFORMED),
    "a deep nest": (Twist(client_data_text=b"[" * 20_000), Reason.MALFORMED),
    "no challenge": (Twist(client_data={"challenge": None}), Reason.MALFORMED),
    "a challenge in a list": (Twist(client_data={"challenge": [CHALLENGE]}), Reason.MALFORMED),
    "a name twice": (
        Twist(
            client_data_text=(
                f'{{"type":"webauthn.get","challenge":"{CHALLENGE}",'
                f'"origin":"{ORIGIN}","origin":"x"}}'
            ).encode()
        ),
        Reason.MALFORMED,
    ),
}


@pytest.mark.parametrize("name", TURNED)
def test_a_turned_field_is_refused_at_both(name: str) -> None:
    """Signed by the right key all the same: it is the field that is wrong."""
    twist, reason = TURNED[name]
    device = SoftwareAuthenticator()
    assert refusal(device.create(to_create(), twist)) is reason
    kept = registered(device.create(to_create()))
    assert refusal(device.get(to_get(), twist), kept) is reason


def test_each_ceremony_has_its_own_answers() -> None:
    """What was signed to make a passkey signs nobody in, and the other way round."""
    device = SoftwareAuthenticator()
    kept = registered(device.create(to_create()))
    assert refusal(device.get(to_get(), Twist(type="webauthn.create")), kept) is Reason.WRONG_TYPE
    assert refusal(device.create(to_create(), Twist(type="webauthn.get"))) is Reason.WRONG_TYPE
    assert refusal(device.get(to_get(), Twist(type="payment.get")), kept) is Reason.WRONG_TYPE


def test_another_keys_signature_is_refused() -> None:
    """Of the same credential id."""
    device = SoftwareAuthenticator()
    kept = registered(device.create(to_create()))
    thief = SoftwareAuthenticator(credential_id=device.credential_id)
    assert refusal(thief.get(to_get()), kept) is Reason.SIGNATURE


@pytest.mark.parametrize("alg", [-7, -8, -257])
def test_any_changed_byte_is_refused(alg: int) -> None:
    """Of the authenticator's data or the signature, after it was signed."""
    device = SoftwareAuthenticator(alg=alg)
    kept = registered(device.create(to_create()))
    for member, at in (("signature", -1), ("signature", 5), ("authenticatorData", 36)):
        answer = device.get(to_get())
        content = bytearray(unb64(answer["response"][member]))
        content[at] ^= 1
        answer["response"][member] = b64(bytes(content))
        assert refusal(answer, kept) is Reason.SIGNATURE


@pytest.mark.parametrize("cut", [1, 10, 30, 36])
def test_cut_data_is_refused(cut: int) -> None:
    """At every place."""
    device = SoftwareAuthenticator()
    kept = registered(device.create(to_create()))
    assert refusal(device.get(to_get(), Twist(cut=cut)), kept) is Reason.MALFORMED
    made = device.create(to_create(), Twist(cut=cut))
    assert refusal(made) is Reason.MALFORMED


def test_bytes_at_the_end_are_refused() -> None:
    """And flags for what is not there."""
    device = SoftwareAuthenticator()
    kept = registered(device.create(to_create()))
    assert refusal(device.create(to_create(), Twist(tail=b"\0"))) is Reason.MALFORMED
    assert refusal(device.create(to_create(), Twist(flags_on=EXTENDED))) is Reason.MALFORMED
    assert refusal(device.create(to_create(), Twist(flags_off=ATTESTED))) is Reason.MALFORMED
    assert refusal(device.get(to_get(), Twist(tail=b"\0")), kept) is Reason.SIGNATURE
    assert refusal(device.get(to_get(), Twist(flags_on=ATTESTED)), kept) is Reason.SIGNATURE


def test_extensions_that_nobody_asked_for_are_tolerated() -> None:
    """WebAuthn L3 §7.2 step 18: outputs may come unasked, and members that we don't know."""
    device = SoftwareAuthenticator()
    told = Twist(flags_on=EXTENDED, tail=cbor2.dumps({"credProtect": 2}))
    made = device.create(to_create(), told)
    made["response"]["publicKeyAlgorithm"] = -7
    made["unheardOf"] = {"a": 1}
    kept = registered(made)
    assert asserted(device.get(to_get(), told), kept).sign_count == 1
    extra = Twist(client_data={"other_keys_can_be_added_here": "do not compare"})
    assert asserted(device.get(to_get(), extra), kept).sign_count == 2


def test_eligibility_for_backup_never_changes() -> None:
    """WebAuthn L3 §7.2 step 20."""
    device = SoftwareAuthenticator()
    kept = registered(device.create(to_create()))
    device.synced = True
    assert refusal(device.get(to_get()), kept) is Reason.BACKUP_FLAGS
    synced = SoftwareAuthenticator(synced=True)
    kept = registered(synced.create(to_create()))
    assert asserted(synced.get(to_get(), Twist(flags_off=BACKED_UP)), kept).backed_up is False
    gone = Twist(flags_off=BACKED_UP | ELIGIBLE)
    assert refusal(synced.get(to_get(), gone), kept) is Reason.BACKUP_FLAGS


@pytest.mark.parametrize("alg", [-35, -37, -65535, -50])
def test_an_algorithm_that_was_not_asked_for_is_refused(alg: int) -> None:
    """ES384, RSA-PSS, RSA with SHA-1, ML-DSA."""
    device = SoftwareAuthenticator(alg=alg, key=new_key(-35 if alg == -35 else -257))
    assert refusal(device.create(to_create())) is Reason.ALGORITHM


def test_a_key_of_another_kind_is_refused() -> None:
    """ES256 goes with P-256 (WebAuthn L3 §5.8.5), and an RSA key has 2048 bits or more."""
    other_curve = SoftwareAuthenticator(alg=-7, key=ec.generate_private_key(ec.SECP384R1()))
    assert refusal(other_curve.create(to_create())) is Reason.ALGORITHM
    other_kind = SoftwareAuthenticator(alg=-7, key=new_key(-257))
    assert refusal(other_kind.create(to_create())) is Reason.ALGORITHM
    short = SoftwareAuthenticator(alg=-257, key=rsa.generate_private_key(65537, 1024))
    assert refusal(short.create(to_create())) is Reason.ALGORITHM


def test_the_attested_id_is_the_one_beside_it() -> None:
    """Else somebody could register his key under another's id."""
    device = SoftwareAuthenticator()
    answer = device.create(to_create())
    answer["id"] = answer["rawId"] = b64(b"another id")
    assert refusal(answer) is Reason.CREDENTIAL_ID


ODD: tuple[Any, ...] = (None, "", 1, True, [], {}, "Ã", "a=", "a", "A" * 40_000, "%00")


@pytest.mark.parametrize("member", ["id", "rawId", "type", "response"])
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_odd_members_are_refused(member: str, odd: Any) -> None:
    """Whatever stands there; never an error of ours."""
    device = SoftwareAuthenticator()
    answer = {**device.create(to_create()), member: odd}
    assert refusal(answer) is Reason.MALFORMED
    del answer[member]
    assert refusal(answer) is Reason.MALFORMED


@pytest.mark.parametrize("member", ["clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_odd_answers_are_refused(member: str, odd: Any) -> None:
    """The same for what was signed; a text of the right alphabet fails as what it holds."""
    device = SoftwareAuthenticator()
    kept = registered(device.create(to_create()))
    answer = device.get(to_get())
    answer["response"][member] = odd
    decodes = isinstance(odd, str) and len(odd) == 40_000
    wrong = {"authenticatorData": Reason.RP_ID, "signature": Reason.SIGNATURE}
    expected = wrong.get(member, Reason.MALFORMED) if decodes else Reason.MALFORMED
    assert refusal(answer, kept) is expected
    del answer["response"][member]
    assert refusal(answer, kept) is Reason.MALFORMED


def test_no_credential_at_all_is_refused() -> None:
    """Nothing was signed."""
    assert refusal(None) is Reason.MALFORMED
    assert refusal({}) is Reason.MALFORMED


CBOR = (
    b"",
    b"\xa0",
    b"\x80",
    b"\xff",
    b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x81" * 20_000,
    cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": 2**40}),
    cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": "text"}),
    cbor2.dumps({"fmt": ["none"], "attStmt": 1, "authData": b"0" * 200}),
    cbor2.dumps({"fmt": "none", "attStmt": {}}),
)


@pytest.mark.parametrize("statement", CBOR, ids=lambda each: each[:8].hex())
def test_odd_statements_are_refused(statement: bytes) -> None:
    """No CBOR, deep CBOR, CBOR of something else; a number where bytes belong reserves nothing."""
    answer = SoftwareAuthenticator().create(to_create())
    answer["response"]["attestationObject"] = b64(statement)
    assert refusal(answer) in {Reason.MALFORMED, Reason.RP_ID}


def test_nothing_random_gets_through_or_breaks() -> None:
    """A thousand bytes changed, one at a time: each a refusal or the same credential."""
    device, dice = SoftwareAuthenticator(), random.Random(4)
    good = device.create(to_create())
    kept = registered(good)
    content = unb64(good["response"]["attestationObject"])
    for _ in range(1000):
        turned = bytearray(content)
        turned[dice.randrange(len(turned))] = dice.randrange(256)
        answer = {**good, "response": {**good["response"], "attestationObject": b64(bytes(turned))}}
        try:
            made = registered(answer)
        except CeremonyRefused:
            continue
        assert made.credential_id == kept.credential_id


# --- attestation --------------------------------------------------------------------------------


def test_where_none_is_demanded_none_will_do() -> None:
    """And where one is, no statement and a statement about itself will not."""
    demanded = Attestation(demanded=True)
    device = SoftwareAuthenticator()
    assert refusal(device.create(to_create()), attestation=demanded) is Reason.ATTESTATION
    device.attestation_key = device.key
    answer = device.create(to_create())
    assert registered(answer).credential_id == device.id
    assert refusal(answer, attestation=demanded) is Reason.ATTESTATION


def test_a_wrong_statement_is_refused_though_none_was_demanded() -> None:
    """Whoever sends one means it."""
    device = SoftwareAuthenticator(attestation_key=new_key(-7))
    assert refusal(device.create(to_create())) is Reason.ATTESTATION


def test_the_make_is_read() -> None:
    """For looking up what its attestation has to chain to."""
    device = SoftwareAuthenticator(aaguid=bytes(range(16)))
    made = device.create(to_create())
    assert unverified_aaguid(read(made)) == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert registered(made).aaguid == "00010203-0405-0607-0809-0a0b0c0d0e0f"

"""A login with a password by somebody who has enrolled a passkey, and enrolling one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import FactorKind, Given
from portero.core.factors.passkey.errors import PasskeyKnown
from portero.core.login.errors import OwesMore, WrongFactor
from portero.core.login.model import Wanted
from tests.support.authenticator_makers import (
    Maker,
    MetadataService,
    metadata_files,
    settings_of,
)
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.passkeys import AT_A_DOMAIN, enrol, owing, prove, session_of
from tests.support.racing import at_once, statuses
from tests.support.software_authenticator import (
    BACKED_UP,
    PRESENT,
    VERIFIED,
    SoftwareAuthenticator,
    Twist,
)

ANYBODY = Actor.anonymous(Origin())


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(**AT_A_DOMAIN)
    home.register()
    return home


@pytest.mark.parametrize(("synced", "method"), [(False, "hwk"), (True, "swk")])
def test_a_passkey_after_the_password(home: Home, synced: bool, method: str) -> None:
    """Ends in tokens of the level that no phisher reaches, and says how."""
    device = enrol(home, SoftwareAuthenticator(synced=synced))
    owed = owing(home)
    assert (owed["owed"], owed["factors"]) == ("second_factor", ["passkey"])
    options = owed["shown"]["public_key"]
    assert [each["id"] for each in options["allowCredentials"]] == [device.id]
    assert (options["rpId"], options["userVerification"]) == ("localhost", "required")
    answer = prove(home, owed, device.get(options))
    assert answer.status_code == 200, answer.text
    session = home.get("/me/sessions", answer.json["access_token"]).json["sessions"][0]
    assert (session["acr"], session["amr"]) == ("phr", ["pwd", method, "user", "mfa"])


REFUSED: dict[str, Twist] = {
    "another origin": Twist(origin="https://evil.example"),
    "in a frame": Twist(client_data={"crossOrigin": True}),
    "under another page": Twist(client_data={"topOrigin": "https://evil.example"}),
    "another RP": Twist(rp_id="evil.example"),
    "nobody verified": Twist(flags_off=VERIFIED),
    "nobody there": Twist(flags_off=PRESENT),
    "a backup that can't be": Twist(flags_on=BACKED_UP),
    "made instead of used": Twist(type="webauthn.create"),
    "cut": Twist(cut=7),
    "a challenge of one's own": Twist(challenge="A" * 75),
    "no challenge of ours": Twist(challenge="AA"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_turned_field_proves_nothing(home: Home, name: str) -> None:
    """It is refused, noted, and the sign-in stays where it was."""
    device = enrol(home)
    owed = owing(home)
    wrong = prove(home, owed, device.get(owed["shown"]["public_key"], REFUSED[name]))
    assert (wrong.status_code, wrong.json["code"]) == (422, "wrong_factor")
    failed = home.house.audit.list_entries(kind="login.failed")
    assert [entry.factor for entry in failed] == ["passkey"]
    again = owing(home)
    assert prove(home, again, device.get(again["shown"]["public_key"])).status_code == 200


@pytest.mark.parametrize("odd", [{}, {"id": 1}, {"id": "a", "rawId": "a", "response": {}}], ids=str)
def test_odd_credentials_prove_nothing(home: Home, odd: Any) -> None:
    """Whatever was sent; never an error of ours."""
    enrol(home)
    assert prove(home, owing(home), odd).status_code == 422


def test_an_answer_is_good_once(home: Home) -> None:
    """Also in a second sign-in of the same person, whatever the counter says."""
    device = enrol(home, SoftwareAuthenticator(counts=False))
    owed = owing(home)
    answer = device.get(owed["shown"]["public_key"])
    assert prove(home, owed, answer).status_code == 200
    assert prove(home, owing(home), answer).status_code == 422


def test_of_parallel_proofs_by_one_answer_one_succeeds(home: Home) -> None:
    """Twenty at once with the same auth_session and the same answer."""
    device = enrol(home, SoftwareAuthenticator(counts=False))
    owed = owing(home)
    answer = device.get(owed["shown"]["public_key"])
    answers = statuses(at_once(lambda nth: prove(home, owed, answer)))
    assert answers[200] == 1
    assert set(answers) <= {200, 401, 422, 429}


def test_an_answer_to_another_sign_in_is_worth_nothing(home: Home) -> None:
    """The challenge belongs to the sign-in that it was made for."""
    device = enrol(home)
    mine, theirs = owing(home), owing(home)
    answer = device.get(theirs["shown"]["public_key"])
    assert prove(home, mine, answer).status_code == 422
    assert prove(home, theirs, answer).status_code == 200


def test_a_challenge_grows_old(home: Home) -> None:
    """Ten minutes, as the sign-in itself."""
    device, session = SoftwareAuthenticator(), session_of(home)
    rooms = home.house.rooms
    shown = rooms.enrolment.begin(ANYBODY, session, FactorKind.PASSKEY)
    home.clock.let_pass(minutes=11)
    given = Given(credential=device.create(shown["public_key"]))
    with pytest.raises(WrongFactor):
        rooms.enrolment.finish(ANYBODY, session, FactorKind.PASSKEY, given, name="")


def test_another_accounts_passkey_proves_nothing(home: Home) -> None:
    """Eve answers Ana's challenge with her own."""
    enrol(home)
    home.register("eve")
    eves = enrol(home, username="eve")
    owed = owing(home)
    assert prove(home, owed, eves.get(owed["shown"]["public_key"])).status_code == 422


def test_another_handle_proves_nothing(home: Home) -> None:
    """An authenticator that says whose passkey it is, and means somebody else."""
    device = enrol(home)
    owed = owing(home)
    answer = device.get(owed["shown"]["public_key"], handle="c29tZWJvZHkgZWxzZQ")
    assert prove(home, owed, answer).status_code == 422


def test_a_copy_is_refused(home: Home) -> None:
    """Its counter goes back; that is told apart in the log."""
    device = enrol(home)
    for _ in range(2):
        owed = owing(home)
        assert prove(home, owed, device.get(owed["shown"]["public_key"])).status_code == 200
    owed = owing(home)
    copy = device.get(owed["shown"]["public_key"], Twist(sign_count=2))
    assert prove(home, owed, copy).status_code == 422
    (entry,) = home.house.audit.list_entries(kind="passkey.counter_back")
    assert entry.details["refused"] is True


def test_a_copy_is_noted_where_the_operator_says_so(make_home: MakeHome, home: Home) -> None:
    """Some authenticators count badly."""
    home = make_home(**AT_A_DOMAIN, PORTERO_PASSKEY_COUNTER="note")
    device = enrol(home)
    for count in (5, 5):
        owed = owing(home)
        answer = device.get(owed["shown"]["public_key"], Twist(sign_count=count))
        assert prove(home, owed, answer).status_code == 200
    (entry,) = home.house.audit.list_entries(kind="passkey.counter_back")
    assert entry.details["refused"] is False


def test_a_removed_passkey_proves_nothing(home: Home) -> None:
    """Neither in a sign-in that was under way."""
    device, other = enrol(home), SoftwareAuthenticator()
    owed = owing(home)
    rooms = home.house.rooms
    account_id = rooms.accounts.get_by_name("ana").id
    session = home.house.rooms.sessions.list_live(account_id)[0]
    enrol(home, other, session=session)
    first, _ = rooms.authenticators.list_of(account_id)
    rooms.authenticators.remove(Actor.operator(), account_id, first.id)
    assert prove(home, owed, device.get(owed["shown"]["public_key"])).status_code == 422


# --- enrolling ----------------------------------------------------------------------------------


def test_what_is_enrolled_is_excluded(home: Home) -> None:
    """Of one account; and every account has a handle of its own that says nothing about it."""
    device, session = enrol(home), session_of_passkey(home)
    shown = home.house.rooms.enrolment.begin(ANYBODY, session, FactorKind.PASSKEY)["public_key"]
    assert [each["id"] for each in shown["excludeCredentials"]] == [device.id]
    assert shown["user"]["id"] == device.user_handle
    assert session.account_id not in shown["user"]["id"]
    home.register("eve")
    eves = enrol(home, username="eve")
    assert eves.user_handle != device.user_handle


def session_of_passkey(home: Home) -> Any:
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    return home.house.rooms.sessions.list_live(account_id)[0]


def test_nobody_takes_a_passkey_over(home: Home) -> None:
    """Eve registers Ana's credential id with a key of her own: nothing is kept of it."""
    anas = enrol(home)
    home.register("eve")
    thief = SoftwareAuthenticator(credential_id=anas.credential_id)
    with pytest.raises(PasskeyKnown):
        enrol(home, thief, username="eve")
    rooms = home.house.rooms
    assert rooms.authenticators.list_of(rooms.accounts.get_by_name("eve").id) == ()


def test_cve_2022_42731_a_registration_is_not_replayed(home: Home) -> None:
    """django-mfa2: the same answer, again and after the passkey was removed."""
    rooms, session, device = home.house.rooms, session_of(home), SoftwareAuthenticator()
    shown = rooms.enrolment.begin(ANYBODY, session, FactorKind.PASSKEY)
    given = Given(credential=device.create(shown["public_key"]))
    made = rooms.enrolment.finish(ANYBODY, session, FactorKind.PASSKEY, given, name="")
    rooms.authenticators.remove(ANYBODY, session.account_id, made)
    with pytest.raises(WrongFactor):
        rooms.enrolment.finish(ANYBODY, session, FactorKind.PASSKEY, given, name="")
    assert rooms.authenticators.list_of(session.account_id) == ()


def test_an_answer_for_another_session_enrols_nothing(home: Home) -> None:
    """Nor one to a challenge that was made for proving."""
    rooms, device = home.house.rooms, SoftwareAuthenticator()
    mine, theirs = session_of(home), session_of(home)
    shown = rooms.enrolment.begin(ANYBODY, theirs, FactorKind.PASSKEY)
    given = Given(credential=device.create(shown["public_key"]))
    with pytest.raises(WrongFactor):
        rooms.enrolment.finish(ANYBODY, mine, FactorKind.PASSKEY, given, name="")


def test_of_parallel_enrolments_by_one_answer_one_succeeds(home: Home) -> None:
    """Twenty at once."""
    rooms, session, device = home.house.rooms, session_of(home), SoftwareAuthenticator()
    shown = rooms.enrolment.begin(ANYBODY, session, FactorKind.PASSKEY)
    given = Given(credential=device.create(shown["public_key"]))

    def finish(nth: int) -> bool:
        try:
            rooms.enrolment.finish(ANYBODY, session, FactorKind.PASSKEY, given, name="")
        except Exception:
            return False
        return True

    assert sum(at_once(finish)) == 1
    assert len(rooms.authenticators.list_of(session.account_id)) == 1


def test_who_has_none_enrols_one_on_the_way(home: Home) -> None:
    """An application wants the level that only a passkey reaches."""
    with pytest.raises(OwesMore) as refusal:
        home.house.rooms.sign_in.with_password(ANYBODY, "ana", PASSWORD, wanted=Wanted(acr="phr"))
    still = refusal.value.still
    assert (still.owed, still.factors) == ("enrol_factor", ("passkey",))
    body = {"auth_session": still.auth_session.reveal(), "factor": "passkey"}
    begun = home.post("/login/continue", **body, begin=True).json
    device = SoftwareAuthenticator()
    answer = prove(home, begun, device.create(begun["shown"]["public_key"]))
    assert answer.status_code == 200, answer.text
    owed = owing(home)
    assert prove(home, owed, device.get(owed["shown"]["public_key"])).status_code == 200


@pytest.mark.parametrize("wanted", ["denied", "not allowed", "not attested", "not in the metadata"])
def test_the_operator_chooses_the_makes(make_home: MakeHome, tmp_path: Path, wanted: str) -> None:
    """By AAGUID, and by what their attestation proves."""
    make = "00010203-0405-0607-0809-0a0b0c0d0e0f"
    service = MetadataService()
    files = settings_of(tmp_path, service.signed(b'{"entries":[]}'), service.root)
    direct = {"PORTERO_PASSKEY_ATTESTATION": "direct"}
    settings = {
        "denied": {"PORTERO_PASSKEY_DENIED_AAGUIDS": make},
        "not allowed": {**direct, "PORTERO_PASSKEY_ALLOWED_AAGUIDS": make.replace("0", "1")},
        "not attested": direct,
        "not in the metadata": files,
    }[wanted]
    home = make_home(**AT_A_DOMAIN, **settings)
    home.register()
    with pytest.raises(WrongFactor):
        enrol(home, SoftwareAuthenticator(aaguid=bytes(range(16))))


def test_a_make_that_proves_itself_is_enrolled(make_home: MakeHome, tmp_path: Path) -> None:
    """Its attestation chains to the root that the metadata has for it; another's does not, and of
    a make that was reported as broken nothing is believed."""
    make = bytes(range(16))
    for maker, reports, fits in (
        (Maker(make), [], True),
        (Maker(bytes(16)), [], False),
        (Maker(make), [{"status": "REVOKED"}], False),
    ):
        named = Maker(make) if not fits and not reports else maker
        home = make_home(**AT_A_DOMAIN, **metadata_files(tmp_path, named, reports))
        name = f"u{len(reports)}{int(fits)}"
        home.register(name)
        if fits:
            assert enrol(home, maker.authenticator(make), username=name).id
        else:
            with pytest.raises(WrongFactor):
                enrol(home, maker.authenticator(make), username=name)


def test_metadata_that_went_bad_since_the_start_is_a_refusal(
    make_home: MakeHome, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its certificate is over, or the file half replaced: nothing is enrolled, the log says why,
    and nobody sees an error of the server. Once it is sound again, it is taken."""
    make = bytes(range(16))
    maker = Maker(make)
    home = make_home(**AT_A_DOMAIN, **metadata_files(tmp_path, maker, []))
    home.register()
    blob = tmp_path / "blob.jwt"
    sound = blob.read_bytes()
    blob.write_bytes(sound[:-5])
    with pytest.raises(WrongFactor):
        enrol(home, maker.authenticator(make))
    assert "no passkey is enrolled" in caplog.text
    blob.write_bytes(sound)
    assert enrol(home, maker.authenticator(make)).id


def test_metadata_is_read_before_the_transaction_that_enrols(
    make_home: MakeHome, tmp_path: Path
) -> None:
    """Ten megabytes to verify would keep every other writer waiting: it is there when the answer
    comes."""
    make = bytes(range(16))
    maker = Maker(make)
    home = make_home(**AT_A_DOMAIN, **metadata_files(tmp_path, maker, []))
    home.register()
    rooms, device = home.house.rooms, maker.authenticator(make)
    session = session_of(home, "ana")
    begun = rooms.enrolment.begin(ANYBODY, session, FactorKind.PASSKEY)
    (tmp_path / "blob.jwt").unlink()
    given = Given(credential=device.create(begun["public_key"]))
    assert rooms.enrolment.finish(ANYBODY, session, FactorKind.PASSKEY, given, name="Key")


def test_at_an_address_there_are_no_passkeys(make_home: MakeHome) -> None:
    """They belong to a domain: nothing is offered that no browser can do."""
    home = make_home(PORTERO_SECOND_FACTOR="required")
    home.register()
    answer = home.post("/login", username="ana", password=PASSWORD)
    assert "passkey" not in answer.json["factors"]

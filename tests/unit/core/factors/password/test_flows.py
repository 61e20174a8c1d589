"""Choosing, keeping and proving passwords."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import unicodedata
from datetime import timedelta

import pytest
from werkzeug.security import generate_password_hash

from portero.core.factors.password import (
    HashQueueFull,
    PasswordPolicy,
    Passwords,
    StoredPassword,
    UnknownHashFormat,
    WeakPassword,
)
from portero.core.factors.password.ports import BreachedPasswords
from portero.kit.db import Database
from portero.outside.hashing import Argon2Params, HashPool
from tests.unit.core.factors.password.conftest import NOW, Times

GOOD = "seven green teapots sang"
OTHER = "eleven quiet harbours wept"


class Breached:
    def __init__(self, *known: str) -> None:
        self.known = known
        self.asked: list[str] = []

    def contains(self, password: str) -> bool:
        self.asked.append(password)
        return password in self.known


def made(
    db: Database,
    times: Times,
    hasher: HashPool,
    *,
    policy: PasswordPolicy | None = None,
    breach: BreachedPasswords | None = None,
) -> Passwords:
    return Passwords(
        db=db,
        clock=times,
        hasher=hasher,
        policy=policy or PasswordPolicy(),
        pause=times.pause,
        breach=breach,
    )


@pytest.fixture
def passwords(db: Database, times: Times, hasher: HashPool) -> Passwords:
    return made(db, times, hasher)


def refused(passwords: Passwords, text: str, **about: object) -> list[tuple[str, str]]:
    with pytest.raises(WeakPassword) as caught:
        passwords.check_new(text, **about)  # type: ignore[arg-type]  # keywords of check_new
    return [(fault.name, fault.code) for fault in caught.value.faults]


def keep(db: Database, passwords: Passwords, account_id: str, text: str) -> StoredPassword:
    encoded = passwords.hash(text)
    db.write(lambda tx: passwords.put_in(tx, account_id, encoded, now=NOW))
    return loaded(db, passwords, account_id)


def take_over(db: Database, passwords: Passwords, account_id: str, encoded: str) -> StoredPassword:
    db.write(lambda tx: passwords.import_in(tx, account_id, encoded, now=NOW))
    return loaded(db, passwords, account_id)


def loaded(db: Database, passwords: Passwords, account_id: str) -> StoredPassword:
    stored = db.read(lambda tx: passwords.load_in(tx, account_id))
    assert stored is not None
    return stored


def ssha(text: str) -> str:
    salt = os.urandom(8)
    raw = hashlib.sha1(text.encode() + salt).digest() + salt
    return "{SSHA}" + base64.b64encode(raw).decode()


def test_a_good_password_is_accepted(passwords: Passwords) -> None:
    """With everything that is known about the person."""
    passwords.check_new(GOOD, context=("alice", "alice@example.org"))


def test_faults_name_the_field_that_was_asked(passwords: Passwords) -> None:
    """So that a form can show them where they belong."""
    assert refused(passwords, "short", field="new_password") == [("new_password", "too_short")]


def test_surrogates_are_refused_as_a_fault(passwords: Passwords) -> None:
    """And not by an encoding error."""
    assert refused(passwords, GOOD + "\udfff") == [("password", "not_text")]


def test_a_breached_password_is_refused(db: Database, times: Times, hasher: HashPool) -> None:
    """After all rules that cost nothing."""
    passwords = made(db, times, hasher, breach=Breached(GOOD))
    assert refused(passwords, GOOD) == [("password", "breached")]


def test_a_password_that_is_refused_anyway_is_not_sent_around(
    db: Database, times: Times, hasher: HashPool
) -> None:
    """The breach service hears only of passwords that would be taken."""
    breach = Breached()
    refused(made(db, times, hasher, breach=breach), "short")
    assert breach.asked == []


def test_history_refuses_a_former_password(
    db: Database, times: Times, hasher: HashPool, account_id: str
) -> None:
    """The present one and the last few before it."""
    passwords = made(db, times, hasher, policy=PasswordPolicy(history=2))
    keep(db, passwords, account_id, GOOD)
    keep(db, passwords, account_id, OTHER)
    assert refused(passwords, GOOD, account_id=account_id) == [("password", "reused")]
    assert refused(passwords, OTHER, account_id=account_id) == [("password", "reused")]
    passwords.check_new("nine purple lanterns hum", account_id=account_id)


def test_history_knows_a_password_set_before_the_rule(
    db: Database, times: Times, hasher: HashPool, account_id: str
) -> None:
    """Switching the rule on covers the present password."""
    keep(db, made(db, times, hasher), account_id, GOOD)
    passwords = made(db, times, hasher, policy=PasswordPolicy(history=2))
    assert refused(passwords, GOOD, account_id=account_id) == [("password", "reused")]


def test_the_right_password_is_proven(
    db: Database, passwords: Passwords, account_id: str, times: Times
) -> None:
    """Without a replacement and without a wait."""
    proof = passwords.prove(GOOD, keep(db, passwords, account_id, GOOD))
    assert (proof.ok, proof.replacement, times.pauses) == (True, None, [])


def test_a_wrong_password_is_not(db: Database, passwords: Passwords, account_id: str) -> None:
    """One character differs."""
    assert not passwords.prove(GOOD + "!", keep(db, passwords, account_id, GOOD)).ok


def test_both_spellings_of_a_letter_prove_one_password(
    db: Database, passwords: Passwords, account_id: str
) -> None:
    """A Mac types é in two code points, a PC in one."""
    stored = keep(db, passwords, account_id, unicodedata.normalize("NFD", "café noir à la mer"))
    assert passwords.prove(unicodedata.normalize("NFC", "café noir à la mer"), stored).ok


@pytest.mark.parametrize("text", ["", "nobody's password", GOOD])
def test_nobody_has_no_password(passwords: Passwords, text: str) -> None:
    """Not even the text behind the stand-in hash opens an unknown account."""
    assert not passwords.prove(text, None).ok


@pytest.mark.parametrize("text", ["x" * 100_000, "\ud800"])
def test_what_no_password_can_be_is_refused_quietly(
    db: Database, passwords: Passwords, account_id: str, text: str
) -> None:
    """A megabyte or half a character is just a wrong password."""
    assert not passwords.prove(text, keep(db, passwords, account_id, GOOD)).ok


def test_a_damaged_hash_is_a_wrong_password(passwords: Passwords) -> None:
    """One broken row must not become an error page that tells accounts apart."""
    assert not passwords.prove(GOOD, StoredPassword("a", "$argon2id$?", "x", NOW, NOW)).ok


def test_an_imported_hash_is_upgraded_by_its_first_proof(
    db: Database, passwords: Passwords, account_id: str, hasher: HashPool
) -> None:
    """Import, prove, replace: from then on it is ours, with no reset and the same age."""
    stored = take_over(db, passwords, account_id, generate_password_hash(GOOD, "pbkdf2:sha256:9"))
    replacement = passwords.prove(GOOD, stored).replacement
    assert replacement is not None
    later = NOW + timedelta(hours=1)
    assert db.write(
        lambda tx: passwords.replace_in(
            tx, account_id, expected=stored.encoded, replacement=replacement, now=later
        )
    )
    upgraded = loaded(db, passwords, account_id)
    assert (upgraded.scheme, upgraded.changed_at) == (hasher.current_scheme, NOW)
    proof = passwords.prove(GOOD, upgraded)
    assert (proof.ok, proof.replacement) == (True, None)


def test_an_imported_hash_is_of_what_was_typed(
    db: Database, passwords: Passwords, account_id: str
) -> None:
    """The old system did not normalise; the upgraded hash does, for every keyboard."""
    typed = unicodedata.normalize("NFD", "café noir à la mer")
    proof = passwords.prove(typed, take_over(db, passwords, account_id, ssha(typed)))
    assert proof.ok
    assert proof.replacement is not None
    own = StoredPassword(account_id, proof.replacement, "argon2id:x", NOW, NOW)
    assert passwords.prove(unicodedata.normalize("NFC", typed), own).ok


def test_an_unknown_format_is_refused_at_import(
    db: Database, passwords: Passwords, account_id: str
) -> None:
    """And nothing is stored."""
    with pytest.raises(UnknownHashFormat):
        take_over(db, passwords, account_id, "md5$abc")
    assert db.read(lambda tx: passwords.load_in(tx, account_id)) is None


def test_only_our_own_hashes_means_no_wait(
    db: Database, passwords: Passwords, account_id: str, times: Times
) -> None:
    """A known and an unknown account fail by the same work alone."""
    passwords.prove("wrong", keep(db, passwords, account_id, GOOD))
    passwords.prove("wrong", None)
    assert times.pauses == []


def test_nobody_fails_as_slowly_as_the_slowest_hash_in_use(
    db: Database, passwords: Passwords, account_id: str, times: Times
) -> None:
    """While one account has a slow imported hash, an unknown one waits for about its time."""
    slow = generate_password_hash(GOOD, "pbkdf2:sha256:100000")
    stored = take_over(db, passwords, account_id, slow)
    passwords.prove("wrong", None)
    (pause,) = times.pauses
    began = passwords._hasher.verify("wrong", stored.encoded).seconds
    assert pause > began / 2


def test_a_quick_imported_hash_does_not_fail_quickly(
    db: Database, times: Times, account_id: str
) -> None:
    """{SSHA} takes microseconds: its failure lasts as long as our own hash, even when no account
    has one of those yet."""
    hasher = HashPool(params=Argon2Params(memory_kib=8192), threads=1)
    passwords = made(db, times, hasher)
    passwords.prove("wrong", take_over(db, passwords, account_id, ssha(GOOD)))
    (pause,) = times.pauses
    own = hasher.verify("", hasher.hash(GOOD)).seconds
    hasher.close()
    assert pause > own / 2


def test_somebody_elses_choice_has_to_be_changed(
    db: Database, passwords: Passwords, account_id: str
) -> None:
    """Set by an operator with `must_change`; the owner's own choice ends it."""
    first, second = passwords.hash(GOOD), passwords.hash(OTHER)
    db.write(lambda tx: passwords.put_in(tx, account_id, first, now=NOW, must_change=True))
    assert passwords.expired(loaded(db, passwords, account_id), NOW)
    assert db.write(
        lambda tx: passwords.replace_in(
            tx, account_id, expected=first, replacement=second, now=NOW, chosen=True
        )
    )
    assert not passwords.expired(loaded(db, passwords, account_id), NOW)


def test_a_chosen_replacement_is_remembered(
    db: Database, times: Times, hasher: HashPool, account_id: str
) -> None:
    """The history rule covers passwords that were changed, not only those that were set."""
    passwords = made(db, times, hasher, policy=PasswordPolicy(history=3))
    first, second = passwords.hash(GOOD), passwords.hash(OTHER)
    db.write(lambda tx: passwords.put_in(tx, account_id, first, now=NOW))
    later = NOW + timedelta(days=1)
    db.write(
        lambda tx: passwords.replace_in(
            tx, account_id, expected=first, replacement=second, now=later, chosen=True
        )
    )
    assert refused(passwords, GOOD, account_id=account_id) == [("password", "reused")]


def test_failures_that_wait_are_bounded(
    db: Database, times: Times, hasher: HashPool, account_id: str
) -> None:
    """The attack: fail again and again where slow imported hashes are in use. Each failure sleeps
    on a thread of the web, so that soon none is left; beyond the bound it is refused at once."""
    asleep, over = threading.Semaphore(0), threading.Event()

    def sleep(seconds: float) -> None:
        asleep.release()
        over.wait(30)

    passwords = Passwords(
        db=db, clock=times, hasher=hasher, policy=PasswordPolicy(), pause=sleep, most_at_once=2
    )
    take_over(db, passwords, account_id, generate_password_hash(GOOD, "pbkdf2:sha256:100000"))
    guessing = [threading.Thread(target=passwords.prove, args=(OTHER, None)) for _ in range(2)]
    for thread in guessing:
        thread.start()
        assert asleep.acquire(timeout=30)
    with pytest.raises(HashQueueFull) as refused:
        passwords.prove(OTHER, None)
    assert refused.value.retry_after_seconds == 1
    with pytest.raises(HashQueueFull):
        passwords.hash(GOOD)
    over.set()
    for thread in guessing:
        thread.join()
    assert not passwords.prove(OTHER, None).ok

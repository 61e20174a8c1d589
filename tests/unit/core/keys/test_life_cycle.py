"""A key is next, current, retired and gone, by its times alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from portero.core.audit import Actor
from portero.core.keys import store
from portero.core.keys.errors import NoSigningKey, RotationUnderWay
from portero.core.keys.model import KeyState
from portero.kit.secrets import Secret
from portero.kit.vault import Unsealable
from portero.protocol.jose.algorithms import SigningAlg

if TYPE_CHECKING:
    from tests.unit.core.keys.conftest import KeyHouse

ES256 = SigningAlg.ES256
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def states(house: KeyHouse) -> list[KeyState]:
    """Of all keys, the oldest first."""
    return [key.state(house.clock.now()) for key in house.keys.list_keys()]


def published(house: KeyHouse) -> list[str]:
    return [key["kid"] for key in house.ring.published_jwks(house.clock.now())]


def test_the_first_key_signs_at_once(house: KeyHouse) -> None:
    """There is no older set that anybody could have cached; and one is enough."""
    with pytest.raises(NoSigningKey):
        house.ring.signer(ES256, house.clock.now())
    (made,) = house.keys.keep((ES256,))
    assert house.ring.signer(ES256, house.clock.now()).kid == made.kid
    assert house.keys.keep((ES256,)) == []


def test_a_key_goes_its_way_by_the_clock_alone(house: KeyHouse) -> None:
    """Made a day before it signs; the old one is published until its last token has expired."""
    (first,) = house.keys.keep((ES256,))
    house.clock.at += 89 * DAY - MINUTE
    assert house.keys.keep((ES256,)) == []
    house.clock.at += MINUTE
    (second,) = house.keys.keep((ES256,))
    assert states(house) == [KeyState.CURRENT, KeyState.NEXT]
    assert house.ring.signer(ES256, house.clock.now()).kid == first.kid
    assert published(house) == [second.kid, first.kid]
    assert house.keys.keep((ES256,)) == []

    house.clock.at += DAY
    assert states(house) == [KeyState.RETIRED, KeyState.CURRENT]
    assert house.ring.signer(ES256, house.clock.now()).kid == second.kid
    assert published(house) == [second.kid, first.kid]

    house.clock.at += 15 * MINUTE
    assert states(house) == [KeyState.GONE, KeyState.CURRENT]
    assert published(house) == [second.kid]
    assert house.ring.verification_key(first.kid, house.clock.now()) is None


def test_rotating_publishes_first_and_only_once(house: KeyHouse) -> None:
    """`portero keys rotate` twice does not publish two."""
    house.keys.keep((ES256,))
    house.keys.rotate(Actor.operator(), ES256)
    assert states(house) == [KeyState.CURRENT, KeyState.NEXT]
    with pytest.raises(RotationUnderWay):
        house.keys.rotate(Actor.operator(), ES256)


def test_an_immediate_rotation_leaves_no_older_key(house: KeyHouse) -> None:
    """A key leaked: neither it nor the next one, which lay beside it, is trusted any more."""
    house.keys.keep((ES256,))
    house.keys.rotate(Actor.operator(), ES256)
    made = house.keys.rotate(Actor.operator(), ES256, immediately=True)
    assert states(house) == [KeyState.GONE, KeyState.GONE, KeyState.CURRENT]
    assert published(house) == [made.kid]


def test_an_immediate_rotation_ends_a_retired_key_too(house: KeyHouse) -> None:
    """The attack: the key that leaked retired a moment ago, and would be trusted for as long as a
    token lives: whoever has it signs on until then."""
    house.keys.keep((ES256,))
    house.keys.rotate(Actor.operator(), ES256)
    house.clock.at += DAY
    assert states(house) == [KeyState.RETIRED, KeyState.CURRENT]
    retired_at = house.keys.list_keys()[0].retires_at
    house.clock.at += MINUTE
    made = house.keys.rotate(Actor.operator(), ES256, immediately=True)
    assert states(house) == [KeyState.GONE, KeyState.GONE, KeyState.CURRENT]
    assert published(house) == [made.kid]
    assert house.keys.list_keys()[0].retires_at == retired_at


def test_what_a_former_key_signed_is_known_as_ours_unless_it_leaked(house: KeyHouse) -> None:
    """A hint may be years old. The attack: a leaked key makes one of today's date."""
    (first,) = house.keys.keep((ES256,))
    house.clock.at += 89 * DAY
    (second,) = house.keys.keep((ES256,))
    house.clock.at += 2 * DAY
    assert states(house) == [KeyState.GONE, KeyState.CURRENT]
    assert house.ring.former_key(first.kid) is not None
    third = house.keys.rotate(Actor.operator(), ES256, immediately=True)
    known = [house.ring.former_key(key.kid) is not None for key in (first, second, third)]
    assert known == [True, False, True]
    assert house.ring.former_key("unknown") is None


def test_a_rotation_in_time_does_not_lengthen_an_older_keys_life(house: KeyHouse) -> None:
    """What retired keeps the times that it had."""
    house.keys.keep((ES256,))
    house.keys.rotate(Actor.operator(), ES256)
    house.clock.at += DAY + MINUTE
    before = house.keys.list_keys()[0]
    house.keys.rotate(Actor.operator(), ES256)
    assert house.keys.list_keys()[0] == before


def test_algorithms_have_their_own_keys(house: KeyHouse) -> None:
    """Rotating one leaves the other alone."""
    house.keys.keep((ES256, SigningAlg.EDDSA))
    other = house.ring.signer(SigningAlg.EDDSA, house.clock.now()).kid
    house.keys.rotate(Actor.operator(), ES256, immediately=True)
    assert house.ring.signer(SigningAlg.EDDSA, house.clock.now()).kid == other


def test_two_processes_make_one_key(house: KeyHouse, old_secret: Secret) -> None:
    """The second to insert a generation is told, and takes the first one's."""
    other = house.under(old_secret)
    assert len(house.keys.keep((ES256,))) == 1
    assert other.keys.keep((ES256,)) == []
    assert other.ring.signer(ES256, house.clock.now()).kid == published(house)[0]


def test_another_process_hears_of_a_new_key(house: KeyHouse, old_secret: Secret) -> None:
    """Through the change feed; until then it signs with the one that it knows."""
    house.keys.keep((ES256,))
    other = house.under(old_secret)
    other.feed.poll()
    before = other.ring.signer(ES256, house.clock.now()).kid
    made = house.keys.rotate(Actor.operator(), ES256, immediately=True)
    assert other.ring.signer(ES256, house.clock.now()).kid == before
    other.feed.poll()
    assert other.ring.signer(ES256, house.clock.now()).kid == made.kid


def test_a_key_sealed_under_an_unknown_secret_does_not_open(
    house: KeyHouse, new_secret: Secret
) -> None:
    """SECRET_KEY was changed without its fallback: said clearly, and nothing signs."""
    house.keys.keep((ES256,))
    with pytest.raises(Unsealable):
        house.under(new_secret).ring.signer(ES256, house.clock.now())


def test_resealing_moves_the_keys_to_the_new_secret(
    house: KeyHouse, old_secret: Secret, new_secret: Secret
) -> None:
    """`portero keys reencrypt`: afterwards the fallback can go, and the key is the same one."""
    (made,) = house.keys.keep((ES256,))
    both = house.under(new_secret, old_secret)
    assert both.ring.signer(ES256, house.clock.now()).kid == made.kid
    assert both.keys.reseal() == 1
    assert both.keys.reseal() == 0
    alone = house.under(new_secret)
    assert alone.ring.signer(ES256, house.clock.now()).kid == made.kid
    with pytest.raises(Unsealable):
        house.under(old_secret).ring.signer(ES256, house.clock.now())


def test_a_sealed_key_opens_in_its_own_row_alone(house: KeyHouse) -> None:
    """Whoever can write to the database can't make one key sign under another's name."""
    house.keys.keep((ES256,))
    house.keys.rotate(Actor.operator(), ES256)
    first, second = house.keys.list_keys()
    sealed = {"private_sealed": second.private_sealed}
    to_first = store.signing_keys.update().where(store.signing_keys.c.kid == first.kid)
    house.db.write(lambda tx: tx.execute(to_first.values(sealed)))
    house.ring.reload()
    with pytest.raises(Unsealable):
        house.ring.signer(ES256, house.clock.now())

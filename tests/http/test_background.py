"""What a worker does by itself, seen from outside."""

from __future__ import annotations

from portero.background import Background
from portero.core.audit import Actor
from portero.protocol.jose.algorithms import SigningAlg
from tests.support.house import MakeHome


def test_a_worker_that_missed_a_rotation_learns_of_it(make_home: MakeHome) -> None:
    """The attack: a key leaked and was withdrawn while one worker stood still (a suspended
    machine), and the change was purged meanwhile. That worker must not trust the key for ever."""
    here, stood_still = make_home(), make_home()
    here.register()
    stolen = stood_still.log_in()["access_token"]
    here.house.keys.rotate(Actor.operator(), SigningAlg.ES256, immediately=True)
    for home in (here, stood_still):
        home.clock.let_pass(minutes=1)
    here.clock.let_pass(hours=1)
    assert here.house.feed.purge() > 0
    here.clock.let_pass(hours=-1)
    background = Background(stood_still.house)
    background.hear()
    assert stood_still.get("/protected", stolen).status_code == 200
    background.care()
    assert stood_still.get("/protected", stolen).status_code == 401
    assert stood_still.get("/protected", stood_still.log_in()["access_token"]).status_code == 200

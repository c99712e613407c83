"""The memory for ids that came: exact for what is near, small for ever."""

from __future__ import annotations

import sys
from random import Random

from conduix.mesh.envelope import Envelopes, Seen
from conduix.v1 import mesh_service_pb2 as pb


def test_what_came_once_is_known_however_it_is_reordered() -> None:
    dice, seen = Random(7), Seen()
    ids = [f"k1.{number}" for number in range(1, 3000)]
    dice.shuffle(ids)
    assert not any(seen.again(each) for each in ids)
    dice.shuffle(ids)
    assert all(seen.again(each) for each in ids)


def test_ids_of_an_envelope_are_all_new() -> None:
    envelopes: Envelopes[pb.AgentMessage] = Envelopes("k2.7")
    seen = Seen()
    for _ in range(10_000):
        message = envelopes.wrap(pb.AgentMessage())
        assert not seen.again(message.id)
        assert seen.again(message.id)


def test_it_stays_small() -> None:
    seen = Seen()
    for number in range(1, 100_000):
        seen.again(f"k.{number}")
    assert sys.getsizeof(seen._window) < 1024
    assert not seen._others
    for number in range(5000):
        seen.again(f"stranger {number}")
    assert len(seen._others) == 1000


def test_what_is_too_old_to_be_known_counts_as_seen() -> None:
    seen = Seen()
    seen.again("k.5000")
    assert seen.again("k.1")
    assert not seen.again("k.4999")
    assert not seen.again("k.999999999999999")
    assert seen.again("k.5000")


def test_other_ids_are_known_as_well() -> None:
    seen = Seen()
    for each in ("", "a", ".5", "k.", "k.x", "k.1", "other.1", f"k.{'9' * 40}"):
        assert not seen.again(each)
        assert seen.again(each)

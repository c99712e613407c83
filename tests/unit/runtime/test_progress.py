"""What is known between barriers: positions, finished shards, ledger and state, as they come from answers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from conduix.engine.api import Fence, Prepared, Shard, Snapshot
from conduix.engine.runtime.actor import Ack
from conduix.engine.runtime.checkpoint import Checkpoint, Cut, state_key
from conduix.engine.runtime.progress import Progress

CUT = Cut("d", {"a": [("a/0", {"end": 5}), ("a/1", {"end": 5}), ("a/2", {"end": 5})], "b": [("b/0", {"end": 9})]})
ZERO = Checkpoint(0, Fence(1, 1), "d", "complete", {}, [], {}, {})


class Blobs(dict[str, bytes]):
    async def put(self, key: str, data: bytes) -> None:
        self[key] = data


async def absorbed(progress: Progress, n: int, acks: Mapping[str, Ack], blobs: Blobs | None = None) -> Checkpoint:
    await progress.absorb(n, acks, (blobs if blobs is not None else Blobs()).put)
    return progress.record(n, Fence(1, 1), "d", acks, final=False, at=1.0)


def test_at_the_beginning_every_shard_is_held_from_its_start() -> None:
    progress = Progress(CUT, ZERO)
    assert progress.held("a") == (
        [Shard("a/0", {"end": 5}), Shard("a/1", {"end": 5}), Shard("a/2", {"end": 5})],
        {"a/0": None, "a/1": None, "a/2": None},
    )
    assert progress.held("b")[1] == {"b/0": None}


async def test_positions_and_ledgers_are_taken_in_and_untouched_shards_stay_as_they_were() -> None:
    progress = Progress(CUT, ZERO)
    await absorbed(progress, 1, {"a": Ack({"a/0": {"a": (2, 0, 0, 0)}}, {"a/0": {"offset": 2}})})
    out = Ack({"a/0": {"out": (2, 0, 0, 0)}}, prepared=Prepared({"length": 2}, pending=False))
    record = await absorbed(progress, 2, {"b": Ack({}, {"b/0": {"offset": 1}}), "out": out})
    assert record.shards["a/0"].position == {"offset": 2}
    assert record.shards["a/0"].ledger == {"a": (2, 0, 0, 0), "out": (2, 0, 0, 0)}
    assert record.shards["b/0"].position == {"offset": 1}
    assert "a/1" not in record.shards
    assert record.nodes == {"out": {"length": 2}}
    again = Progress(CUT, record)
    assert again.held("a")[1] == {"a/0": {"offset": 2}, "a/1": None, "a/2": None}
    assert again.base.shards["a/0"] == record.shards["a/0"].ledger


async def test_a_finished_shard_leaves_its_counts_and_nothing_else() -> None:
    progress, blobs = Progress(CUT, ZERO), Blobs()
    acks = {
        "count": Ack({}, state={"a/0": Snapshot(True, b"5"), "a/2": Snapshot(True, b"1")}),
        "a": Ack({"a/0": {"a": (5, 0, 0, 0)}, "a/2": {"a": (1, 0, 0, 0)}}, {"a/2": {"offset": 1}}, ("a/0", "a/1")),
    }
    record = await absorbed(progress, 1, acks, blobs)
    assert record.finished == [(0, 1)]
    assert set(record.shards) == {"a/2"}
    assert record.totals == {"a": (5, 0, 0, 0)}
    assert progress.state("count") == {"a/2": [state_key("count", "a/2", 1, b"1")]}
    record = await absorbed(progress, 2, {"a": Ack({}, {"a/0": {"offset": 5}}, ("a/0", "a/1"))})
    assert set(record.shards) == {"a/2"}, "a source that goes on naming it does not bring it back"
    assert [s.id for s in Progress(CUT, record).held("a")[0]] == ["a/2"]


async def test_a_base_replaces_and_a_delta_follows() -> None:
    progress, blobs = Progress(CUT, ZERO), Blobs()
    for n, (base, blob) in enumerate([(True, b"10"), (False, b"11"), (False, b"12"), (True, b"20"), (False, b"21")], 1):
        await absorbed(progress, n, {"count": Ack({}, state={"a/0": Snapshot(base, blob)})}, blobs)
        if n == 3:
            assert [blobs[k] for k in progress.state("count")["a/0"]] == [b"10", b"11", b"12"]
    assert [blobs[k] for k in progress.state("count")["a/0"]] == [b"20", b"21"]
    assert progress.state("other") == {}


async def test_state_is_stored_before_any_record_names_it() -> None:
    class Full(Blobs):
        async def put(self, key: str, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    progress = Progress(CUT, ZERO)
    with pytest.raises(OSError, match="No space"):
        await absorbed(progress, 1, {"count": Ack({}, state={"a/0": Snapshot(True, b"1")})}, Full())
    assert progress.state("count") == {}


async def test_a_shard_that_was_never_cut_is_a_fault() -> None:
    with pytest.raises(KeyError, match="a/9"):
        await absorbed(Progress(CUT, ZERO), 1, {"a": Ack({}, {"a/9": {"offset": 1}})})

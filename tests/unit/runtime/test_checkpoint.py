"""The local store: torn, flipped, fenced, pruned; and what a run does with a checkpoint that does not verify."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduix.engine.api import Fence
from conduix.engine.files import Files
from conduix.engine.runtime.checkpoint import (
    KEPT,
    Checkpoint,
    Cut,
    LocalStore,
    ShardRecord,
    compress,
    expand,
    state_key,
)
from conduix.engine.runtime.sealed import seal
from conduix.errors import CheckpointDamaged, FenceLost, SystemicError

FENCE = Fence(1, 1)


def record(n: int, *, prepared: bool = False, fence: Fence = FENCE, blobs: list[str] | None = None) -> Checkpoint:
    shards = {"in/0": ShardRecord({"offset": n * 10}, {"in": (n * 10, 0, 0, 0)}, {"count": blobs or []})}
    phase: Literal["prepared", "complete"] = "prepared" if prepared else "complete"
    return Checkpoint(n, fence, "d", phase, shards, [(0, 3)], {"in": (4, 0, 0, 0)}, {"out": {"length": n}}, at=1.0)


async def claimed(directory: Path, fence: Fence = FENCE) -> LocalStore:
    store = LocalStore(directory, Files())
    await store.claim(fence)
    return store


async def filled(directory: Path, upto: int = 3) -> LocalStore:
    store = await claimed(directory)
    await store.save_cut(Cut("d", {"in": [("in/0", {"end": 9})]}))
    for n in range(upto + 1):
        await store.save(record(n))
    return store


def files(directory: Path, pattern: str) -> list[Path]:
    return sorted(directory.glob(pattern))


def damages(data: bytes) -> list[bytes]:
    """Torn at every byte, and one bit flipped in every byte."""
    return [data[:at] for at in range(len(data))] + [
        data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :] for at in range(len(data))
    ]


async def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    store = await filled(tmp_path)
    assert await LocalStore(tmp_path, Files()).load() == record(3)
    assert await store.load(at_most=2) == record(2)
    assert store.damaged == []


async def test_every_damage_of_the_newest_record_steps_back_by_one(tmp_path: Path) -> None:
    store = await filled(tmp_path)
    newest = tmp_path / "ckpt-0000000003"
    for data in damages(newest.read_bytes()):
        newest.write_bytes(data)
        assert await store.load() == record(2), data
        assert store.damaged == ["ckpt-0000000003"]


async def test_it_never_skips_ahead(tmp_path: Path) -> None:
    """Asked for 2 at most, a damaged 2 leads to 1, never to the valid 3."""
    store = await filled(tmp_path)
    (tmp_path / "ckpt-0000000002").write_bytes(b"")
    assert await store.load(at_most=2) == record(1)
    assert await store.load() == record(3)


async def test_all_damaged_is_none_and_says_which(tmp_path: Path) -> None:
    store = await filled(tmp_path)
    for path in files(tmp_path, "ckpt-*"):
        path.write_bytes(b"{}")
    assert await store.load() is None
    assert store.damaged == ["ckpt-0000000003", "ckpt-0000000002", "ckpt-0000000001"]


async def test_a_damaged_record_whose_sinks_may_have_committed_is_no_step_back(tmp_path: Path) -> None:
    store = await filled(tmp_path)
    await store.save(record(4, prepared=True))
    await store.save(record(4))
    (tmp_path / "ckpt-0000000004").write_bytes(b"torn")
    with pytest.raises(CheckpointDamaged, match="may have been committed"):
        await store.load()
    assert await store.load(at_most=3) == record(3), "a sink that says 3 knows that 4 was not committed"
    assert store.newest() == record(3), "looking is no going back"


async def test_every_damage_of_the_cut_is_told(tmp_path: Path) -> None:
    store = await filled(tmp_path)
    cut = tmp_path / "cut"
    whole = cut.read_bytes()
    for data in damages(whole):
        cut.write_bytes(data)
        with pytest.raises(CheckpointDamaged, match="the list of shards is lost"):
            await store.load_cut()
    cut.unlink()
    with pytest.raises(CheckpointDamaged, match="is gone"):
        await store.load_cut()
    cut.write_bytes(whole)
    assert await store.load_cut() == Cut("d", {"in": [("in/0", {"end": 9})]})


async def test_nothing_started_is_no_damage(tmp_path: Path) -> None:
    store = await claimed(tmp_path / "new")
    assert await store.load_cut() is None
    assert await store.load() is None
    assert await store.newest_n() is None


async def test_what_another_version_wrote_is_refused_by_name(tmp_path: Path) -> None:
    store = await filled(tmp_path)
    path = tmp_path / "ckpt-0000000003"
    path.write_bytes(seal({"n": "three"}))
    with pytest.raises(CheckpointDamaged, match="ckpt-0000000003 was written by another version"):
        await store.load()


async def test_what_cannot_be_read_is_an_error_of_the_disk_not_a_damage(tmp_path: Path) -> None:
    store = await filled(tmp_path)
    path = tmp_path / "ckpt-0000000003"
    path.unlink()
    path.mkdir()
    with pytest.raises(SystemicError, match="cannot read the checkpoint"):
        await store.load()


async def test_only_the_higher_fence_claims(tmp_path: Path) -> None:
    await claimed(tmp_path, Fence(2, 3))
    for lower in (Fence(2, 2), Fence(1, 9)):
        with pytest.raises(FenceLost, match="belongs to run 2, start 3"):
            await claimed(tmp_path, lower)
    await claimed(tmp_path, Fence(2, 3))
    await claimed(tmp_path, Fence(3, 1))


async def test_the_old_owner_writes_nothing_more(tmp_path: Path) -> None:
    old = await filled(tmp_path)
    await claimed(tmp_path, Fence(1, 2))
    with pytest.raises(FenceLost):
        await old.save(record(4))
    with pytest.raises(FenceLost):
        await old.save(record(4, fence=Fence(1, 2)))
    assert await old.load() == record(3)


async def test_without_a_claim_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(FenceLost):
        await LocalStore(tmp_path, Files()).save(record(0))


async def test_a_damaged_fence_does_not_let_an_older_owner_in(tmp_path: Path) -> None:
    store = await claimed(tmp_path, Fence(4, 2))
    await store.save(record(1, fence=Fence(4, 2)))
    (tmp_path / "fence").write_bytes(b"?")
    with pytest.raises(FenceLost):
        await claimed(tmp_path, Fence(4, 1))
    await claimed(tmp_path, Fence(4, 3))


async def test_the_last_three_are_kept_and_leftovers_go(tmp_path: Path) -> None:
    store = await filled(tmp_path)
    (tmp_path / "ckpt-0000000002.tmp").write_bytes(b"half")
    await store.save(record(4, prepared=True))
    await store.save(record(4))
    await store.save(record(5))
    assert [path.name for path in files(tmp_path, "ckpt-*")] == [
        "ckpt-0000000003",
        "ckpt-0000000004",
        "ckpt-0000000004.commits",
        "ckpt-0000000005",
    ]
    for n in range(6, 6 + KEPT):
        await store.save(record(n))
    assert len(files(tmp_path, "ckpt-*")) == KEPT


async def test_records_given_up_are_not_gone_on_from_but_their_numbers_are_taken(tmp_path: Path) -> None:
    store = await filled(tmp_path)
    await store.save(record(4, prepared=True))
    await store.discard_after(2)
    for again in (store, LocalStore(tmp_path, Files())):
        assert await again.load() == record(2)
        assert await again.newest_n() == 4
    await store.discard_after(2)
    await store.save(record(5))
    assert await store.newest_n() == 5
    assert not files(tmp_path, "*.void")


async def test_records_that_never_committed_do_not_push_out_the_one_that_did(tmp_path: Path) -> None:
    """A sink-held commit that fails again and again prepares a new record each time."""
    store = await filled(tmp_path)
    for n in range(4, 10):
        await store.save(record(n, prepared=True))
        await store.discard_after(3)
    assert await store.load(at_most=3) == record(3)


async def test_a_number_that_was_only_begun_is_taken(tmp_path: Path) -> None:
    store = await filled(tmp_path)
    (tmp_path / "ckpt-0000000007.tmp").write_bytes(b"half")
    assert await store.newest_n() == 7


async def test_blobs_live_as_long_as_a_record_names_them(tmp_path: Path) -> None:
    store = await claimed(tmp_path)
    keys = []
    for n in range(6):
        keys.append(state_key("count", "in/0", n, b"%d" % n))
        await store.put_blob(keys[-1], b"%d" % n)
        await store.save(record(n, blobs=keys[max(0, n - 1) :]))  # a base and a delta
    here = {path.name[5:] for path in files(tmp_path, "blob-*")}
    assert here == set(keys[2:])
    assert await store.get_blob(keys[4]) == b"4"


async def test_a_new_process_keeps_the_blobs_of_records_that_it_did_not_write(tmp_path: Path) -> None:
    store = await claimed(tmp_path)
    key = state_key("count", "in/0", 1, b"old")
    await store.put_blob(key, b"old")
    await store.save(record(1, blobs=[key]))
    after = await claimed(tmp_path, Fence(1, 2))
    for n in (2, 3):
        await after.save(record(n, fence=Fence(1, 2)))
        assert await after.get_blob(key) == b"old"
    await after.save(record(4, fence=Fence(1, 2)))
    with pytest.raises(CheckpointDamaged):
        await after.get_blob(key)


async def test_every_damage_of_a_blob_is_told(tmp_path: Path) -> None:
    store = await claimed(tmp_path)
    key = state_key("count", "in/0", 1, b"the state")
    await store.put_blob(key, b"the state")
    for data in damages(b"the state"):
        (tmp_path / f"blob-{key}").write_bytes(data)
        with pytest.raises(CheckpointDamaged, match="does not verify"):
            await store.get_blob(key)
    empty = state_key("count", "in/0", 1, b"")
    with pytest.raises(CheckpointDamaged):
        await store.get_blob(empty)


@given(st.sets(st.integers(0, 300)))
def test_ranges_of_finished_shards(indexes: set[int]) -> None:
    ranges = compress(sorted(indexes))
    assert expand(ranges) == indexes
    assert all(one[1] + 1 < other[0] for one, other in pairwise(ranges)), "not the shortest"


@given(st.builds(record, st.integers(0, 10**9), prepared=st.booleans()))
def test_a_record_is_json(made: Checkpoint) -> None:
    assert msgspec.json.decode(msgspec.json.encode(made), type=Checkpoint) == made

"""Dealing shards: over any cut and any positions nothing is lost or held twice, and no number is used again."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conduix.engine import failpoints
from conduix.engine.api import Fence
from conduix.engine.catalog import default_catalog
from conduix.engine.deal import Deal
from conduix.engine.failpoints import OF_A_DEAL, InjectedError
from conduix.engine.files import Files
from conduix.engine.runtime.balance import balance
from conduix.engine.runtime.checkpoint import Checkpoint, Cut, LocalStore, ShardRecord, compress, expand, state_key
from conduix.engine.runtime.gathered import replicas_of
from conduix.engine.runtime.ledger import merge
from conduix.errors import CheckpointDamaged, FenceLost, ScaleRefused, StateBusy
from conduix.spec.loading import load_or_raise
from conduix.spec.model import PipelineSpec

FILES = Files()


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints._armed.clear()


def spec_of(sink: str = "type: drop", more: str = "") -> PipelineSpec:
    text = f"name: p\n{more}\nsource: {{id: in, type: file, path: in.jsonl}}\nsink: {{id: out, {sink}}}\n"
    return load_or_raise(text, file="p", catalog=default_catalog(), env={})


@dataclass
class Held:
    """What one replica knows."""

    shards: dict[str, int | None]
    """Unfinished shards: offset, None where nothing was read."""
    finished: list[str] = field(default_factory=list)
    n: int = 1
    passed: int = 0
    """Records of the finished shards."""


def spec_of_shard(number: int) -> dict[str, Any]:
    return {"start": 0, "end": 1000 + number, "packing": "none", "format": "jsonl", "path": "in.jsonl"}


def fill(deal: Path, replicas: list[Held], fence: Fence = Fence(1, 1)) -> None:  # noqa: B008 - a tuple
    """A deal as replicas have left it."""

    async def write() -> None:
        whole = sorted({shard for held in replicas for shard in [*held.shards, *held.finished]})
        specs = {shard: spec_of_shard(number) for number, shard in enumerate(whole)}
        for number, held in enumerate(replicas):
            order = [shard for shard in whole if shard in held.shards or shard in held.finished]
            store = LocalStore(deal / f"replica-{number:03d}", FILES)
            await store.claim(fence)
            await store.save_cut(Cut("d", {"in": [(shard, specs[shard]) for shard in order]}))
            records = {}
            for shard, offset in held.shards.items():
                if offset is not None:
                    key = state_key("count", shard, held.n, shard.encode())
                    await store.put_blob(key, shard.encode())
                    records[shard] = ShardRecord({"offset": offset}, {"in": (offset, 0, 0, 0)}, {"count": [key]})
            finished = compress(sorted(order.index(shard) for shard in held.finished))
            totals = {"in": (held.passed, 0, 0, 0)}
            handles: dict[str, dict[str, Any]] = {"dlq": {"lengths": {}}}
            await store.save(Checkpoint(held.n, fence, "d", "complete", records, finished, totals, handles))
        await LocalStore(deal, FILES).save_cut(Cut("d", {"in": [(shard, specs[shard]) for shard in whole]}))

    asyncio.run(write())


def deal(
    home: Path, replicas: int, *, previous: str | None = "deal-0001", spec: PipelineSpec | None = None, g: int = 2
) -> Deal:
    return Deal(
        spec=spec or spec_of(),
        previous=home / previous if previous else None,
        next=home / "deal-0002",
        replicas=replicas,
        fence=Fence(1, g),
        letters=home / "dead.jsonl",
    )


def records_of(deal: Path) -> list[tuple[Cut, Checkpoint]]:
    async def read() -> list[tuple[Cut, Checkpoint]]:
        found = []
        for path in replicas_of(deal):
            store = LocalStore(path, FILES)
            cut, record = await store.load_cut(), await store.load()
            assert cut is not None
            assert record is not None
            for shard in record.shards.values():
                for key in [key for keys in shard.state.values() for key in keys]:
                    await store.get_blob(key)
            found.append((cut, record))
        return found

    return asyncio.run(read())


@st.composite
def _replicas(draw: st.DrawFn) -> list[Held]:
    shards = [f"s{number:02d}" for number in range(draw(st.integers(0, 12)))]
    held = [
        Held({}, n=draw(st.integers(0, 9)), passed=draw(st.integers(0, 50))) for _ in range(draw(st.integers(1, 4)))
    ]
    for shard in shards:
        where = draw(st.sampled_from(held))
        if draw(st.booleans()):
            where.finished.append(shard)
        else:
            where.shards[shard] = draw(st.none() | st.integers(1, 999))
    return held


@settings(deadline=None, max_examples=60)  # every example writes and syncs some dozens of files
@given(_replicas(), st.integers(1, 5))
def test_everything_is_dealt_once(before: list[Held], replicas: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        fill(home / "deal-0001", before)
        asyncio.run(deal(home, replicas).carry_out())
        after = records_of(home / "deal-0002")
    assert len(after) == replicas
    dealt = sorted(shard for cut, _ in after for shard in cut.order())
    assert dealt == sorted(shard for held in before for shard in [*held.shards, *held.finished])
    finished = {cut.order()[index] for cut, record in after for index in expand(record.finished)}
    assert finished == {shard for held in before for shard in held.finished}
    read = {shard: each.position["offset"] for _, r in after for shard, each in r.shards.items() if each.position}
    assert read == {s: offset for held in before for s, offset in held.shards.items() if offset is not None}
    for cut, record in after:
        assert set(record.shards) <= set(cut.order())
        assert cut.order() == sorted(cut.order())  # reading goes on in the order of the run
        assert record.n == max(held.n for held in before) + 1
        assert (record.phase, record.fence, record.final) == ("complete", Fence(1, 2), False)
    total = merge([r.totals for _, r in after] + [each.ledger for _, r in after for each in r.shards.values()])
    assert total["in"][0] == sum(held.passed + sum(filter(None, held.shards.values())) for held in before)


@given(
    st.lists(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 100)), max_size=3),
    st.integers(1, 6),
)
def test_nobody_has_more_than_the_rest_and_one_shard(left: list[Mapping[str, int]], replicas: int) -> None:
    left = [{f"{number}{shard}": size for shard, size in shards.items()} for number, shards in enumerate(left)]
    groups = balance(left, replicas)
    assert sorted(shard for group in groups for shard in group) == sorted(shard for shards in left for shard in shards)
    for shards in left:
        loads = [sum(shards.get(shard, 0) for shard in group) for group in groups]
        assert max(loads) - min(loads) <= max(shards.values(), default=0)
    assert groups == balance(left, replicas)


def test_what_is_left_decides_not_the_number_of_shards(tmp_path: Path) -> None:
    fill(tmp_path / "deal-0001", [Held({"s1": 990, "s2": 990, "s3": 990, "s4": None})])
    asyncio.run(deal(tmp_path, 2).carry_out())
    assert [set(cut.order()) for cut, _ in records_of(tmp_path / "deal-0002")] == [{"s4"}, {"s1", "s2", "s3"}]


def test_more_replicas_than_shards(tmp_path: Path) -> None:
    fill(tmp_path / "deal-0001", [Held({"s1": 5})])
    asyncio.run(deal(tmp_path, 3).carry_out())
    assert [cut.order() for cut, _ in records_of(tmp_path / "deal-0002")] == [["s1"], [], []]


@pytest.mark.parametrize("point", OF_A_DEAL)
def test_it_may_be_repeated_from_anywhere(point: str, tmp_path: Path) -> None:
    fill(tmp_path / "deal-0001", [Held({"s1": 5, "s2": None}), Held({"s3": 7}, ["s4"], n=6)])
    failpoints._armed[:] = failpoints._armed_from({"CONDUIX_FAILPOINT": f"{point}=raise", "CONDUIX_TESTING": "1"})
    with pytest.raises(InjectedError):
        asyncio.run(deal(tmp_path, 2).carry_out())
    assert (tmp_path / "deal-0002").exists() == (point == "deal.renamed")
    for g in (3, 4):
        asyncio.run(deal(tmp_path, 2, g=g).carry_out())
        after = records_of(tmp_path / "deal-0002")
        assert sorted(shard for cut, _ in after for shard in cut.order()) == ["s1", "s2", "s3", "s4"]
        assert {record.n for _, record in after} == {7}
    assert not (tmp_path / "deal-0002.tmp").exists()


def test_a_replica_of_before_can_store_nothing_more(tmp_path: Path) -> None:
    fill(tmp_path / "deal-0001", [Held({"s1": 5})])
    asyncio.run(deal(tmp_path, 1).carry_out())
    store = LocalStore(tmp_path / "deal-0001" / "replica-000", FILES)
    with pytest.raises(FenceLost):
        asyncio.run(store.claim(Fence(1, 1)))


def test_the_next_deal_is_there_for_another_number(tmp_path: Path) -> None:
    fill(tmp_path / "deal-0001", [Held({"s1": 5})])
    asyncio.run(deal(tmp_path, 2).carry_out())
    with pytest.raises(StateBusy, match="for 2 replicas, not 3"):
        asyncio.run(deal(tmp_path, 3).carry_out())


def test_a_replica_that_is_gone_is_told(tmp_path: Path) -> None:
    fill(tmp_path / "deal-0001", [Held({"s1": 5}), Held({"s2": 5})])
    shutil.rmtree(tmp_path / "deal-0001" / "replica-001")
    with pytest.raises(CheckpointDamaged, match="do not have all shards"):
        asyncio.run(deal(tmp_path, 1).carry_out())
    assert not (tmp_path / "deal-0002").exists()


def test_a_run_in_which_every_replica_has_ended_stays_so(tmp_path: Path) -> None:
    fill(tmp_path / "deal-0001", [Held({}, ["s1"])])

    async def end() -> None:
        store = LocalStore(tmp_path / "deal-0001" / "replica-000", FILES)
        record = await store.load()
        assert record is not None
        await store.claim(Fence(1, 1))
        await store.save(replace_final(record))

    asyncio.run(end())
    asyncio.run(deal(tmp_path, 2).carry_out())
    assert [record.final for _, record in records_of(tmp_path / "deal-0002")] == [True, True]


def replace_final(record: Checkpoint) -> Checkpoint:
    return Checkpoint(**{**{f: getattr(record, f) for f in record.__struct_fields__}, "n": record.n + 1, "final": True})


@pytest.mark.parametrize(
    ("sink", "more", "named"),
    [
        ("type: file, path: out.jsonl", "", "out.jsonl is one file"),
        ("type: drop", "dlq: {type: file, path: dead.jsonl}", "dead.jsonl is one file"),
    ],
)
def test_one_file_has_one_replica(sink: str, more: str, named: str, tmp_path: Path) -> None:
    fill(tmp_path / "deal-0001", [Held({"s1": 5})])
    with pytest.raises(ScaleRefused, match=named) as refused:
        asyncio.run(deal(tmp_path, 2, spec=spec_of(sink, more)).carry_out())
    assert "{shard}" in refused.value.remedy
    # nothing was touched: the replica of before goes on
    asyncio.run(LocalStore(tmp_path / "deal-0001" / "replica-000", FILES).claim(Fence(1, 1)))


def test_the_first_deal_cuts_the_sources(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.jsonl").write_text("{}\n" * 10)
    spec = load_or_raise(
        f"name: p\nsource: {{id: in, type: file, path: '{tmp_path}/*.jsonl'}}\n"
        f"sink: {{type: file, path: '{tmp_path}/out/{{shard}}.jsonl', mkdir: true}}\n",
        file="p",
        catalog=default_catalog(),
        env={},
    )
    asyncio.run(deal(tmp_path, 2, previous=None, spec=spec).carry_out())
    after = records_of(tmp_path / "deal-0002")
    assert sorted(len(cut.order()) for cut, _ in after) == [1, 2]
    assert [record.n for _, record in after] == [0, 0]
    for cut, record in after:
        assert len(record.nodes["file"]["lengths"]) == len(cut.order())
    assert [record.nodes["dlq"]["lengths"] for _, record in after] == [
        {str(tmp_path / "dead.jsonl"): 0},
        {str(tmp_path / "dead-001.jsonl"): 0},
    ]


def test_nothing_was_started_in_the_deal_before(tmp_path: Path) -> None:
    (tmp_path / "deal-0001" / "replica-000").mkdir(parents=True)
    (tmp_path / "in.jsonl").write_text("{}\n")
    spec = spec_of()
    options = spec.nodes[0].options.model_copy(update={"path": str(tmp_path / "in.jsonl")})
    spec = replace(spec, nodes=(replace(spec.nodes[0], options=options), *spec.nodes[1:]))
    asyncio.run(deal(tmp_path, 2, spec=spec).carry_out())
    assert sum(len(cut.order()) for cut, _ in records_of(tmp_path / "deal-0002")) == 1

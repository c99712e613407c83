"""The balance of records: counted per shard and node, cut at barriers, rewound with the checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduix.engine.api import Counts, Fence
from conduix.engine.runtime.checkpoint import Checkpoint
from conduix.engine.runtime.invariants import check_balance
from conduix.engine.runtime.ledger import Ledger, Line, came_in, merge
from conduix.engine.runtime.plan import build_sinks, make_plan
from tests.unit.runtime.flows import Line as Link
from tests.unit.runtime.flows import catalog, run, three_sinks
from tests.unit.runtime.test_plan import contexts
from tests.unit.runtime.world import World

LINES = st.tuples(*[st.integers(0, 1000)] * 4)


def test_counts_add_up_per_shard_and_in_all() -> None:
    ledger = Ledger({"old": {"a": (1, 0, 0, 0), "other": (9, 9, 9, 9)}}, {"a": (10, 0, 0, 0)}, ["a", "b"])
    ledger.note("s", {"a": Counts(3, 1), "b": Counts(2, 0, 1, 5)})
    ledger.note("s", {"a": Counts(1)})
    assert ledger.total == {"a": (15, 1, 0, 0), "b": (2, 0, 1, 5)}
    assert ledger.cut() == {"s": {"a": (4, 1, 0, 0), "b": (2, 0, 1, 5)}}
    assert ledger.cut() == {}, "nothing was touched since"
    ledger.note("old", {"a": Counts(1)})
    assert ledger.cut() == {"old": {"a": (2, 0, 0, 0)}}, "goes on from the checkpoint, others' nodes left out"


def test_finished_shards_are_forgotten_but_stay_in_the_total() -> None:
    ledger = Ledger({}, {}, ["a"])
    ledger.note("s", {"a": Counts(3)})
    ledger.cut()
    ledger.forget(["s", "never seen"])
    assert ledger.total == {"a": (3, 0, 0, 0)}
    assert ledger.cut() == {}
    assert ledger._shards == {}, "a run over a million files must not grow"


@given(st.lists(st.dictionaries(st.sampled_from("abc"), LINES)))
def test_merging_is_adding(balances: list[dict[str, Line]]) -> None:
    merged = merge(balances)
    for node in "abc":
        assert sum(came_in(b[node]) for b in balances if node in b) == came_in(merged.get(node, (0, 0, 0, 0)))


def record(**totals: Line) -> Checkpoint:
    return Checkpoint(7, Fence(1, 1), "d", "complete", {}, [], totals, {})


def test_the_invariant_finds_a_record_lost_between_two_actors() -> None:
    world = World()
    spec = three_sinks(sinks=["handle", "refusing"])
    plan = make_plan(spec, catalog(world), build_sinks(spec, catalog(world), contexts(spec)))
    good: dict[str, Line] = {
        "in": (10, 0, 1, 0),
        "count": (12, 0, 0, 2),
        "handle": (12, 0, 0, 0),
        "refusing": (9, 0, 3, 0),
        "dlq": (4, 0, 0, 0),
    }
    check_balance(plan, record(**good))
    for node, (passed, *rest) in good.items():
        with pytest.raises(AssertionError, match=r"barrier 7: \w+ received \d+ records of \d+ sent to it"):
            check_balance(plan, record(**{**good, node: (passed - 1, *rest)}))  # type: ignore[arg-type]


async def test_after_a_failure_the_status_says_what_the_checkpoint_says(tmp_path: Path) -> None:
    """PAUSED and FAILED: what was counted since the newest checkpoint is not true any more."""
    world = World(1)
    world.fail("handle", "write", *[None] * 5, *[ValueError("again")] * 9)
    link = Link()
    status = await run(three_sinks(), world, tmp_path, link=link)
    assert status.state == "FAILED"
    newest = next(r for r in reversed(world.records) if r.n == status.n)
    wanted = merge([newest.totals, *(shard.ledger for shard in newest.shards.values())])
    assert newest.n > 0
    for said in [status, *(s for s in link.statuses if s.state == "REWINDING")]:
        assert said.n <= newest.n
        if said.n == newest.n:
            assert {n: (c.passed, c.filtered, c.dead, c.made) for n, c in said.ledger.items()} == wanted
    assert {actor.state for actor in status.actors if actor.id != "handle"} == {"failed"}


async def test_a_run_without_anything_to_read_reports_zeros(tmp_path: Path) -> None:
    status = await run(three_sinks(0), World(1), tmp_path)
    assert status.state == "COMPLETED"
    assert set(status.ledger) == {"in", "count", "handle", "held", "refusing", "dlq"}
    assert set(status.ledger.values()) == {Counts(0)}

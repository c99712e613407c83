"""The power goes while shards are dealt, after each operation: dealt once more, everything is there once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from conduix.engine.api import Fence
from conduix.engine.files import Files
from tests.chaos.crashfs import Disk, Image, Recorder, materialise
from tests.unit.engine.test_deal import Held, deal, fill, records_of

pytestmark = pytest.mark.chaos
BEFORE = [Held({"s1": 5, "s2": None}, n=3, passed=7), Held({"s3": 7}, ["s4"], n=6, passed=2)]


def images(recorder: Recorder) -> list[tuple[int, str, Image]]:
    """What may be on the disk after each prefix of the log."""
    disk, found = Disk(recorder.root, recorder.before), []
    for prefix, op in enumerate([None, *recorder.log]):
        if op is not None:
            disk.play(op)
        found += [(prefix, "worst", disk.worst()), (prefix, "some", disk.some(Random(prefix)))]
    return found


def test_the_power_goes_after_every_operation_of_a_deal(tmp_path: Path) -> None:
    home = tmp_path / "run"
    fill(home / "deal-0001", BEFORE)
    recorder = Recorder(home, tmp_path / "pool")
    asyncio.run(replace(deal(home, 3), files=Files(recorder)).carry_out())
    assert len(recorder.log) > 50
    for g, (prefix, model, image) in enumerate(images(recorder), start=3):
        materialise(image, home, recorder.pool)
        complete = (home / "deal-0002").exists()
        asyncio.run(deal(home, 3, g=g).carry_out())
        after = records_of(home / "deal-0002")
        where = f"{model} after {prefix} operations"
        assert sorted(shard for cut, _ in after for shard in cut.order()) == ["s1", "s2", "s3", "s4"], where
        assert sum(record.totals.get("in", (0,))[0] for _, record in after) == 9, where
        assert {record.n for _, record in after} == {7}, where
        assert {record.fence for _, record in after} == {Fence(1, 2) if complete else Fence(1, g)}, where
        assert not list(home.glob("*.tmp")), where

"""Triage: its keys lead to the other pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.store.updates import Put
from tests.tui.frames import shows
from tests.tui.world import replayed


@pytest.mark.parametrize(("key", "place"), [("p", "pipelines (4)"), ("a", "agents (2)"), ("h", "runs (2)")])
async def test_a_key_leads_to_the_lists(tmp_path: Path, key: str, place: str) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(140, 30)) as pilot:
        await shows(pilot, "triage (3)")
        await pilot.press(key)
        await shows(pilot, place)


async def test_the_trouble_under_the_cursor_is_told_in_full_however_narrow_the_terminal(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "triage (3)", "beta: 3 replicas are there; they may well go on", "→ look at the machine")
        await pilot.press("down")
        await shows(pilot, "flights: /data/flights.csv is gone", "→ put the file back, then start")
        await pilot.press("down")
        await shows(pilot, "weather: no space left on /out", "4 pipelines, 1 running")


async def test_only_what_runs_counts_for_the_rate(tmp_path: Path) -> None:
    ended = pb.Pipeline(id="p5", name="quick", state=pb.PIPELINE_STATE_COMPLETED, records_per_second=88_000)
    app = await replayed(tmp_path / "night", Put("pipeline", "p5", ended))
    async with app.run_test(size=(140, 30)) as pilot:
        await shows(pilot, "5 pipelines, 1 running, 12.4k/s")

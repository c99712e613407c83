"""Triage: its keys lead to the other pages."""

from __future__ import annotations

from pathlib import Path

import pytest

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

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

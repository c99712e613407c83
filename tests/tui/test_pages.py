"""Pages over a recording: what they show, where keys lead, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from conduix_tui.store.updates import Ended, Interrupted, Put
from tests.tui.frames import lines, shows, text, until
from tests.tui.world import PIPELINES, replayed


async def test_triage_comes_first_and_names_what_is_broken_why_and_what_to_do(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await shows(pilot, "flights", "/data/flights.csv is gone", "beta", "offline", "paused: DISK", "4 pipelines")
        assert "orders" not in text(app)
        assert "put the file back" in text(app)


async def test_a_command_goes_there_and_escape_comes_back_with_filter_and_order(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        await pilot.press("colon", *"pipel", "tab", *"!state:failed", "enter")
        await shows(pilot, "pipelines (3 of 4)", "orders", "weather")
        assert "flights" not in text(app)
        await pilot.press("s")
        await shows(pilot, "STATE▲")
        await pilot.press("colon", *"runs", "enter")
        await shows(pilot, "runs (2)", "1m5s", "ada")
        await pilot.press("escape")
        await shows(pilot, "pipelines (3 of 4)", "STATE▲")


async def test_filtering_as_one_types_escape_clears_it(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        app.follow("pipelines")
        await shows(pilot, "pipelines (4)")
        await pilot.press("slash", *"in:>100k")
        await shows(pilot, "pipelines (1 of 4)")
        await pilot.press("escape")
        await shows(pilot, "pipelines (4)")
        await pilot.press("slash", *"colour:red")
        await shows(pilot, "no column colour")


async def test_an_unknown_place_is_told_with_the_nearest(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        await pilot.press("colon", *"agnets", "enter")
        await shows(pilot, "did you mean agents?")


async def test_in_a_recording_nothing_is_changed(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        app.follow("pipelines")
        await shows(pilot, "pipelines (4)")
        await pilot.press("x")
        await shows(pilot, "nothing is changed: this is a recording")
        assert not len(app.calls)


async def test_the_banner_tells_cause_age_and_next_try_and_goes_when_the_line_is_back(tmp_path: Path) -> None:
    broken = Interrupted("pipeline", "connection refused", 30.0)
    app = await replayed(tmp_path / "night", broken)
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await shows(pilot, "NO CONNECTION", "connection refused", "next try in", "flights")
        app.state.take(Put("pipeline", "p1", PIPELINES[0]))
        await until(pilot, lambda: "NO CONNECTION" not in text(app))
        app.state.take(Ended("agent", "TOKEN_REVOKED", "no longer let in", "sign in again"))
        await shows(pilot, "SIGNED OUT", "sign in again")


async def test_keys_are_listed_and_searched(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(140, 40), notifications=True) as pilot:
        app.follow("pipelines")
        await shows(pilot, "pipelines (4)")
        await pilot.press("question_mark")
        await shows(pilot, "Start afresh", "Mark all that match")
        await pilot.press(*"afresh")
        await until(pilot, lambda: "Mark all" not in text(app))
        assert "Start afresh" in text(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("place", ["triage", "pipelines", "agents", "runs", "events"])
async def test_every_page_fits_every_terminal(tmp_path: Path, place: str, size: tuple[int, int]) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=size, notifications=True) as pilot:
        app.follow(place)
        await shows(pilot, f"{place} (", {"triage": "HOW BAD", "events": "WHAT"}.get(place, "STATE"))
        assert len(lines(app)) == size[1]

"""The palette: actions on the selection, why some cannot be done, places, and what typing finds."""

from __future__ import annotations

from pathlib import Path

from conduix_tui.store.palette import Entry, ranked
from tests.tui.frames import shows, text, until
from tests.tui.world import replayed


def entries(*labels: str) -> list[Entry]:
    return [Entry(label, lambda: None) for label in labels]


def test_the_beginning_of_the_label_is_before_that_of_a_word_before_the_middle_before_scattered_letters() -> None:
    found = ranked(entries("s-t-o-p", "unstoppable", "Do stop", "Stop: orders", "Resume"), "stop")
    assert [entry.label for entry in found] == ["Stop: orders", "Do stop", "unstoppable", "s-t-o-p"]


def test_among_equals_and_without_letters_the_order_is_as_given() -> None:
    assert [entry.label for entry in ranked(entries("b", "a", "c"), "")] == ["b", "a", "c"]
    assert [entry.label for entry in ranked(entries("stop b", "stop a"), "st")] == ["stop b", "stop a"]


async def test_actions_come_first_and_those_that_cannot_be_done_say_why(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        app.follow("pipelines")
        await shows(pilot, "pipelines (4)")
        await pilot.press("ctrl+p")
        await shows(pilot, "what to do, or where to go", "Start: flights", "Go to triage")
        shown = text(app)
        assert shown.index("Start: flights") < shown.index("Go to triage")
        assert "(this is a recording)" in next(line for line in shown.splitlines() if "Start: flights" in line)


async def test_typing_finds_places_and_enter_goes_there(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        await pilot.press("ctrl+p", *"go to run", "enter")
        await shows(pilot, "runs (2)")


async def test_names_of_pipelines_are_found(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        await pilot.press("ctrl+p", *"weath")
        await shows(pilot, "pipeline weather")
        await pilot.press("enter")
        await shows(pilot, ">  pipeline weather")


async def test_marks_are_what_the_palette_acts_on(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        app.follow("pipelines")
        await shows(pilot, "pipelines (4)")
        await pilot.press("asterisk", "ctrl+p")
        await shows(pilot, "Start: 4 pipelines")
        await pilot.press("escape")
        await until(pilot, lambda: "Start: 4" not in text(app))


async def test_a_theme_is_chosen_from_the_palette(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        await pilot.press("ctrl+p", *"light", "enter")
        await until(pilot, lambda: app.theme == "light")

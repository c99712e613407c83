"""How the console looks: themes that are remembered, without colour, on terminals of all sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color
from textual.pilot import Pilot
from textual.theme import Theme

from conduix.errors import UsageError
from conduix_tui import themes
from conduix_tui.app import ConduixApp
from conduix_tui.preferences import Chosen, Preferences
from conduix_tui.session import Session
from conduix_tui.store.recording import Replay
from tests.tui.frames import hides, lines, shows, text, until, visit
from tests.tui.world import PIPELINES, replayed


async def chosen(folder: Path) -> ConduixApp:
    """A console of somebody whose preferences are in this folder."""
    await replayed(folder / "night")
    preferences = Preferences.of_user({"XDG_CONFIG_HOME": str(folder)})
    return ConduixApp(Session(Replay(folder / "night", speed=0), name="night"), preferences=preferences)


@pytest.mark.parametrize("name", themes.NAMES)
async def test_a_theme_is_chosen_by_its_name_and_is_there_the_next_time(tmp_path: Path, name: str) -> None:
    app = await chosen(tmp_path)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        await pilot.press("colon", *f"theme {name}", "enter")
        await until(pilot, lambda: app.theme == name)
    again = await chosen(tmp_path)
    assert again.theme == name
    assert (tmp_path / "conduix" / "console.yaml").read_text() == f"theme: {name}\n"


async def test_an_unknown_theme_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    app = await chosen(tmp_path)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        await pilot.press("colon", *"theme drak", "enter")
        await shows(pilot, "there is no theme drak", "colour-blind")
        assert app.theme == "dark"


async def test_the_command_line_completes_themes(tmp_path: Path) -> None:
    app = await chosen(tmp_path)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        await pilot.press("colon", *"theme h")
        await shows(pilot, "theme high-contrast")


def test_a_file_that_is_none_of_ours_is_told(tmp_path: Path) -> None:
    path = tmp_path / "console.yaml"
    path.write_text("theme: [1, 2]\n")
    with pytest.raises(UsageError, match="cannot understand"):
        Preferences(path).read()
    path.unlink()
    assert Preferences(path).read() == Chosen()
    Preferences(path).write(Chosen(theme="light"))
    assert Preferences(path).read() == Chosen(theme="light")


@pytest.mark.parametrize("theme", themes.THEMES, ids=themes.NAMES)
def test_states_can_be_read_on_every_background(theme: Theme) -> None:
    """Contrast as WCAG has it for large text; high contrast as for small text and more."""
    least = 7.0 if theme.name == "high-contrast" else 3.0
    for background in (theme.background, theme.surface):
        for colour in (theme.foreground, theme.success, theme.warning, theme.error, theme.accent):
            assert contrast(colour or "", background or "") >= least, (colour, background)


def contrast(one: str, other: str) -> float:
    """1 to 21."""
    brighter, darker = sorted((luminance(Color.parse(one)), luminance(Color.parse(other))), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(colour: Color) -> float:
    """Of WCAG 2."""
    parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


async def test_without_colour_states_are_read_by_glyph_and_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await visit(pilot, app, "pipelines")
        await shows(pilot, "● RUNNING", "✖ FAILED", "‖ PAUSED(DISK)", "■ STOPPED")
        assert coloured(app) == set()


async def test_with_colour_states_have_one_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await visit(pilot, app, "pipelines")
        await shows(pilot, "● RUNNING")
        assert coloured(app)


def coloured(app: ConduixApp) -> set[tuple[int, int, int]]:
    """All colours on the screen that are no grey."""
    styles = [segment.style for strip in app.screen._compositor.render_strips() for segment in strip if segment.style]
    colours = [colour.triplet for style in styles for colour in (style.color, style.bgcolor) if colour is not None]
    return {tuple(rgb) for rgb in colours if rgb is not None and len(set(rgb)) > 1}  # type: ignore[misc]


@pytest.mark.parametrize("size", [(39, 24), (80, 9), (20, 5)])
async def test_a_terminal_that_is_too_small_says_so_and_all_is_there_again_when_it_is_not(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "too small", "40x10")
        assert "triage" not in text(app)
        await pilot.resize_terminal(100, 30)
        await shows(pilot, "triage (3)", "flights")
        await hides(pilot, "too small")


async def test_columns_come_and_go_with_the_width(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(200, 30), notifications=True) as pilot:
        await visit(pilot, app, "pipelines")
        await shows(pilot, "NAME", "STATE", "GUARANTEE", "DETAIL")
        await pilot.resize_terminal(44, 12)
        await hides(pilot, "GUARANTEE", "RATE")
        await shows(pilot, "NAME", "STATE", "orders")


async def listed(pilot: Pilot[None], app: ConduixApp) -> list[str]:
    """Names in the order in which they stand there."""
    await visit(pilot, app, "pipelines")
    await shows(pilot, "pipelines (4)", "weather")
    return order(app)


def order(app: ConduixApp) -> list[str]:
    names = {pipeline.name for pipeline in PIPELINES}
    return [word for line in lines(app) for word in line.split()[:1] if word in names]


async def test_the_mouse_sorts_selects_marks_and_opens(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        assert await listed(pilot, app) == ["flights", "nightly", "orders", "weather"]
        title = next(line for line in lines(app) if "STATE" in line).index("STATE")
        await pilot.click("#table", offset=(title, 0))
        await shows(pilot, "STATE▲")
        await pilot.click("#table", offset=(title, 0))
        await shows(pilot, "STATE▼")
        last = order(app)[3]
        await pilot.click("#table", offset=(5, 4), control=True)
        await shows(pilot, "1 marked", f"● {last}")
        await pilot.click("#table", offset=(5, 4), control=True)
        await hides(pilot, "marked")
        await pilot.click("#table", offset=(5, 4), times=2)
        await shows(pilot, f">  pipeline {last}")

"""What stands on the screen, as text; keys, and waiting for what they lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.app import App
from textual.pilot import Pilot

from conduix_tui.app import ConduixApp
from conduix_tui.screens.page import Page


def lines(app: App[None]) -> list[str]:
    """Every line of the screen, without the blanks at its end."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip)[:width].rstrip() for strip in strips[:height]]


def text(app: App[None]) -> str:
    """All lines."""
    return "\n".join(lines(app))


async def until(pilot: Pilot[None], holds: Callable[[], bool], *, turns: int = 1000) -> None:
    """Let the console work until something holds; what the screen shows instead is the failure's text."""
    for _ in range(turns):
        await pilot.pause(0.01)
        if holds():
            return
    raise AssertionError(text(pilot.app))


async def shows(pilot: Pilot[None], *wanted: str) -> None:
    """Wait until all of this stands on the screen."""
    await until(pilot, lambda: all(part in text(pilot.app) for part in wanted))


async def hides(pilot: Pilot[None], *unwanted: str) -> None:
    """Wait until nothing of this stands on the screen any more."""
    await until(pilot, lambda: not any(part in text(pilot.app) for part in unwanted))


def commands(app: ConduixApp) -> Iterable[tuple[str, str]]:
    """Every place that `:` knows with the command that leads there; where it is about one thing, the first there is."""
    for place in app.places.places:
        yield place.name, f"{place.name} {place.targets()[0]}" if place.needs_target else place.name


async def visit(pilot: Pilot[None], app: ConduixApp, command: str) -> Page:
    """Go there; the page, when it is on the screen."""
    before = app.screen
    app.follow(command)
    await until(pilot, lambda: app.screen is not before and app.screen.is_mounted and app.screen.is_current)
    assert isinstance(app.screen, Page)
    return app.screen

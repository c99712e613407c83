"""What stands on the screen, as text."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import App
from textual.pilot import Pilot


def lines(app: App[None]) -> list[str]:
    """Every line of the screen, without the blanks at its end."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip)[:width].rstrip() for strip in strips[:height]]


def text(app: App[None]) -> str:
    """All lines."""
    return "\n".join(lines(app))


async def until(pilot: Pilot[None], holds: Callable[[], bool], *, turns: int = 400) -> None:
    """Let the console work until something holds; what the screen shows instead is the failure's text."""
    for _ in range(turns):
        await pilot.pause(0.01)
        if holds():
            return
    raise AssertionError(text(pilot.app))


async def shows(pilot: Pilot[None], *wanted: str) -> None:
    """Wait until all of this stands on the screen."""
    await until(pilot, lambda: all(part in text(pilot.app) for part in wanted))

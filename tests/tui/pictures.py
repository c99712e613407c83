"""Frames of the console kept as text: what stands where, and how it looks in words, so that a change can be read.

A line of the screen is followed by what stands out in it: `  ~ 2-10 red bold` are the columns 2 to 9. Colours are told
by their hue, so that another shade of a theme changes nothing here.
"""

from __future__ import annotations

import colorsys
import difflib
import os
from collections.abc import Iterator
from pathlib import Path

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from conduix_tui.app import ConduixApp
from conduix_tui.screens.page import Page
from tests.tui.frames import until

FOLDER = Path(__file__).parent / "snapshots"
WRITE = "CONDUIX_SNAPSHOTS"
"""Set to `write` the pictures are made anew; look at the difference before committing it."""
_HUES = ((20, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (200, "cyan"), (260, "blue"), (330, "magenta"))


def framed(app: App[None]) -> str:
    """The frame that is shown now."""
    width, height = app.size
    out = []
    for strip in app.screen._compositor.render_strips()[:height]:
        segments = next(iter(Segment.split_and_crop_lines(strip, width, include_new_lines=False)))
        out.append("".join(segment.text for segment in segments).rstrip())
        if looks := ", ".join(_looks(segments)):
            out.append(f"  ~ {looks}")
    return "\n".join(out) + "\n"


def _looks(segments: list[Segment]) -> Iterator[str]:
    """Runs that stand out, each as `from-to words`; blanks without a background of their own do not."""
    at, runs = 0, list[tuple[int, int, str]]()
    for segment in segments:
        end = at + cell_len(segment.text)
        words = _words(segment.style, blank=not segment.text.strip()) if segment.style else ""
        if words and runs and runs[-1][1:] == (at, words):
            runs[-1] = (runs[-1][0], end, words)
        elif words:
            runs.append((at, end, words))
        at = end
    return (f"{begin}-{end} {words}" for begin, end, words in runs)


def _words(style: Style, *, blank: bool) -> str:
    said = [word for word in ("bold", "underline", "reverse", "strike") if getattr(style, word) and not blank]
    if not blank and (hue := _hue(style.color)):
        said.insert(0, hue)
    if hue := _hue(style.bgcolor):
        said.append(f"on {hue}")
    return " ".join(said)


def _hue(colour: Color | None) -> str:
    """Of a colour; empty for black, greys and white."""
    if colour is None or colour.is_default:
        return ""
    parts = [part / 255 for part in colour.get_truecolor()]
    if max(parts) - min(parts) < 0.25:
        return ""
    hue = colorsys.rgb_to_hls(*parts)[0] * 360
    return next((word for end, word in _HUES if hue < end), "red")


async def settled(pilot: Pilot[None], app: ConduixApp) -> str:
    """The frame when nothing moves any more."""
    for field in app.screen.query(Input):
        field.cursor_blink = False
    last = ""

    def still() -> bool:
        nonlocal last
        before, last = last, framed(app)
        page = app.screen
        return last == before and (not isinstance(page, Page) or page._painted == app.state.version)

    await until(pilot, still)
    return last


def difference(name: str, frame: str) -> str:
    """Of this frame to the picture of that name; empty: none. Writes the picture where that is asked for."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get(WRITE) == "write":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(frame, encoding="utf-8")
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    return "\n".join(difflib.unified_diff(kept.splitlines(), frame.splitlines(), f"kept {name}", "now", lineterm=""))

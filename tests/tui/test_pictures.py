"""Every page and every dialog at three sizes, beside the pictures that are kept of them.

`CONDUIX_SNAPSHOTS=write pytest tests/tui/test_pictures.py` makes the pictures anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from conduix_tui.client.contexts import ContextFile
from conduix_tui.doors import Doors
from conduix_tui.screens import states
from tests.tui import pictures
from tests.tui.frames import commands, shows, until, visit
from tests.tui.test_keys import DIALOGS
from tests.tui.world import replayed

NOW = 5000.0
"""Seconds since 1970: a thousand after the last event of the night."""
SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "clock", lambda: NOW)


def told(differences: list[str]) -> str:
    return "\n\n".join([*filter(None, differences), f"if that is meant: {pictures.WRITE}=write"])


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
async def test_every_page_looks_as_it_did(tmp_path: Path, size: tuple[int, int]) -> None:
    app = await replayed(tmp_path / "night")
    differences = []
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        for place, command in commands(app):
            await visit(pilot, app, command)
            differences.append(pictures.difference(f"{place}-{size[0]}x{size[1]}", await pictures.settled(pilot, app)))
    assert not any(differences), told(differences)


@pytest.mark.parametrize("size", SIZES[:2], ids=lambda size: "x".join(map(str, size)))
async def test_every_dialog_looks_as_it_did(tmp_path: Path, size: tuple[int, int]) -> None:
    app = await replayed(tmp_path / "night")
    doors = Doors(ContextFile(tmp_path / "contexts.yaml"), {})
    differences = []
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        for name, make in DIALOGS.items():
            dialog = make(doors)
            await app.push_screen(dialog)
            await until(pilot, lambda: app.screen.is_mounted)
            found = pictures.difference(f"dialog-{name}-{size[0]}x{size[1]}", await pictures.settled(pilot, app))
            differences.append(found)
            app.pop_screen()
    assert not any(differences), told(differences)


async def test_a_picture_tells_what_has_changed_and_how_it_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "FOLDER", tmp_path / "pictures")
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await visit(pilot, app, "pipelines")
        await shows(pilot, "pipelines (4)")
        frame = await pictures.settled(pilot, app)
    failed = frame.splitlines()[next(n for n, line in enumerate(frame.splitlines()) if "✖ FAILED" in line) + 1]
    assert "red bold" in failed
    monkeypatch.delenv(pictures.WRITE, raising=False)
    assert "+++ now" in pictures.difference("one", frame)
    monkeypatch.setenv(pictures.WRITE, "write")
    assert pictures.difference("one", frame) == ""
    monkeypatch.delenv(pictures.WRITE)
    assert "-" in pictures.difference("one", frame.replace("FAILED", "WELL  "))

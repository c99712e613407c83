"""The pictures of the documentation come from the recording beside them, and show what they are there for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from examples.pictures import PICTURES, RECORDING, TAKEN, render

WANTED = {
    "triage": ["big-orders", "cannot read out/demo/ordres.j", "2.1% dead letters"],
    "pipelines": ["live-shop", "● RUNNING", "✖ FAILED", "336,776"],
    "flow": ["not_empty", "by_country", "europe_orders", "● RUNNING"],
}


def shown(svg: str) -> str:
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg)).replace("&#160;", " ")


async def test_they_are_rendered_from_the_recording(tmp_path: Path) -> None:
    made = {path.stem: path.read_text(encoding="utf-8") for path in await render(tmp_path)}
    assert made.keys() == WANTED.keys()
    for name, svg in made.items():
        assert [part for part in WANTED[name] if part not in shown(svg)] == []


@pytest.mark.parametrize("name", [picture.name for picture in TAKEN])
def test_those_that_are_kept_are_whole_and_fetch_nothing(name: str) -> None:
    svg = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert svg.rstrip().endswith("</svg>")
    assert "@font-face" not in svg
    assert "url(http" not in svg
    assert [part for part in WANTED[name] if part not in shown(svg)] == []


def test_the_recording_is_small_and_names_no_home() -> None:
    recorded = RECORDING.read_bytes() + (PICTURES / "answers.json").read_bytes()
    assert len(recorded) < 120_000
    assert b"/home/" not in recorded
    assert b"/root" not in recorded

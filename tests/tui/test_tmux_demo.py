"""A night at the real console: `conduix up --demo` in a terminal, what fails is found, read, mended and seen to run.

The screens are kept: one file each, and one page of all of them, under `build/console-demo`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.eventually import eventually_sync
from tests.programs import children
from tests.tui.terminal import TmuxTerminal

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
KEPT = Path(__file__).resolve().parents[2] / "build" / "console-demo"
SIZE = (140, 40)
COMMAND = "stty -g > before; conduix up --demo; code=$?; stty -g > after; echo ended with $code"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[TmuxTerminal]:
    """The demo in a folder and with settings of its own; the editor corrects the typo."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nexec sed -i /^source/s/ordres/orders/ "$1"\n', encoding="utf-8")
    editor.chmod(0o700)
    environment = {
        "HOME": str(tmp_path), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "LANG": "C.UTF-8",
        "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config"), "EDITOR": str(editor),
    }  # fmt: skip
    opened = TmuxTerminal(COMMAND, tmp_path, environment, SIZE)
    yield opened
    opened.end()
    eventually_sync(lambda: not up_of(tmp_path), 60.0)


def up_of(folder: Path) -> int:
    """Process id of the `conduix up` of a folder; 0: it runs no more."""
    lock = folder / "state" / "conduix" / "demo" / "lock"
    process = Path("/proc") / lock.read_text(encoding="utf-8").strip() if lock.exists() else Path("/proc/0")
    return int(process.name) if process.exists() else 0


def console_of(folder: Path) -> int:
    """Process id of its console."""
    for pid in children(up_of(folder)):
        if b"conduix_tui\0--context" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise AssertionError("no console runs")


def tab(title: str, screen: str) -> str:
    """The key of a pipeline's tab."""
    found = re.search(rf"(\d) {title}", screen)
    assert found, screen
    return found[1]


def is_as_before(folder: Path) -> bool:
    """Is the terminal set as it was before?"""
    return (folder / "after").read_text(encoding="utf-8") == (folder / "before").read_text(encoding="utf-8") != ""


class Album:
    """Screens with what they show, in their order."""

    def __init__(self) -> None:
        KEPT.mkdir(parents=True, exist_ok=True)
        for old in KEPT.iterdir():
            old.unlink()
        self._pages: list[str] = []

    def keep(self, title: str, screen: str) -> None:
        """One more."""
        number = len(self._pages) + 1
        (KEPT / f"{number}.txt").write_text(screen + "\n", encoding="utf-8")
        shown = re.sub(r"\n{4,}", "\n\n\n", screen)
        self._pages.append(f"## {number}. {title}\n\n```\n{shown}\n```\n")
        (KEPT / "screens.md").write_text("\n".join(self._pages), encoding="utf-8")


def test_what_fails_is_found_read_mended_and_seen_to_run(terminal: TmuxTerminal, tmp_path: Path) -> None:
    album = Album()
    screen = terminal.shows("triage (1)", "big-orders", "failed", "4 pipelines, 2 running", without="NO CONNECTION")
    assert "big-orders: source: cannot read out/demo/ordres.jsonl: No such file or directory" in screen
    assert "→ check the path" in screen
    album.keep("The console begins with what needs a person", screen)

    terminal.press("Enter")
    screen = terminal.shows("✖ FAILED", "No such file or directory", "check the path", "Document")
    terminal.press(tab("Document", screen))
    screen = terminal.shows("out/demo/ordres.jsonl}", "fails-on-purpose")
    album.keep("Enter opens it: the error, what to do, and its document", screen)

    terminal.press("e")
    screen = terminal.shows("what applying changes", "orders.jsonl", "Apply")
    album.keep("`e` opens the document in `$EDITOR`; after that, what applying it would change", screen)

    terminal.press("Enter")
    terminal.shows("revision 2", "out/demo/orders.jsonl}")
    terminal.press("R")
    terminal.shows("Start afresh: big-orders", "Type big-orders")
    terminal.type("big-orders")
    album.keep("Applied; `R` starts it afresh, and wants its name", terminal.shows("▊  big-orders"))

    terminal.press("Enter")
    screen = terminal.shows("✔ COMPLETED", "20,000 in", without="Type big-orders")
    terminal.press(tab("Flow", screen))
    album.keep("It has run: what went through each of its nodes", terminal.shows("COMPLETED  checkpoint", "17,534"))
    terminal.type(":triage")
    terminal.press("Enter")
    terminal.shows("Nothing needs you", "triage (0)")
    terminal.press("p")
    album.keep("Nothing needs a person any more", terminal.shows("pipelines (4)", "live-shop", "● RUNNING"))
    assert big_orders(tmp_path) == [order for order in orders(tmp_path) if order["total"] > 300]

    programs = children(up_of(tmp_path))
    terminal.press("C-q")
    screen = terminal.shows("ended with 0", "the agent brings its pipelines to a checkpoint")
    album.keep("`ctrl+q` ends everything, and the terminal is as it was", screen)
    assert is_as_before(tmp_path)
    assert not [pid for pid in programs if Path(f"/proc/{pid}").exists()]


def orders(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "out/demo/orders.jsonl").read_text(encoding="utf-8").splitlines()]


def big_orders(folder: Path) -> list[dict[str, float]]:
    written = folder / "out/demo/big-orders.jsonl"
    return [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_console_that_is_killed_gives_the_terminal_back_and_that_is_told(
    terminal: TmuxTerminal, tmp_path: Path, number: signal.Signals
) -> None:
    terminal.shows("triage (", "4 pipelines")
    os.kill(console_of(tmp_path), number)
    screen = terminal.shows("ended with")
    assert is_as_before(tmp_path)
    assert ("ended with 0" if number == signal.SIGTERM else "the console was killed (signal 9)") in screen


def test_whoever_ends_conduix_up_ends_its_console_first(terminal: TmuxTerminal, tmp_path: Path) -> None:
    terminal.shows("triage (", "4 pipelines")
    os.kill(up_of(tmp_path), signal.SIGTERM)
    assert "triage" not in terminal.shows("ended with 0")
    assert is_as_before(tmp_path)

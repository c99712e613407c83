"""The tutorial and the how-to pages are true: their documents are saved, their commands run, their outputs compared."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from examples.fetch_data import fetch
from examples.listing import HERE as EXAMPLES
from examples.listing import ROOT
from tests.eventually import eventually_sync

DOCS = ROOT / "docs"
PAGES = [DOCS / "tutorial.md", DOCS / "mapping-tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]

_BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# file: (\S+)\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: `yaml` that names its file is saved, `sh` is run, `text` is what the `sh` before it prints."""

    kind: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield Block(found["kind"], found["text"])


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder that looks like the repository root to the commands of a page."""
    fetch()
    (tmp_path / "examples").symlink_to(EXAMPLES)
    yield tmp_path
    end_up(tmp_path / "state" / "conduix" / "up" / "lock")


def end_up(lock: Path) -> None:
    """End the `conduix up` of a page that did not come to its own last line."""
    if lock.exists() and (process := Path("/proc") / lock.read_text().strip()).exists():
        os.kill(int(process.name), signal.SIGTERM)
        eventually_sync(lambda: not process.exists())


def shell(commands: str, root: Path) -> str:
    """Standard output; the last command must succeed, and so must all before it that do not say `;`."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_STATE_HOME": str(root / "state"),
        "XDG_CONFIG_HOME": str(root / "config"),
    }
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands.replace("; echo", " || echo")],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{commands}{ended.stdout}{ended.stderr}"
    return ended.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page: Path, root: Path) -> None:
    printed: str | None = None
    for block in blocks(page):
        if block.kind == "yaml" and (named := _FILE.match(block.text)):
            (root / named[1]).write_text(block.text, encoding="utf-8")
        elif block.kind == "sh":
            printed = shell(block.text, root)
        elif block.kind == "text":
            assert printed == block.text
            printed = None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_files_that_a_page_names_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (page.parent / target).is_file(), target
    for named in re.findall(r"`((?:examples|tests)/[\w/.-]+\.(?:yaml|py))`", text):
        assert (ROOT / named).is_file(), named

"""`conduix up --demo` where nobody looks: a table, nothing left running, and the next one goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.operator import Operator, up
from tests.programs import Program

pytestmark = pytest.mark.slow


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Program]:
    program = up(tmp_path, "--demo")
    try:
        yield program
    finally:
        program.remove()


def run(demo: Program) -> dict[str, list[str]]:
    """To its end; the rows of its table by pipeline."""
    done = Operator(demo.folder, demo.environment).run("up", "--demo")
    assert done.returncode == 0, done.stdout + done.stderr
    ready, head, *rows = done.stdout.splitlines()
    assert ready.startswith("conduix-up ready ")
    assert head.split()[:2] == ["PIPELINE", "STATE"]
    return {words[0]: words[1:] for words in map(str.split, rows)}


def test_it_waits_until_all_have_settled_prints_them_and_leaves_what_was_mended_alone(demo: Program) -> None:
    first = run(demo)
    assert {name: row[0] for name, row in first.items()} == {
        "big-orders": "FAILED",
        "day-of-orders": "COMPLETED",
        "live-sensors": "RUNNING",
        "live-shop": "RUNNING",
    }
    assert first["day-of-orders"][1:4] == ["20,000", "20,000", "0"]
    assert "out/demo/ordres.jsonl:" in first["big-orders"]
    orders = demo.folder / "out" / "demo"
    assert (orders / "orders.jsonl").read_text(encoding="utf-8").count("\n") == 20_000

    (orders / "ordres.jsonl").symlink_to("orders.jsonl")
    demo.command[1:] = ["up", "--no-console", "--state-dir", str(demo.folder / "xdg-state" / "conduix" / "demo")]
    demo.start()
    person = Operator(demo.folder, demo.environment)
    person.do("stop", "live-sensors")
    person.do("start", "big-orders", "--fresh")
    person.do("wait", "pipeline", "big-orders", "--for", "completed")
    assert demo.stop() == 0

    second = run(demo)
    assert {name: row[0] for name, row in second.items()} == {
        "big-orders": "COMPLETED",
        "day-of-orders": "COMPLETED",
        "live-sensors": "STOPPED",
        "live-shop": "RUNNING",
    }

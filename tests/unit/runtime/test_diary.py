"""The log of a replica: a line for each change, none for each status."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from conduix.engine.api import Reason
from conduix.engine.link import State, Status
from conduix.engine.worker import diary
from conduix.engine.worker.diary import Diary


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append((record.levelname, record.getMessage()))


@pytest.fixture
def logged() -> Iterator[list[tuple[str, str]]]:
    lines, logger = _Lines(), logging.getLogger(diary.__name__)
    before = logger.level
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    yield lines.seen
    logger.removeHandler(lines)
    logger.setLevel(before)


def status(state: State, reason: Reason | None = None, detail: str = "", remedy: str = "", restarts: int = 0) -> Status:
    return Status(state, 0.0, reason, detail, remedy, n=7, restarts=restarts)


def test_changes_are_told_once(logged: list[tuple[str, str]]) -> None:
    book = Diary()
    for each in (status("RUNNING"), status("RUNNING"), status("PAUSED", "OPERATOR"), status("RUNNING")):
        book.note(each)
    assert [line for _, line in logged] == [
        "RUNNING, checkpoint 7", "PAUSED (OPERATOR), checkpoint 7", "RUNNING, checkpoint 7",
    ]  # fmt: skip
    assert {level for level, _ in logged} == {"INFO"}


def test_what_nobody_asked_for_is_louder(logged: list[tuple[str, str]]) -> None:
    book = Diary()
    book.note(status("PAUSED", "DISK", "the disk is full", "free space"))
    book.note(status("FAILED", None, "no such table", "create it"))
    assert logged == [
        ("WARNING", "PAUSED (DISK), checkpoint 7: the disk is full; free space"),
        ("ERROR", "FAILED, checkpoint 7: no such table; create it"),
    ]


def test_a_restart_is_told_with_its_cause(logged: list[tuple[str, str]]) -> None:
    book = Diary()
    book.note(status("RUNNING"))
    book.note(status("RUNNING", detail="a stage crashed", restarts=1))
    assert logged[1:] == [("WARNING", "restarted from checkpoint 7: a stage crashed")]

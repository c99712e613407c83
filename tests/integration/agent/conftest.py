"""Workers of these tests run with what tests may ask of an engine: invariants asserted, points slowed down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.agent.hosts import PIPELINE, document, write_orders

Slow = Callable[[str], None]


@pytest.fixture(autouse=True)
def testing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUIX_TESTING", "1")
    monkeypatch.setenv("CONDUIX_BATCH_BYTES", "8192")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """Workers started from now on take their time at a point: NAME:seconds; empty: they do not."""

    def make(point: str) -> None:
        monkeypatch.setenv("CONDUIX_SLOW", point)

    return make


@pytest.fixture
def documents(tmp_path: Path) -> dict[str, str]:
    write_orders(tmp_path / "in.jsonl", 20_000)
    (tmp_path / "out").mkdir()
    return {PIPELINE: document(tmp_path, "all.jsonl")}

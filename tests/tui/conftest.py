"""What every test of the console runs with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.tui.served import House


@pytest.fixture(autouse=True)
def unhurried_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each key Textual's pilot waits until the process uses no processor, on a busy machine up to a second.

    Tests here wait for what they want to see, so a key is followed by the next one as if somebody had pasted them.
    """

    async def give_way(*_: Any) -> None:
        await asyncio.sleep(0)

    for module in ("textual.app", "textual.pilot"):
        monkeypatch.setattr(f"{module}.wait_for_idle", give_way)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House(tmp_path / "house") as running:
        yield running

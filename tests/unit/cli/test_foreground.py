"""Signals and pauses become commands of the replica in this process."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from conduix.engine.link import Status
from conduix_tui.cli.foreground import Foreground


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_drains(number: signal.Signals) -> None:
    link = Foreground([], lambda: None)
    with link.signals():
        os.kill(os.getpid(), number)
        assert await asyncio.wait_for(link.command(), 5) == "stop"
    assert link.interrupted


async def test_too_many_dead_letters_end_the_run_since_nobody_could_resume_it() -> None:
    link = Foreground([], lambda: None)
    flooded = Status("PAUSED", 0.0, reason="DLQ_FLOOD", detail="100 in a row")
    link.report(flooded)
    link.report(flooded)
    assert await asyncio.wait_for(link.command(), 5) == "stop"
    assert link.flooded is flooded
    assert not link.interrupted


async def test_other_pauses_are_waited_for() -> None:
    shown: list[Status] = []
    link = Foreground([shown.append], lambda: None)
    link.report(Status("PAUSED", 0.0, reason="DISK"))
    command = asyncio.create_task(link.command())
    await asyncio.sleep(0)
    assert not command.done()
    command.cancel()
    assert [status.reason for status in shown] == ["DISK"]

"""One worker process: what it says is heard whole, and how it ended is told."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conduix.v1 import worker_pb2 as pb
from conduix_agent.host.disk import PipelineDir, try_lock
from conduix_agent.host.process import MOST_LINE, Ears, Stream, WorkerProcess, own_environment
from tests.eventually import eventually

SCRIPTED = Path(__file__).with_name("scripted.py")


@dataclass
class Heard:
    """Everything of one worker."""

    kinds: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    lines: list[tuple[Stream, str]] = field(default_factory=list)

    def event(self, event: pb.WorkerEvent) -> None:
        self.kinds.append(str(event.WhichOneof("kind")))
        self.messages.append(event.log.message)


async def start(script: str, lock: int | None = None) -> tuple[WorkerProcess, Heard]:
    heard = Heard()
    ears = Ears(heard.event, lambda stream, line: heard.lines.append((stream, line)))
    unlocked = os.open(os.devnull, os.O_RDONLY) if lock is None else lock
    try:
        return await WorkerProcess.start(ears, unlocked, (sys.executable, str(SCRIPTED), script)), heard
    finally:
        if lock is None:
            os.close(unlocked)


async def test_its_last_words_are_heard_before_its_end_is_told() -> None:
    process, heard = await start("running completed print:bye exit:0")
    assert await process.wait() == "worker ended with exit status 0"
    assert heard.kinds == ["status", "status"]
    assert heard.lines == [("stdout", "bye")]


@pytest.mark.parametrize(
    ("script", "cause"),
    [("exit:7", "worker ended with exit status 7"), ("running", "worker ended with exit status 0")],
)
async def test_an_exit_status_is_its_cause(script: str, cause: str) -> None:
    process, _ = await start(script)
    assert await process.wait() == cause


async def test_a_signal_is_its_cause() -> None:
    process, heard = await start("running hang")
    await eventually(lambda: bool(heard.kinds))
    process.kill()
    assert await process.wait() == "worker ended by SIGKILL"
    process.kill()  # nobody is hit


@pytest.mark.parametrize("script", ["garbage hang", "huge hang"])
async def test_what_is_not_of_the_protocol_ends_it(script: str) -> None:
    process, _ = await start(script)
    assert "does not understand" in await process.wait()


async def test_requests_reach_it_in_their_order_and_closing_the_line_ends_it() -> None:
    process, heard = await start("echo exit:0")
    for request in (pb.WorkerRequest(start=pb.WorkerStart()), pb.WorkerRequest(verb=pb.WorkerVerb())):
        process.send(request)
    await eventually(lambda: heard.messages == ["start", "verb"])
    process.kill()
    await process.wait()
    process.send(pb.WorkerRequest(verb=pb.WorkerVerb()))  # to nobody


async def test_long_lines_are_cut_and_odd_bytes_replaced() -> None:
    process, heard = await start(rf"print:{'x' * (MOST_LINE * 3)} print:\n\xe9\r\nend")
    await process.wait()
    texts = [text for _, text in heard.lines]
    assert all(len(text) <= MOST_LINE for text in texts)
    assert texts[-2:] == ["\u00e9", "end"]


async def test_a_child_of_it_that_holds_its_pipes_does_not_keep_the_agent() -> None:
    process, heard = await start("orphan exit:3")
    async with asyncio.timeout(20):
        assert await process.wait() == "worker ended with exit status 3"
    assert heard.lines == []


async def test_it_has_the_lock_as_long_as_it_lives(tmp_path: Path) -> None:
    directory = PipelineDir(tmp_path / "p")
    first = directory.open_lock()
    assert try_lock(first)
    process, heard = await start("running hang", first)
    await eventually(lambda: bool(heard.kinds))
    os.close(first)  # as if the agent had died
    second = directory.open_lock()
    assert not try_lock(second)
    process.kill()
    await process.wait()
    assert try_lock(second)
    os.close(second)


async def test_it_inherits_nothing_else(tmp_path: Path) -> None:
    """An agent's sockets in a worker would outlive the agent."""
    leak = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(leak, True)
    process, heard = await start("running hang")
    await eventually(lambda: bool(heard.kinds))
    fds = {int(name) for name in os.listdir(f"/proc/{process.pid}/fd")}
    group = os.getpgid(process.pid)
    process.kill()
    await process.wait()
    os.close(leak)
    assert fds <= {0, 1, 2, 3, 4}
    assert group == process.pid, "Ctrl-C in a terminal would reach it"
    assert fcntl.fcntl(0, fcntl.F_GETFD) >= 0, "ours are still there"


def test_the_join_token_is_not_for_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUIX_JOIN_TOKEN", "secret")
    monkeypatch.setenv("IN", "data")
    assert own_environment()["IN"] == "data"
    assert "secret" not in own_environment().values()


async def test_a_program_that_is_not_there_leaves_nothing_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            await WorkerProcess.start(Ears(lambda _: None, lambda *_: None), 0, ("/nowhere/python",))
    assert len(os.listdir("/proc/self/fd")) == before


def test_only_the_main_thread_starts_workers() -> None:
    async def attempt() -> None:
        with pytest.raises(RuntimeError, match="main thread"):
            await start("running")

    async def main() -> None:
        await asyncio.to_thread(asyncio.run, attempt())

    asyncio.run(main())

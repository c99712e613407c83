"""The parts of `conduix up`: its folder, its ports, a program that it keeps."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from conduix.errors import StateBusy
from conduix_tui.cli.up import ports
from conduix_tui.cli.up.child import Child, ChildFailed
from conduix_tui.cli.up.state import UpState
from tests.eventually import eventually, eventually_sync

READY = """
import signal, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
print("program ready port=7 name=x", flush=True)
for line in {lines!r}:
    print(line, file=sys.stderr, flush=True)
{then}
"""
FOR_EVER = "time.sleep(600)"


def script(*lines: str, then: str = FOR_EVER) -> list[str]:
    return ["-c", READY.format(lines=list(lines), then=then)]


def entry(level: str, message: str) -> str:
    return f'{{"level": "{level}", "message": "{message}"}}'


class Told(list[str]):
    """What the person was told."""


@asynccontextmanager
async def kept(argv: list[str], folder: Path, told: Told) -> AsyncIterator[Child]:
    """A program that runs, and is kept."""
    with UpState(folder / "state") as state:
        child = Child(
            "program", lambda: argv, env=dict(os.environ), log=folder / "program.log", lock_fd=state.lock_fd,
            tell=told.append,
        )  # fmt: skip
        keeping = None
        try:
            assert await child.start() == {"port": "7", "name": "x"}
            keeping = asyncio.create_task(child.keep())
            yield child
        finally:
            await child.stop(5.0)
            if keeping is not None:
                await keeping


async def test_a_program_is_ready_by_its_line_and_ends_when_told(tmp_path: Path) -> None:
    async with kept(script(), tmp_path, Told()) as child:
        assert child.pid is not None
        os.kill(child.pid, 0)
    assert child.pid is None


async def test_problems_are_told_once_and_everything_is_kept(tmp_path: Path) -> None:
    told = Told()
    later = f"signal.sigwait([10]); print('Traceback of something', file=sys.stderr, flush=True); {FOR_EVER}"
    noise = [entry("info", "all is well"), entry("warning", "the disk is slow"), entry("warning", "the disk is slow")]
    async with kept(script(*noise, then=later), tmp_path, told) as child:
        assert child.pid is not None
        os.kill(child.pid, signal.SIGUSR1)
        await eventually(lambda: "program error: Traceback of something" in told)
    assert told.count("program warning: the disk is slow") <= 1
    assert not any("all is well" in each for each in told)
    log = (tmp_path / "program.log").read_text()
    assert "all is well" in log
    assert log.count("the disk is slow") == 2


async def test_a_program_that_dies_is_started_again(tmp_path: Path) -> None:
    told = Told()
    async with kept(script(), tmp_path, told) as child:
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: "the program is back" in told)
        assert child.pid not in (None, first)
    assert told[0] == "the program ended (signal SIGKILL); it is started again in 0.5 s"


async def test_a_program_that_does_not_start_says_its_last_words(tmp_path: Path) -> None:
    argv = ["-c", "import sys; sys.exit('error: port 7 is taken')"]
    with pytest.raises(ChildFailed, match="port 7 is taken") as failed:
        async with kept(argv, tmp_path, Told()):
            pass
    assert "program.log" in failed.value.remedy


async def test_a_program_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = ["-c", "import signal; signal.signal(15, signal.SIG_IGN)\n" + READY.format(lines=[], then=FOR_EVER)]
    async with kept(deaf, tmp_path, Told()) as child:
        assert await child.stop(0.2) is False
    assert child.pid is None


def test_a_leash_holds_only_below_its_own_parent() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "conduix_tui.cli.up.leash", "1", sys.executable, "-c", "print('never')"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""


def test_a_folder_has_one_owner_who_is_named(tmp_path: Path) -> None:
    with UpState(tmp_path / "up"), pytest.raises(StateBusy, match=f"process {os.getpid()}"), UpState(tmp_path / "up"):
        pass
    with UpState(tmp_path / "up"):
        pass


def test_what_is_left_of_a_dead_owner_is_waited_for(tmp_path: Path) -> None:
    """The lock is inherited: a program that still drains holds it although its `conduix up` is gone."""
    with UpState(tmp_path / "up") as state:
        left = subprocess.Popen([sys.executable, "-c", "input()"], pass_fds=(state.lock_fd,), stdin=subprocess.PIPE)
        dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
        os.pwrite(state.lock_fd, dead.stdout, 0)
    starting = subprocess.Popen(
        [sys.executable, "-c", f"""
from pathlib import Path
from conduix_tui.cli.up.state import UpState
with UpState(Path({str(tmp_path / "up")!r})):
    print("mine")
"""], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    eventually_sync(lambda: Path(f"/proc/{starting.pid}/fd").exists() and starting.poll() is None)
    left.communicate(b"\n")
    out, _ = starting.communicate(timeout=30)
    assert out == "mine\n"


def test_secrets_are_made_once(tmp_path: Path) -> None:
    with UpState(tmp_path / "up") as state:
        secret = state.jwt_secret_file.read_text()
        assert len(secret.strip()) >= 32
        assert state.jwt_secret_file.read_text() == secret
        assert state.jwt_secret_file.stat().st_mode & 0o777 == 0o600
        assert state.admin_password_file.read_text() != secret


def test_ports_are_the_usual_ones_if_nobody_has_them() -> None:
    with socket.socket() as taken, socket.socket() as other:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        other.bind(("127.0.0.1", 0))
        busy, free = taken.getsockname()[1], other.getsockname()[1]
        other.close()
        assert ports.choose(5, busy, "") == 5
        assert ports.choose(0, free, str(free)) == 0
        assert ports.choose(None, free, "") == free
        assert ports.choose(None, busy, "") == 0
        assert ports.choose(None, busy, str(free)) == free
        assert ports.choose(None, free, str(busy)) == free

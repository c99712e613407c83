"""A program as a child of `conduix up`: until it is ready, while it runs, when it dies, when it is to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from conduix.errors import ConduixError
from conduix_tui.cli.up.leash import leashed

_READY_WITHIN = 60.0
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_STEADY = 60.0
"""Seconds after which a child that dies is not in a row with the death before."""
_LOG_BYTES = 10 << 20
_QUIET = 30.0
"""Seconds in which the same problem is told once."""

Tell = Callable[[str], None]


class ChildFailed(ConduixError):
    """A program of `conduix up` ended before it was ready, or did not become ready."""

    code = "PROGRAM_FAILED"


class Child:
    """One program; `argv` without the interpreter. Its log goes to `log`, what matters of it is told."""

    def __init__(
        self,
        name: str,
        argv: Callable[[], Sequence[str]],
        *,
        env: Mapping[str, str],
        log: Path,
        lock_fd: int,
        tell: Tell,
    ) -> None:
        self.name = name
        self._argv = argv
        self._env = env
        self._log = log
        self._lock_fd = lock_fd
        self._tell = tell
        self._told: dict[str, float] = {}
        self._last: deque[str] = deque(maxlen=20)
        self._process: asyncio.subprocess.Process | None = None
        self._pump: asyncio.Task[None] | None = None
        self._ready = False
        self._kept = False
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    async def start(self) -> dict[str, str]:
        """Start it; returns what its ready line says, by name.

        Raises:
            ChildFailed: it ended, or said nothing for a minute; with what it said last.
        """
        self._last.clear()
        self._ready = False  # what it says until then belongs to its failure
        self._process = await asyncio.create_subprocess_exec(
            *leashed(sys.executable, *self._argv()),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=dict(self._env), pass_fds=(self._lock_fd,),
            start_new_session=True,  # Ctrl-C is for us: the agent ends before the server
        )  # fmt: skip
        self._pump = asyncio.create_task(self._read_log(self._process))
        ready = await self._ready_line(self._process)
        if not ready:
            await self._end(self._process, 5.0)
            said = "\n".join(self._last) or "it said nothing"
            raise ChildFailed(f"the {self.name} did not start:\n{said}", remedy=f"its log: {self._log}")
        self._ready = True
        return dict(word.partition("=")[::2] for word in ready.split() if "=" in word)

    async def keep(self) -> None:
        """Tell what goes wrong, and start it again whenever it dies, until `stop`."""
        self._kept = True
        wait, since = _FIRST_WAIT, time.monotonic()
        while self._process is not None:
            code = await self._process.wait()
            if self._stopping:
                return
            if time.monotonic() - since > _STEADY:
                wait = _FIRST_WAIT
            self._tell(f"the {self.name} ended ({_cause(code)}); it is started again in {wait:g} s")
            await asyncio.sleep(wait)
            wait, since = min(wait * 2, _LONGEST_WAIT), time.monotonic()
            try:
                await self.start()
            except ChildFailed as error:
                self._tell(error.message)
            else:
                self._tell(f"the {self.name} is back")

    async def stop(self, grace: float) -> bool:
        """End it by SIGTERM, after `grace` seconds by SIGKILL; was it the former?"""
        self._stopping = True
        return self._process is None or await self._end(self._process, grace)

    def kill(self) -> None:
        """At once."""
        self._stopping = True
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _ready_line(self, process: asyncio.subprocess.Process) -> str:
        out = cast("asyncio.StreamReader", process.stdout)  # a pipe, as `start` makes it
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READY_WITHIN):
                return (await out.readline()).decode(errors="replace").strip()
        return ""

    async def _end(self, process: asyncio.subprocess.Process, grace: float) -> bool:
        gentle = await end(process, grace)
        if self._pump is not None:
            with contextlib.suppress(TimeoutError):  # somebody else may hold its standard error open
                async with asyncio.timeout(2.0):
                    await self._pump
        return gentle

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        """Standard error into the file, a line at a time, without end."""
        said = cast("asyncio.StreamReader", process.stderr)  # a pipe, as `start` makes it
        rest = b""
        with self._open_log() as file:
            while chunk := await said.read(1 << 16):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    file.write(line + b"\n")
                    self._notice(line.decode(errors="replace"))
                file.flush()
            if rest:
                file.write(rest + b"\n")
                self._notice(rest.decode(errors="replace"))

    def _open_log(self) -> BinaryIO:
        if self._log.exists() and self._log.stat().st_size > _LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        return open(self._log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))

    def _notice(self, line: str) -> None:
        """Tell what a person wants to know: warnings and errors, and what is no log line at all."""
        try:
            entry = orjson.loads(line)
            level, message = str(entry["level"]), str(entry["message"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            level, message = "error", line.rstrip()
        if message:
            self._last.append(message)
        heard = self._kept and self._ready and not self._stopping
        if level in ("warning", "error", "critical") and message and heard:
            now = time.monotonic()
            if now - self._told.get(message, -_QUIET) >= _QUIET:
                self._told = {text: at for text, at in self._told.items() if now - at < _QUIET} | {message: now}
                self._tell(f"{self.name} {level}: {message}")


async def end(process: asyncio.subprocess.Process, grace: float) -> bool:
    """End a process that may have ended, by SIGTERM, after `grace` seconds by SIGKILL; was the former enough?"""
    if process.returncode is not None:
        return True
    process.terminate()
    try:
        async with asyncio.timeout(grace):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
    return True


def _cause(code: int) -> str:
    return f"exit status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

"""One worker process: its line (framed messages over a socket pair, fd 3), what it prints, and how it ended.

A worker ends with its agent: the line's end of file tells it, and the kernel, which ends it with the *thread* that
started it. Hence workers are started from the main thread only. They have a process group of their own, so that Ctrl-C
in a terminal reaches the agent alone, which then drains them.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from google.protobuf.message import DecodeError

from conduix.engine.worker.frames import LENGTH, MAX_BYTES, frame
from conduix.v1 import worker_pb2 as pb

COMMAND = (sys.executable, "-m", "conduix.engine.worker")
MOST_LINE = 8192
"""Characters of one printed line that are kept."""
_LAST_WORDS = 2.0
"""Seconds for reading what a worker said before it ended; longer only if something else holds its pipes."""

WITHHELD = frozenset({"CONDUIX_JOIN_TOKEN"})
"""Variables that are for the agent alone: documents could read them."""

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is told what a worker says."""

    event: Callable[[pb.WorkerEvent], None]
    line: Callable[[Stream, str], None]


class WorkerProcess:
    """A worker that was started; `wait` is to be called once, whatever happens."""

    def __init__(self, pid: int, ears: Ears) -> None:
        self.pid = pid
        self._ears = ears
        self._writer: asyncio.StreamWriter | None = None
        self._reading: list[asyncio.Task[None]] = []
        self._fault = ""
        """What it said that is not of the protocol."""
        self._over = False

    @classmethod
    async def start(
        cls, ears: Ears, lock: int, command: Sequence[str] = COMMAND, environment: Mapping[str, str] | None = None
    ) -> WorkerProcess:
        """Start one, by default in `own_environment`.

        Its descriptor 4 is `lock`: what that locks is free again when all who have it are gone.

        Raises:
            OSError: the system has no room for it, or the program is not there.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("workers are started from the main thread: they end with the thread that started them")
        ours, theirs = socket.socketpair()
        (out, stdout), (err, stderr) = os.pipe(), os.pipe()
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            given = [null, stdout, stderr, theirs.fileno(), lock]
            process = cls(_spawn(command, own_environment() if environment is None else environment, given), ears)
        except BaseException:
            ours.close()
            os.close(out)
            os.close(err)
            raise
        finally:
            theirs.close()
            for fd in (null, stdout, stderr):
                os.close(fd)
        await process._listen(ours, out, err)
        return process

    async def _listen(self, line: socket.socket, stdout: int, stderr: int) -> None:
        reader, self._writer = await asyncio.open_unix_connection(sock=line)
        self._reading = [
            asyncio.create_task(self._hear(reader)),
            asyncio.create_task(self._lines("stdout", stdout)),
            asyncio.create_task(self._lines("stderr", stderr)),
        ]

    def send(self, request: pb.WorkerRequest) -> None:
        """Say something to it; nothing, if it is gone."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frame(request))

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        if not self._over:  # until it is reaped nobody else can have its pid
            os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> str:
        """How it ended, in words, after everything that it said was heard."""
        await _ended(self.pid)
        cause, self._over = _reap(self.pid), True
        _, unheard = await asyncio.wait(self._reading, timeout=_LAST_WORDS)
        for task in unheard:
            task.cancel()
        if self._writer is not None:
            self._writer.close()
        return self._fault or cause

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                if length > MAX_BYTES:
                    raise DecodeError(f"a message of {length:,} bytes")
                self._ears.event(pb.WorkerEvent.FromString(await reader.readexactly(length)))
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the end of its line; how it ended is for `wait`
        except DecodeError as error:
            self._fault = f"the worker said what an agent does not understand ({error}) and was ended"
            self.kill()

    async def _lines(self, stream: Stream, fd: int) -> None:
        reader = asyncio.StreamReader()
        with os.fdopen(fd, "rb") as pipe:
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), pipe
            )
            try:
                async for line in _split(reader):
                    self._ears.line(stream, line)
            finally:
                transport.close()


async def _split(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    """Lines, long ones in parts; the last one need not end."""
    rest = b""
    while data := await reader.read(65536):
        *lines, rest = (rest + data).split(b"\n")
        if len(rest) > MOST_LINE:
            lines, rest = [*lines, rest], b""
        for line in lines:
            yield _text(line)
    if rest:
        yield _text(rest)


def _text(line: bytes) -> str:
    return line[:MOST_LINE].decode(errors="replace").rstrip("\r")


def own_environment() -> Mapping[str, str]:
    """This process's environment as its workers, and the documents that they run, may see it."""
    return {name: value for name, value in os.environ.items() if name not in WITHHELD}


def _spawn(command: Sequence[str], environment: Mapping[str, str], given: Sequence[int]) -> int:
    """Fork and exec without running Python in between: `given` become 0, 1, 2 … and nothing else is inherited."""
    # first out of the way of those that they become; a copy onto its own number would stay closed-on-exec
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, len(given)) for fd in given]
    try:
        return os.posix_spawn(
            command[0],
            list(command),
            environment,
            file_actions=[
                *((os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(moved)),
                *((os.POSIX_SPAWN_CLOSE, fd) for fd in _inheritable() if fd >= len(given)),
            ],
            setpgroup=0,
            setsigmask=(),
            setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGPIPE),
        )
    finally:
        for fd in moved:
            os.close(fd)


def _inheritable() -> list[int]:
    """Descriptors that this program was started with: what it opens itself is closed by the exec."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the one of the listing itself
            if os.get_inheritable(int(name)):
                found.append(int(name))
    return found


async def _ended(pid: int) -> None:
    """Wait for the end of a child without a thread; it is still to be reaped."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    pidfd = os.pidfd_open(pid)
    loop.add_reader(pidfd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)


def _reap(pid: int) -> str:
    """How a process ended that has ended."""
    return _cause(os.waitpid(pid, 0)[1])


def _cause(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"worker ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"worker ended with exit status {os.waitstatus_to_exitcode(status)}"

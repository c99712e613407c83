"""A server as a child process: on a free port, gone with its parent, ready before it is handed out."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

TRIES = 3
READY_SECONDS = 30.0
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class NotReady(Exception):
    """The server ended, or did not answer in time; the end of its log is in the message."""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def dies_with(parent: int) -> None:
    """In the child: killed when the thread that started it ends; at once where that is so already."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class Process:
    """One server. `command` makes its arguments from a port; another port is taken where the first was."""

    def __init__(self, command: Callable[[int], Sequence[str]], log: Path) -> None:
        self._command = command
        self._log = log
        self._child: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> None:
        """Returns when the port answers; on the same port as before if there was one. Raises NotReady."""
        if self.port:
            self._start_on(self.port)
            return
        for attempt in range(1, TRIES + 1):
            try:
                self._start_on(free_port())
                return
            except NotReady:
                if attempt == TRIES:
                    raise

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Returns when the process is gone."""
        if self._child is not None:
            self._child.send_signal(number)
            self._child.wait(READY_SECONDS)
            self._child = None

    def _start_on(self, port: int) -> None:
        parent = os.getpid()
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                list(self._command(port)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: dies_with(parent),  # noqa: PLW1509 - only prctl: the child may not outlive us
            )
        try:
            self._wait(port)
        except NotReady:
            self.stop(signal.SIGKILL)
            raise
        self.port = port

    def _wait(self, port: int) -> None:
        assert self._child is not None
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self._child.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1) as greeted:
                    # a port that listens is not a server that answers: the first byte is the server's
                    greeted.settimeout(READY_SECONDS)
                    if greeted.recv(1):
                        return
            except OSError:
                time.sleep(0.02)  # polling a process of another program: there is nothing to wait on
        tail = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise NotReady(f"no answer on port {port}:\n{tail}")

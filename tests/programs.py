"""The real programs as processes: started on free ports in folders of their own, killed as a power cut would.

A program that is started again takes the ports it had, so that the others find it. Nothing of the caller's own settings
reaches them.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import SystemRandom
from secrets import token_urlsafe

from tests.eventually import eventually, eventually_sync

READY_SECONDS = 120.0
"""Two hundred modules are imported by a busy processor."""
STOP_SECONDS = 30.0
ADMIN = "admin"
PASSWORD = "correct horse battery staple"  # noqa: S105 - of servers that live for a test
_PORTS = range(18_000, 32_000)
"""Below those that systems give to outgoing connections: one of these may not take a port between two starts."""
_READY = re.compile(r"^\S+ ready (.+)$", re.MULTILINE)


def free_port() -> int:
    """A port that nothing listens on."""
    while True:
        port = SystemRandom().choice(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Program:
    """One program over all its starts. `folder` takes its output; `ready` is what its ready line named."""

    def __init__(
        self, name: str, command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.command = [str(word) for word in command]
        self.folder = folder
        self.environment = {**_clean(folder), **(environment or {})}
        self.ready: dict[str, str] = {}
        self.starts = 0
        self._child: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._child is not None, f"{self.name} does not run"
        return self._child.pid

    @property
    def running(self) -> bool:
        """Has it been started, and not ended?"""
        return self._child is not None and self._child.poll() is None

    @property
    def output(self) -> str:
        """Standard output of all its starts."""
        return _text(self.folder / "stdout")

    @property
    def log(self) -> str:
        """Standard error of all its starts."""
        return _text(self.folder / "stderr")

    def spawn(self) -> None:
        """Start it and do not wait."""
        assert not self.running, f"{self.name} runs already"
        self.starts += 1
        with (self.folder / "stdout").open("wb") as out, (self.folder / "stderr").open("ab") as err:
            self._child = subprocess.Popen(
                # gone with the thread that starts it: nothing is left behind by tests that are killed
                ["setpriv", "--pdeathsig", "KILL", *self.command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def start(self) -> None:
        """Start it; returns when it said that it is ready. AssertionError with its last words where it ends instead."""
        self.spawn()
        eventually_sync(self.said_ready, READY_SECONDS)

    async def started(self) -> None:
        """`start`, beside an event loop's other work."""
        self.spawn()
        await eventually(self.said_ready, READY_SECONDS)

    def kill(self) -> None:
        """As a power cut would, for this process."""
        self.end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end; the exit status."""
        return self.end(signal.SIGTERM)

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait until it is gone; its exit status."""
        child = self._child
        assert child is not None, f"{self.name} was never started"
        if child.poll() is None:
            child.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Until it ended by itself; its exit status. AssertionError after 30 s."""
        assert self._child is not None, f"{self.name} was never started"
        try:
            return self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            raise AssertionError(f"{self.name} does not end: {self.log[-3000:]}") from None

    def remove(self) -> None:
        """At the end of a test: gone, whatever state it is in."""
        if self._child is not None:
            self._child.kill()
            self._child.wait(STOP_SECONDS)

    def said_ready(self) -> bool:
        """Has it? Raises Ended where it never will."""
        if not self.running:
            raise Ended(f"{self.name} ended with {self.wait()} before it was ready: {self.log[-3000:]}")
        found = _READY.search(self.output)
        if found is None:
            return False
        self.ready = dict(word.partition("=")[::2] for word in found[1].split())
        return True


class Ended(Exception):
    """A program ended where it should have become ready."""


class Server(Program):
    """`conduix_server`. On SQLite in its own folder unless a database is named; an admin is there from the start."""

    def __init__(self, folder: Path, *, database_url: str = "", environment: Mapping[str, str] | None = None) -> None:
        self.state = folder / "state"
        self.database_url = database_url
        self.ports = {"grpc-port": free_port(), "mesh-port": free_port(), "port": free_port()}
        chosen = [word for name, port in self.ports.items() for word in (f"--{name}", str(port))]
        self.common = ["--host", "127.0.0.1", "--state-dir", str(self.state), "--log-level", "info"]
        self.common += ["--database-url", database_url] if database_url else []
        command = [sys.executable, "-m", "conduix_server", *self.common, *chosen]
        super().__init__("conduix_server", command, folder, {"JWT_SECRET": token_urlsafe(48), **(environment or {})})

    @property
    def address(self) -> str:
        """Of the users' listener."""
        return f"127.0.0.1:{self.ports['grpc-port']}"

    @property
    def http(self) -> str:
        """Of /health, /ready and /metrics."""
        return f"http://127.0.0.1:{self.ports['port']}"

    def prepare(self) -> None:
        """An empty database becomes one with tables and an admin."""
        if self.database_url:
            self.once("--migrate")
        password = self.folder / "password"
        password.write_text(PASSWORD + "\n")
        password.chmod(0o600)
        self.once("--create-admin", ADMIN, "--password-file", str(password))

    def once(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the server's program for something else than serving. AssertionError where it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "conduix_server", *self.common, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=READY_SECONDS,
        )
        assert done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done


class Agent(Program):
    """`conduix_agent`. The join token is used in its first start; after that its state directory knows who it is."""

    def __init__(
        self,
        folder: Path,
        servers: str,
        join_token: str,
        *,
        name: str = "agent",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.state = folder / "state"
        token = folder / "join-token"
        folder.mkdir(parents=True, exist_ok=True)
        token.write_text(join_token + "\n")
        token.chmod(0o600)
        words = ["--servers", servers, "--join-token-file", str(token), "--name", name, "--state-dir", str(self.state)]
        command = [sys.executable, "-m", "conduix_agent", "run", *words, "--http-port", "0"]
        super().__init__(name, command, folder, environment)

    def workers(self) -> list[int]:
        """Process ids of its worker processes, the youngest last."""
        return [pid for pid in children(self.pid) if "conduix.engine.worker" in _command_line(pid)]


def children(pid: int) -> list[int]:
    """Of a process, in the order of their ids; none where it is gone."""
    tasks = Path(f"/proc/{pid}/task")
    found: set[int] = set()
    for task in tasks.glob("*/children"):
        found |= {int(word) for word in _text(task).split()}
    return sorted(found)


def _command_line(pid: int) -> str:
    return _text(Path(f"/proc/{pid}/cmdline")).replace("\0", " ")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):  # not yet, or not any more
        return ""


def _clean(folder: Path) -> dict[str, str]:
    """The environment without anything that a program of ours would take for a setting."""
    ours = ("CONDUIX_", "DB_", "REDIS_", "JWT_")
    names = {"PORT", "GRPC_PORT", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE"}
    kept = {key: value for key, value in os.environ.items() if key not in names and not key.startswith(ours)}
    homes = {"XDG_STATE_HOME": str(folder / "xdg-state"), "XDG_CONFIG_HOME": str(folder / "xdg-config")}
    return {**kept, **homes, "CONDUIX_TESTING": "1", "NO_COLOR": "1"}

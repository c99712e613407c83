"""The state directory of an agent: one process holds it; what is in it is whole and durable, or said to be damaged.

| file | what |
|---|---|
| lock | the pid of the process that holds the directory |
| identity | who this agent is, with key, certificate or token; readable by its owner only |
| enrolment | an enrolment that is under way: asking again with it gives the same agent |
| process | the incarnation that a server welcomed last, and the highest session number |
| desired | the last desired state that was applied: what the agent starts from alone |
| journal, spool | commands; reports that no server has yet |
| revisions/, pipelines/ | documents; what the host keeps of each pipeline |
| agent.sock | where `conduix-agent status` asks |
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec
from google.protobuf.message import DecodeError

from conduix.engine.files import Files
from conduix.errors import StateBusy, StateDamaged, UsageError, from_os_error
from conduix.lockfile import Held, hold
from conduix.mesh.spool import Spool
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.host.spool_file import SpoolFile
from conduix_agent.link.checked import read_checked, write_checked
from conduix_agent.link.journal import Journal

log = logging.getLogger(__name__)
T = TypeVar("T")


class Identity(msgspec.Struct, frozen=True):
    """Who this agent is. Either a certificate with its key, or a token (loopback without TLS)."""

    agent_id: str
    obtained_at: float
    """Unix seconds, by this machine's clock."""
    expires_at: float
    token: str = ""
    key: str = ""
    """PEM; made here, leaves this directory never."""
    certificate: str = ""
    """PEM chain."""
    authority: str = ""
    """PEM: who signs agents."""
    mesh_port: int = 0
    """Where agents with a certificate connect, on the host of each server; 0: on the port that is configured."""
    enrolled_with: str = ""
    """Fingerprint of the join token: an agent that was removed comes back by another one only."""

    def __repr__(self) -> str:
        return f"Identity({self.agent_id}, until {self.expires_at:.0f})"  # no secrets in logs


class Enrolment(msgspec.Struct, frozen=True):
    """What an enrolment is asked with; kept before the first try."""

    request_id: str
    key: str
    """PEM."""
    csr: str
    """PEM; the same bytes at each try."""


class Process(msgspec.Struct, frozen=True):
    """The process that was welcomed last."""

    incarnation: str = ""
    session_seen: int = 0


class StateDirectory:
    """Holds the directory while the agent runs. Use as a context manager.

    Raises:
        StateBusy: another process holds it; names its pid.
        UsageError: it cannot be made or written.
        ConnectorError: the disk does not give back or take what belongs there.
    """

    def __init__(self, path: Path, *, spool_bytes: int, files: Files | None = None) -> None:
        self.path = path.absolute()
        self._files = files or Files()
        self._lock = _hold(self.path, self._files)
        try:
            self.journal = Journal(self.path / "journal", self._files)
            self._spool_file = SpoolFile(self.path / "spool", self._files)
            self.spool = Spool(self._spool_file, spool_bytes)
        except OSError as error:
            os.close(self._lock)
            raise from_os_error(error, "open", str(self.path)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.journal.close()
        self._spool_file.close()
        os.close(self._lock)

    @property
    def spool_size(self) -> int:
        """Bytes of reports on the disk."""
        return self._spool_file.size

    def identity(self) -> Identity | None:
        """Who this agent is; None: it never enrolled. Raises StateDamaged."""
        return self._read("identity", lambda body: msgspec.json.decode(body, type=Identity))

    def save_identity(self, identity: Identity) -> None:
        """Durable when this returns. Raises OSError."""
        self._write("identity", msgspec.json.encode(identity))

    def forget_identity(self) -> None:
        """A server said that this agent is none of its own any more; the next enrolment begins anew."""
        for name in ("identity", "enrolment"):
            self._files.unlink(self.path / name)
        self._files.fsync_dir(self.path)

    def enrolment(self) -> Enrolment | None:
        """What the last enrolment was asked with. Raises StateDamaged."""
        return self._read("enrolment", lambda body: msgspec.json.decode(body, type=Enrolment))

    def save_enrolment(self, enrolment: Enrolment) -> None:
        """Durable when this returns. Raises OSError."""
        self._write("enrolment", msgspec.json.encode(enrolment))

    def process(self) -> Process:
        """Whoever was welcomed last. Damaged: nobody, so that a server asks a person."""
        read = self._read_or_lose("process", lambda body: msgspec.json.decode(body, type=Process))
        return read or Process()

    def save_process(self, process: Process) -> None:
        """Durable when this returns. Raises OSError."""
        self._write("process", msgspec.json.encode(process))

    def desired(self) -> pb.DesiredStateUpdate:
        """What was applied last. Damaged: nothing, until a server tells it."""
        return self._read_or_lose("desired", pb.DesiredStateUpdate.FromString) or pb.DesiredStateUpdate()

    def save_desired(self, update: pb.DesiredStateUpdate) -> None:
        """Durable when this returns. Raises OSError."""
        self._write("desired", update.SerializeToString())

    def _write(self, name: str, body: bytes) -> None:
        write_checked(self._files, self.path / name, body)

    def _read(self, name: str, decode: Callable[[bytes], T]) -> T | None:
        body = read_checked(self.path / name)
        try:
            return None if body is None else decode(body)
        except (msgspec.DecodeError, DecodeError) as error:
            raise StateDamaged(
                f"{self.path / name} was written by another version of Conduix: {error}",
                remedy="run the version that wrote it, or a newer one",
            ) from error

    def _read_or_lose(self, name: str, decode: Callable[[bytes], T]) -> T | None:
        try:
            return self._read(name, decode)
        except StateDamaged as error:
            kept = self.path / f"{name}.damaged"
            self._files.rename(self.path / name, kept)
            self._files.fsync_dir(self.path)
            log.error("%s; the agent goes on without it, kept as %s", error.message, kept.name)  # noqa: TRY400 - no trace wanted
            return None


def _hold(path: Path, files: Files) -> int:
    try:
        files.mkdir(path)
        os.chmod(path, 0o700)
        return hold(path / "lock", 0o600)
    except Held as held:
        raise StateBusy(
            f"{path} is held by another agent (pid {held.pid})",
            remedy="stop that one, or give this one a --state-dir of its own",
        ) from None
    except OSError as error:
        raise UsageError(
            f"cannot use {path} as state directory: {error.strerror or error}",
            remedy="name a directory that this user may write, with --state-dir",
        ) from error

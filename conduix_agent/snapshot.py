"""How an agent stands at one moment, and the socket in its state directory that tells it to whoever may read it."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec

from conduix.errors import UsageError
from conduix.v1 import pipeline_service_pb2 as pb

SOCKET = "agent.sock"
_PATIENCE = 5.0


class Replica(msgspec.Struct, frozen=True):
    """One replica on this agent."""

    pipeline: str
    pipeline_id: str
    replica: int
    state: str
    detail: str
    checkpoint: int
    checkpoint_at: float
    """Unix seconds; 0: none yet."""
    epoch: int
    revision: int
    restarts: int


class Snapshot(msgspec.Struct, frozen=True):
    """What `conduix-agent status` prints."""

    id: str
    name: str
    version: str
    pid: int
    state_dir: str
    mode: str
    since: float
    """Of the mode, Unix seconds."""
    server: str
    session: int
    rtt_ms: float | None
    cause: str
    """Why no server is connected."""
    desired_version: int
    sessions: int
    spool_bytes: int
    dropped: int
    """Log lines and tapped records that were not sent."""
    identity_expires_at: float
    replicas: list[Replica]


def replica_of(status: pb.ReplicaStatus, name: str) -> Replica:
    """A replica's line."""
    return Replica(
        pipeline=name or status.pipeline_id,
        pipeline_id=status.pipeline_id,
        replica=status.replica,
        state=state_name(status.state),
        detail=status.detail,
        checkpoint=status.checkpoint,
        checkpoint_at=status.checkpoint_at.seconds + status.checkpoint_at.nanos / 1e9,
        epoch=status.epoch,
        revision=status.revision,
        restarts=status.restarts,
    )


def state_name(state: pb.PipelineState) -> str:
    """RUNNING, PAUSED and so on."""
    return pb.PipelineState.Name(state).removeprefix("PIPELINE_STATE_")


@asynccontextmanager
async def telling(directory: Path, now: Callable[[], Snapshot]) -> AsyncIterator[None]:
    """Answer every connection to the socket by a snapshot as JSON. The directory's lock makes it the only one."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(msgspec.json.encode(now()))
        writer.close()
        await writer.wait_closed()

    with _short(directory) as short:
        (directory / SOCKET).unlink(missing_ok=True)
        server = await asyncio.start_unix_server(answer, short)
    os.chmod(directory / SOCKET, 0o600)
    try:
        yield
    finally:
        server.close()
        (directory / SOCKET).unlink(missing_ok=True)


def ask(directory: Path) -> Snapshot:
    """How the agent of this state directory stands. Raises UsageError: none runs there, or it may not be asked."""
    try:
        with _short(directory) as short, socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_PATIENCE)
            client.connect(short)
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        return msgspec.json.decode(answer, type=Snapshot)
    except (FileNotFoundError, ConnectionRefusedError):
        raise UsageError(
            f"no agent runs with the state directory {directory}",
            remedy="start it with `conduix-agent run`, or name its directory with --state-dir",
        ) from None
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(
            f"the agent in {directory} does not answer: {error}",
            remedy="ask as the user that runs the agent, or as root",
        ) from error


@contextmanager
def _short(directory: Path) -> Iterator[str]:
    """A path to the socket that fits into the 107 bytes that the system allows, however long the directory's is."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{SOCKET}"
    finally:
        os.close(fd)


def as_json(snapshot: Snapshot) -> str:
    """For programs."""
    return msgspec.json.format(msgspec.json.encode(snapshot), indent=2).decode() + "\n"


def as_text(snapshot: Snapshot) -> str:
    """For people."""
    s = snapshot
    where = f"{s.server}, session {s.session}" if s.server else s.cause
    rtt = f", {s.rtt_ms:.1f} ms away" if s.server and s.rtt_ms is not None else ""
    rows = [
        ("agent", f"{s.name} ({s.id or 'not enrolled'}), version {s.version}, pid {s.pid}"),
        ("state", s.state_dir),
        ("mode", f"{s.mode} for {_age(s.since)}: {where}{rtt}"),
        ("desired", f"version {s.desired_version} applied"),
        ("spool", f"{s.spool_bytes} bytes, {s.dropped} lines and records dropped"),
    ]
    facts = "\n".join(f"{name:<8} {text}" for name, text in rows)
    return f"{facts}\n\n{_table(s.replicas)}" if s.replicas else f"{facts}\nreplicas none\n"


def _table(replicas: list[Replica]) -> str:
    head = ("PIPELINE", "REPLICA", "STATE", "CHECKPOINT", "AGE", "RESTARTS", "DETAIL")
    rows = [head, *map(_row, replicas)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return "".join(
        "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )


def _row(r: Replica) -> tuple[str, ...]:
    age = _age(r.checkpoint_at) if r.checkpoint_at else "-"
    return r.pipeline, str(r.replica), r.state, str(r.checkpoint), age, str(r.restarts), r.detail


def _age(since: float) -> str:
    seconds = max(0.0, time.time() - since)
    if seconds < 120:
        return f"{seconds:.0f}s"
    if seconds < 7200:
        return f"{seconds / 60:.0f}m"
    return f"{seconds / 3600:.0f}h" if seconds < 172_800 else f"{seconds / 86_400:.0f}d"

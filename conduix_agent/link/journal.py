"""The journal of commands on disk: what was started, and how it ended. It is why none runs twice."""

from __future__ import annotations

import struct
from pathlib import Path

from conduix.engine.files import Files
from conduix.mesh.commands import JournalEntry
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.host.spool_file import SpoolFile

_FRAME = struct.Struct(">cdH")
"""Kind of frame, deadline in Unix seconds, length of the command's id; then the id, then the result."""
_STARTED, _RESULT, _STORED, _FORGOTTEN = b"S", b"R", b"A", b"F"
_COMPACT_FROM = 1 << 20


class Journal:
    """Frames behind one another, each durable when its method returns. All methods raise OSError."""

    def __init__(self, path: Path, files: Files) -> None:
        self._storage = SpoolFile(path, files)
        self._live: dict[str, bytes] = {}
        """The newest frame of each command that is not forgotten."""
        for _, frame in self._storage.frames():
            self._keep(frame)
        self._compact_at = max(_COMPACT_FROM, 2 * self._live_size())

    def entries(self) -> list[JournalEntry]:
        """What the process before left, for `conduix.mesh.commands.Commands`."""
        return [_entry(frame) for frame in self._live.values()]

    def started(self, command_id: str, deadline: float) -> None:
        """The command is about to run."""
        self._append(_frame(_STARTED, command_id, deadline), durable=True)

    def result(self, result: pb.CommandResult, deadline: float) -> None:
        """It ended; this is the answer from now on."""
        self._append(_frame(_RESULT, result.command_id, deadline, result.SerializeToString()), durable=True)

    def stored(self, command_id: str) -> None:
        """The server has the result, too."""
        kind, deadline, _, body = _parts(self._live[command_id])
        if kind == _RESULT:
            self._append(_frame(_STORED, command_id, deadline, body), durable=False)

    def forget(self, command_id: str) -> None:
        """Nobody can ask for it any more."""
        self._append(_frame(_FORGOTTEN, command_id, 0.0), durable=False)

    def close(self) -> None:
        """Release the file."""
        self._storage.close()

    def _append(self, frame: bytes, *, durable: bool) -> None:
        self._storage.append(frame)
        self._keep(frame)
        if self._storage.size > self._compact_at:
            self._storage.replace(self._live.values())
            self._compact_at = max(_COMPACT_FROM, 2 * self._storage.size)
        if durable:
            self._storage.sync()

    def _keep(self, frame: bytes) -> None:
        kind, _, command_id, _ = _parts(frame)
        if kind == _FORGOTTEN:
            self._live.pop(command_id, None)
        else:
            self._live[command_id] = frame

    def _live_size(self) -> int:
        return sum(map(len, self._live.values()))


def _frame(kind: bytes, command_id: str, deadline: float, body: bytes = b"") -> bytes:
    encoded = command_id.encode()
    return _FRAME.pack(kind, deadline, len(encoded)) + encoded + body


def _parts(frame: bytes) -> tuple[bytes, float, str, bytes]:
    kind, deadline, length = _FRAME.unpack_from(frame)
    at = _FRAME.size + length
    return kind, deadline, frame[_FRAME.size : at].decode(), frame[at:]


def _entry(frame: bytes) -> JournalEntry:
    kind, deadline, command_id, body = _parts(frame)
    result = None if kind == _STARTED else pb.CommandResult.FromString(body)
    return JournalEntry(command_id, deadline, result, stored=kind == _STORED)

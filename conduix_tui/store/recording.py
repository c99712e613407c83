"""Recordings of what came from a server: for post-mortems, for the pictures of the documentation, for tests.

One JSON object a line: `{"at": seconds since the beginning, "put": "pipeline", "key": …, "item": {…}}`. The first line
names the format and when it was recorded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import Message

from conduix.errors import UsageError
from conduix_tui.store.updates import KINDS, All, Ended, Interrupted, Kind, Origin, Put, Removed, Resumed, Update

FORMAT = "conduix-recording/1"


class Recording:
    """A file that is being written, whichever servers the console goes to meanwhile. Use as a context manager."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Begins the file anew. Raises UsageError where it cannot be written."""
        self._clock = clock
        self._began = clock()
        try:
            self._file: IO[bytes] = path.open("wb")
        except OSError as error:
            raise UsageError(f"cannot record into {path}: {error.strerror}", remedy="name another file") from error
        self._write({"format": FORMAT, "recorded_at": time.time()})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, update: Update) -> None:
        """Something came now."""
        self._write({"at": round(self._clock() - self._began, 3), **_written(update)})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(line) + b"\n")
        self._file.flush()


@dataclass(frozen=True, slots=True)
class Recorded:
    """An origin of which everything that it tells is written down."""

    origin: Origin
    recording: Recording

    async def updates(self) -> AsyncIterator[Update]:
        """As the origin."""
        async for update in self.origin.updates():
            self.recording.add(update)
            yield update


class Replay:
    """An origin that tells a recording. `speed`: 2 is twice as fast; 0: all at once, as fast as it is taken."""

    def __init__(self, path: Path, speed: float = 1.0) -> None:
        """Raises UsageError where the file is no recording."""
        self._path = path
        self._speed = speed
        try:
            with path.open("rb") as file:
                head = orjson.loads(file.readline())
            known = head.get("format") == FORMAT
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}", remedy="name a recording") from error
        except (ValueError, AttributeError):
            known = False
        if not known:
            raise UsageError(f"{path} is no recording", remedy="make one with conduix-tui --record FILE")

    async def updates(self) -> AsyncIterator[Update]:
        """What was recorded, at the moments at which it came; then it ends. Raises UsageError at a broken line."""
        began = asyncio.get_running_loop().time()
        with self._path.open("rb") as file:
            file.readline()
            for number, line in enumerate(file, 2):
                at, update = self._read(line, number)
                if self._speed:
                    await asyncio.sleep(began + at / self._speed - asyncio.get_running_loop().time())
                yield update

    def _read(self, line: bytes, number: int) -> tuple[float, Update]:
        try:
            told = orjson.loads(line)
            return float(told["at"]), _told(told)
        except (ValueError, KeyError, TypeError, ParseError) as error:
            raise UsageError(
                f"{self._path}:{number}: broken: {error}", remedy="cut the file before this line"
            ) from error


def _written(update: Update) -> dict[str, Any]:
    if isinstance(update, All):
        return {"all": update.kind, "items": {key: _plain(item) for key, item in update.items.items()}}
    if isinstance(update, Put):
        return {"put": update.kind, "key": update.key, "item": _plain(update.item)}
    if isinstance(update, Removed):
        return {"removed": update.kind, "key": update.key}
    if isinstance(update, Interrupted):
        return {"interrupted": update.kind, "cause": update.cause, "retry_in": update.retry_in}
    if isinstance(update, Resumed):
        return {"resumed": update.kind}
    return {"ended": update.kind, "code": update.code, "message": update.message, "remedy": update.remedy}


def _told(told: dict[str, Any]) -> Update:
    if "all" in told:
        kind = _kind(told["all"])
        return All(kind, {key: _message(kind, item) for key, item in told["items"].items()})
    if "put" in told:
        kind = _kind(told["put"])
        return Put(kind, told["key"], _message(kind, told["item"]))
    if "removed" in told:
        return Removed(_kind(told["removed"]), told["key"])
    if "interrupted" in told:
        return Interrupted(_kind(told["interrupted"]), told["cause"], told["retry_in"])
    if "resumed" in told:
        return Resumed(_kind(told["resumed"]))
    return Ended(_kind(told["ended"]), told["code"], told["message"], told["remedy"])


def _kind(name: str) -> Kind:
    return next(kind for kind in KINDS if kind == name) if name in KINDS else _unknown(name)


def _unknown(name: str) -> Kind:
    raise ValueError(f"nothing is known of {name}")


def _message(kind: Kind, item: dict[str, Any]) -> Message:
    # what a newer console has recorded is shown as far as it is known
    return ParseDict(item, KINDS[kind](), ignore_unknown_fields=True)


def _plain(item: Message) -> dict[str, Any]:
    return MessageToDict(item, preserving_proto_field_name=True)

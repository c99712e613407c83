"""Dead letters as records: what is stored of a record that failed, and under which id."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from conduix.engine.api import JSONL, Batch, Letter, Lines

_SPACE = uuid.UUID("6f1c6d5e-3d3b-5b0e-9a51-0c8f5e0f7a11")
"""Namespace of letter ids; fixed for ever: replaying a letter twice must find the same id."""


@dataclass(frozen=True, slots=True)
class LetterWriter:
    """Turns letters into a batch for the dead-letter sink. `clock` gives Unix seconds."""

    pipeline: str
    revision: str
    run: str
    clock: Callable[[], float]

    def batch(self, letters: Sequence[Letter], of: Batch) -> Batch:
        """The letters of one batch, as JSON lines under that batch's shard and position."""
        now = datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        data = b"".join(
            [orjson.dumps(self._record(letter, now), None, orjson.OPT_APPEND_NEWLINE) for letter in letters]
        )
        return Batch(of.shard, of.first, of.next, Lines(data, JSONL), len(letters))

    def _record(self, letter: Letter, now: str) -> dict[str, object]:
        place = orjson.dumps([self.pipeline, letter.node, letter.shard, letter.position, letter.index])
        payload, encoding = _text(letter.payload)
        return {
            "id": str(uuid.uuid5(_SPACE, place.decode())),
            "pipeline": self.pipeline,
            "revision": self.revision,
            "run": self.run,
            "stage": letter.node,
            "shard": letter.shard,
            "position": letter.position,
            "index": letter.index,
            "payload": payload,
            "payload_encoding": encoding,
            "code": letter.code,
            "message": letter.message,
            "attempts": 1,
            "first_at": now,
            "last_at": now,
        }


def _text(payload: bytes) -> tuple[str, str]:
    """The payload as text, base64 where it is no UTF-8."""
    try:
        return payload.decode(), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(payload).decode(), "base64"

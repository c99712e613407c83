"""Records for people: each one as JSON text, whatever form it travels in; and the first few records of a batch."""

from __future__ import annotations

import copy
import csv
import io
from collections.abc import Iterator
from itertools import islice

import msgspec
import orjson
from msgspec.structs import replace

from conduix.engine.api import Batch, Json, Lines, Rows

LONGEST = 65_536
"""Characters; of a longer record the beginning is shown, as a string."""
_encode = msgspec.json.Encoder().encode


def shown(batch: Batch) -> Iterator[str]:
    """The records of a batch as JSON texts; what cannot be decoded is a string of its bytes, blank lines are none."""
    body = batch.body
    if isinstance(body, Rows):
        yield from map(_of_value, body.values)
    elif body.format.name == "csv":
        for fields in csv.reader(
            io.StringIO(body.data.decode(errors="replace"), newline=""), delimiter=body.format.delimiter
        ):
            yield _of_value(dict(zip(body.format.columns, fields, strict=False)))
    else:
        of_line = _of_json if body.format.name == "jsonl" else _of_text
        yield from map(of_line, filter(None, map(bytes.strip, body.data.split(b"\n"))))


def _of_json(line: bytes) -> str:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return _of_text(line)
    return _bounded(line.decode())


def _of_text(line: bytes) -> str:
    return _of_value(line.decode(errors="replace"))


def _of_value(value: Json) -> str:
    try:
        return _bounded(_encode(value).decode())
    except (TypeError, ValueError, RecursionError):
        return _bounded(_encode(repr(value)).decode())


def _bounded(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return str(_encode(f"{text[:LONGEST]}… ({len(text)} characters)").decode())


def first_of(batch: Batch, count: int) -> Batch:
    """A copy of the first records of a batch, which may be changed."""
    count = min(count, batch.count)
    body = batch.body
    part: Lines | Rows
    if isinstance(body, Rows):
        part = Rows(copy.deepcopy(list(islice(body.values, count))))
    else:
        part = Lines(body.data[: _end_of(batch, body, count)], body.format)
    offsets = None if batch.offsets is None else batch.offsets[:count]
    meta = None if batch.meta is None else batch.meta[:count]
    return replace(batch, body=part, count=count, offsets=offsets, meta=meta, letters=())


def _end_of(batch: Batch, body: Lines, count: int) -> int:
    """Where the first records end: csv fields may hold newlines, and where they do the source gave offsets."""
    if count == batch.count:
        return len(body.data)
    if body.format.name == "csv" and batch.offsets is not None:
        return batch.offsets[count] - batch.offsets[0]
    end = 0
    for _ in range(count):
        end = body.data.index(b"\n", end) + 1
    return end

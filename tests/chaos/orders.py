"""Orders of which 1 % are bad, the pipeline over them, and what it must write, computed without Conduix."""

from __future__ import annotations

import csv
import json
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from tests.bench import gen

BAD = 0.01
"""Share of bad rows; every fault below is drawn equally often."""

DOCUMENT = """\
name: chaos
sources:
  orders: {type: file, path: "${IN}", format: jsonl, split: {size: "${SPLIT}", above: 0}}
transforms:
  active: {type: filter, inputs: [orders], condition: 'this.status == "active"'}
  shape:
    type: mapping
    inputs: [active]
    mapping: |
      root.id = this.event_id
      root.currency = this.currency.uppercase()
      root.country = this.customer.address.country.uppercase()
      root.name = this.customer.name
      root.city = this.customer.address.city
      root.ts_unix = this.ts.ts_parse("2006-01-02T15:04:05Z").ts_unix()
      root.keep = 1 - this.discount
      root.total = this.items.map_each(i -> i.price * i.qty).sum()
  brief: {type: select, inputs: [shape], fields: [id, country, total]}
sinks:
  full_file: {type: file, inputs: [shape], path: out/full.jsonl}
  brief_file: {type: file, inputs: [brief], path: out/brief.csv}
dlq: {type: file, path: out/dead.jsonl}
checkpoint: {interval: "${INTERVAL}"}
supervision: {backoff: {initial: 10ms, max: 50ms}}
"""
"""Filter, mapping, fan-out: as it is into one file, through a selection into another. `out/` is relative."""


def _half(random: Random, line: bytes) -> bytes:
    return line[: random.randrange(1, len(line) - 2)] + b"\n"


def _no_json(_random: Random, _line: bytes) -> bytes:
    return b"2025-06-01 ERROR connection reset by peer\n"


def _no_utf8(_random: Random, line: bytes) -> bytes:
    return line.replace(b'"name":"', b'"name":"\xff\xfe\x80 ', 1)


def _changed(key: str, value: object) -> Callable[[Random, bytes], bytes]:
    def change(_random: Random, line: bytes) -> bytes:
        order = json.loads(line)
        order[key] = value
        return json.dumps(order, separators=(",", ":")).encode() + b"\n"

    return change


FAULTS: tuple[Callable[[Random, bytes], bytes], ...] = (
    _half,
    _no_json,
    _no_utf8,
    _changed("currency", 999),
    _changed("customer", None),
    _changed("ts", "yesterday"),
    _changed("discount", "none"),
)


def lines(count: int, seed: int) -> Iterator[bytes]:
    """`count` lines, the same ones for the same seed; the last one is half a record without a newline."""
    random = Random(seed)
    for index, (text, _row) in enumerate(gen.orders(count, seed=seed)):
        line = text.encode()
        if index == count - 1:
            line = line[: len(line) // 2]
        elif random.random() < BAD:
            line = random.choice(FAULTS)(random, line)
        yield line


def write(count: int, seed: int, path: Path) -> Path:
    """Write the orders to a file."""
    with path.open("wb") as file:
        file.writelines(lines(count, seed))
    return path


@dataclass(slots=True)
class Expected:
    """What must come of a file of orders."""

    starts: list[int] = field(default_factory=list)
    """Byte offset of every line."""
    full: list[dict[str, Any]] = field(default_factory=list)
    brief: list[list[str]] = field(default_factory=list)
    dead: dict[int, bytes] = field(default_factory=dict)
    """Offset → line, of the bad ones."""
    filtered: int = 0

    def records(self, first: int, after: int) -> int:
        """How many records begin in [first, after)."""
        return bisect_left(self.starts, after) - bisect_left(self.starts, first)


def expect(path: Path) -> Expected:
    """Do by hand what the document says."""
    expected, offset = Expected(), 0
    with path.open("rb") as file:
        for line in file:
            expected.starts.append(offset)
            _expect_line(expected, offset, line)
            offset += len(line)
    return expected


def _expect_line(expected: Expected, offset: int, line: bytes) -> None:
    try:
        order = json.loads(line.decode())
        if order["status"] != "active":
            expected.filtered += 1
            return
        shaped = _shape(order)
    except (ValueError, TypeError, AttributeError):
        expected.dead[offset] = line
        return
    expected.full.append(shaped)
    expected.brief.append([shaped["id"], shaped["country"], str(shaped["total"])])


def _shape(order: dict[str, Any]) -> dict[str, Any]:
    customer = order["customer"]
    return {
        "id": order["event_id"],
        "currency": order["currency"].upper(),
        "country": customer["address"]["country"].upper(),
        "name": customer["name"],
        "city": customer["address"]["city"],
        "ts_unix": int(datetime.fromisoformat(order["ts"]).timestamp()),
        "keep": 1 - order["discount"],
        "total": sum(item["price"] * item["qty"] for item in order["items"]),
    }


def read_full(path: Path) -> list[dict[str, Any]]:
    """The records of `full.jsonl`."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def read_brief(path: Path) -> list[list[str]]:
    """The rows of `brief.csv`, header first."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))

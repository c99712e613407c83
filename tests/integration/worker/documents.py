"""Documents that the tests of workers run."""

from __future__ import annotations

import json
from pathlib import Path


def endless(directory: Path, interval: str = "1ms") -> str:
    """Makes records for ever, into `out.jsonl`; checkpoints only when asked for."""
    return f"""
name: p
mode: realtime
checkpoint: {{interval: 10m}}
source: {{id: in, type: generate, count: 0, interval: {interval}, mapping: 'root.i = index'}}
stages:
  - {{id: numbered, type: mapping, mapping: "root = this\\nroot.number = count(\\"p\\")"}}
  - {{id: even, type: filter, condition: this.number % 2 == 0}}
  - {{id: marked, type: mapping, mapping: "root = this\\nroot.mark = true"}}
sink: {{id: out, type: file, path: "{directory}/out.jsonl"}}
"""


def copying(directory: Path, *, sink: str = "out/{shard}.jsonl", interval: str = "20ms") -> str:
    """Copies `in.jsonl`, which is cut into ranges of 16 KiB."""
    return f"""
name: p
checkpoint: {{interval: {interval}}}
source: {{id: in, type: file, path: "{directory}/in.jsonl", split: 16KiB}}
sink: {{id: out, type: file, path: "{directory}/{sink}", mkdir: true}}
"""


def numbers(directory: Path, count: int) -> None:
    """`in.jsonl` with so many records."""
    (directory / "in.jsonl").write_text("".join(f'{{"i":{i}}}\n' for i in range(count)))


def written(directory: Path) -> list[int]:
    """What stands in `out/`, sorted."""
    lines = [line for path in (directory / "out").iterdir() for line in path.read_text().splitlines()]
    return sorted(json.loads(line)["i"] for line in lines)

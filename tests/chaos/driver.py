"""Runs the real `conduix run`, kills it, resumes it with other batch sizes, and judges what it left behind."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from conduix.engine.files import Files
from conduix.engine.runtime.checkpoint import LocalStore
from tests.chaos import orders
from tests.chaos.trace import Rereads, rereads, segments

DONE_WITH_LETTERS = 3
INTERRUPTED = 130
KILLED = -signal.SIGKILL
COMMAND = ("run", "chaos.yaml", "--state-dir", "state", "--output", "json", "--log-format", "json")
BATCH_BYTES = (262_144, 65_536, 40_000, 16_384)
RUN_SECONDS = 120.0
"""A run that takes longer hangs."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is read, and how it is cut."""

    records: int
    split: str = "64KiB"
    interval: str = "20ms"


@dataclass(frozen=True, slots=True)
class Reference:
    """One set of orders, what a clean run makes of it, and what must come of it by hand."""

    scale: Scale
    source: Path
    outputs: Mapping[str, bytes]
    """See `read_outputs`."""
    expected: orders.Expected


@dataclass(slots=True)
class Finished:
    """A process that ended."""

    code: int
    summary: dict[str, Any]
    """What `--output json` said; empty if it was killed."""
    log: list[dict[str, Any]]
    """Standard error, a JSON object a line; lines that are none stand under `text`."""


@dataclass
class Run:
    """A pipeline in a directory of its own, over all its starts."""

    directory: Path
    source: Path
    scale: Scale
    kills: int = 0
    stops: int = 0
    """By SIGTERM, drained."""
    durable: dict[int, int] = field(default_factory=dict)
    """pid of a killed process → n of the newest checkpoint that it left."""

    def __post_init__(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
        (self.directory / "out").mkdir(parents=True)
        (self.directory / "chaos.yaml").write_text(orders.DOCUMENT)

    @property
    def out(self) -> Path:
        """Where the outputs are."""
        return self.directory / "out"

    @property
    def trace(self) -> Path:
        """What was read, see `tests.chaos.trace`."""
        return self.directory / "trace"

    @property
    def errors(self) -> Path:
        """Standard error of the process that runs now, or ran last."""
        return self.directory / "stderr"

    def start(self, batch_bytes: int, **injected: str) -> subprocess.Popen[bytes]:
        """Start `conduix run`, resuming if there is anything to resume. `injected`: FAILPOINT, SLOW."""
        flags = ["--resume"] if self.begun() else []
        environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "",  # where it is set, every start would compile all that it imports
            "CONDUIX_TESTING": "1",
            "CONDUIX_BATCH_BYTES": str(batch_bytes),
            "CONDUIX_TRACE_READS": str(self.trace),
            "IN": str(self.source),
            "SPLIT": self.scale.split,
            "INTERVAL": self.scale.interval,
            **{f"CONDUIX_{name}": value for name, value in injected.items()},
        }
        with self.errors.open("wb") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "conduix_tui.cli", *COMMAND, *flags],
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def begun(self) -> bool:
        """Is there a checkpoint? Before checkpoint 0 nothing was started, and there is nothing to resume."""
        return any(self.directory.glob("state/run-*/ckpt-??????????"))

    def last_words(self) -> str:
        """The end of what the last process said."""
        return self.errors.read_text(errors="replace")[-600:]

    def finish(self, process: subprocess.Popen[bytes]) -> Finished:
        """Wait until the process ends."""
        try:
            stdout, _ = process.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise AssertionError(f"a run hangs: {self.last_words()}") from None
        self.stops += process.returncode == INTERRUPTED
        if process.returncode == KILLED:
            self.kills += 1
            self.durable[process.pid] = newest_n(self.directory / "state")
        log = [_parsed(line) for line in self.errors.read_text(errors="replace").splitlines()]
        return Finished(process.returncode, json.loads(stdout) if stdout.strip() else {}, log)


def newest_n(state: Path) -> int:
    """The n of the newest checkpoint that verifies; -1: none."""
    runs = sorted(state.glob("run-*"))
    newest = LocalStore(runs[-1], Files()).newest() if runs else None
    return newest.n if newest is not None else -1


def _parsed(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {"text": line}
    return value if isinstance(value, dict) else {"text": line}


def make_reference(scale: Scale, seed: int, directory: Path) -> Reference:
    """A clean run, held against the computation by hand."""
    directory.mkdir(parents=True, exist_ok=True)
    source = orders.write(scale.records, seed, directory / "orders.jsonl")
    expected = orders.expect(source)
    run = Run(directory / "reference", source, scale)
    finished = run.finish(run.start(BATCH_BYTES[0]))
    if finished.code != DONE_WITH_LETTERS:
        raise AssertionError(f"the clean run ended {finished.code}: {run.last_words()}")
    reference = Reference(scale, source, read_outputs(run.out), expected)
    judge_by_hand(run.out, expected)
    judge(run, finished, reference)
    return reference


def judge_by_hand(out: Path, expected: orders.Expected) -> None:
    """The outputs equal what was computed without Conduix."""
    assert orders.read_full(out / "full.jsonl") == expected.full
    header, *rows = orders.read_brief(out / "brief.csv")
    assert header == ["id", "country", "total"]
    assert [[*row[:2], float(row[2])] for row in rows] == [[*row[:2], float(row[2])] for row in expected.brief]
    assert {letter["position"]["offset"] for letter in letters(out / "dead.jsonl")} == set(expected.dead)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A run that was as it must be: what it cost."""

    rereads: Rereads
    kills: int = 0
    stops: int = 0
    restarts: int = 0
    pauses: int = 0
    power_cuts: int = 0


def judge(run: Run, finished: Finished, reference: Reference, restarts: int = 0) -> Verdict:
    """Hold a run that came to its end against the clean one.

    Raises:
        AssertionError: says what differs.
    """
    assert finished.code == DONE_WITH_LETTERS, f"ended {finished.code}: {run.last_words()}"
    same_outputs(run.out, reference.outputs)
    balanced(finished.summary, reference.expected)
    assert finished.summary["restarts"] == restarts, f"{finished.summary['restarts']} restarts: {run.last_words()}"
    counted = rereads(segments(run.trace), reference.expected, run.durable)
    assert counted.missing == 0, f"{counted.missing} records were never read"
    assert counted.beyond == 0, f"{counted.beyond} records were read again though a complete checkpoint covers them"
    return Verdict(counted, run.kills, run.stops, restarts)


def read_outputs(out: Path) -> dict[str, bytes]:
    """Every file below `out`, by its path there, gzip unpacked: its members are as long as the checkpoints were apart.

    Letters are sorted, for two stages write them, and without times, run and revision.
    """
    return {str(path.relative_to(out)): _content(path) for path in sorted(out.rglob("*")) if path.is_file()}


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.name.startswith("dead"):
        return b"\n".join(sorted(map(_without_times, data.splitlines())))
    return data


_OF_A_RUN = {"first_at", "last_at", "run", "revision"}
"""What two runs have not in common; the revision is another one where the paths in the document are."""


def _without_times(line: bytes) -> bytes:
    try:
        letter = json.loads(line)
    except ValueError:  # no letter, and found to be none
        return line
    kept = {key: value for key, value in letter.items() if key not in _OF_A_RUN}
    return json.dumps(kept, sort_keys=True).encode()


def same_outputs(out: Path, wanted: Mapping[str, bytes]) -> None:
    """The same files with the same content, and no others."""
    found = read_outputs(out)
    assert found.keys() == wanted.keys(), f"there are {', '.join(found)}; there should be {', '.join(wanted)}"
    for name, content in wanted.items():
        assert found[name] == content, f"{name}: {difference({name: found[name]}, {name: content})}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Records, over all outputs."""

    lost: int
    doubled: int
    """Written more often than in the clean run."""


def difference(found: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> Difference:
    """Count what is missing in the outputs, and what is there too often."""
    lost = doubled = 0
    for name, content in wanted.items():
        should, does = Counter(content.splitlines()), Counter(found.get(name, b"").splitlines())
        lost += (should - does).total()
        doubled += (does - should).total()
    return Difference(lost, doubled)


def letters(path: Path) -> list[dict[str, Any]]:
    """Dead letters."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def balanced(summary: Mapping[str, Any], expected: orders.Expected) -> None:
    """The ledger: in = out + filtered + dead, and each number is the one computed by hand."""
    written, nodes = len(expected.full), summary["nodes"]
    source = nodes["orders"]
    assert source["passed"] + source["dead"] == len(expected.starts), source
    assert summary["filtered"] == expected.filtered
    assert summary["dead"] == len(expected.dead)
    assert {sink: out["records"] for sink, out in summary["out"].items()} == {
        "full_file": written,
        "brief_file": written,
    }
    assert nodes["dlq"]["passed"] == len(expected.dead)
    for earlier, later in (("orders", "active"), ("active", "shape"), ("shape", "full_file"), ("shape", "brief")):
        counts = nodes[later]
        came_in = counts["passed"] + counts["filtered"] + counts["dead"] - counts["made"]
        assert nodes[earlier]["passed"] == came_in, (earlier, later)


def other_sizes(random: Random) -> Callable[[], int]:
    """Batch sizes, each another one than the one before."""
    last = 0

    def another() -> int:
        nonlocal last
        last = random.choice([size for size in BATCH_BYTES if size != last])
        return last

    return another

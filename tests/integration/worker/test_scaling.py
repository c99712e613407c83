"""Orders through one, three, two and one replicas, killed in every phase: the output is exactly what it must be."""

from __future__ import annotations

import csv
import json
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from random import Random

import pytest

from conduix.engine.failpoints import NAMES, OF_A_DEAL
from conduix.v1 import worker_pb2 as pb
from tests.chaos import orders
from tests.integration.worker.agent import Worker

ORDERS = 6_000
KILLED = -signal.SIGKILL
SLOW = {"CONDUIX_SLOW": "source.read:0.05"}
"""So that a run is not over before it was killed."""
_IN_A_RUN = sorted(NAMES.keys() - {"checkpoint.zero", "checkpoint.prepared", "commit.renamed", "commit.done"})
"""Points that every replica passes long before its end."""
_AT_THE_END = ("checkpoint.prepared", "commit.renamed", "commit.done")


def document(home: Path) -> str:
    """The orders of the chaos matrix, with a file for each shard; no dead-letter queue is named."""
    text = orders.DOCUMENT.replace("out/full.jsonl", f'"{home}/out/full-{{shard}}.jsonl", mkdir: true')
    columns = "csv_columns: [id, country, total], mkdir: true"
    text = text.replace("out/brief.csv", f'"{home}/out/brief-{{shard}}.csv", {columns}')
    text = text.replace("dlq: {type: file, path: out/dead.jsonl}\n", "")
    return text.replace("${IN}", f"{home}/in.jsonl").replace("${SPLIT}", "8KiB").replace("${INTERVAL}", "20ms")


class Run:
    """One run of the document, over all its deals and processes. `crash`: end its workers without asking them."""

    def __init__(self, home: Path, random: Random) -> None:
        self.home = home
        self.random = random
        self.document = document(home)
        self.k = 1
        self._g = 0
        self.complete = False
        self.progress: list[float] = []
        """Of replica 0, as it told when it ran last."""

    @property
    def deal(self) -> Path:
        return self.home / f"deal-{self.k:04d}"

    def g(self) -> int:
        """Of the next process."""
        self._g += 1
        return self._g

    def scale(self, replicas: int) -> None:
        """Deal anew; killed at every point of it, once each."""
        following = self.home / f"deal-{self.k + 1:04d}"
        for point in ("checkpoint.fsynced", *OF_A_DEAL):
            with Worker({"CONDUIX_FAILPOINT": point}) as worker:
                worker.deal(self.document, following, replicas, previous=self.deal, g=self.g())
                assert worker.ended() == KILLED
        with Worker() as worker:
            worker.deal(self.document, following, replicas, previous=self.deal, g=self.g())
            assert worker.ended() == 0, worker.answers
        self.k += 1

    def run(self, replicas: int, points: Sequence[str | None], *, to_the_end: bool = False) -> None:
        """Run all replicas once for each point, at which every one of them is killed; None: it is asked to stop."""
        for point in points:
            environment = {} if to_the_end else dict(SLOW)
            if point is not None:
                environment["CONDUIX_FAILPOINT"] = point
            with ExitStack() as stack:
                workers = [stack.enter_context(Worker(environment)) for _ in range(replicas)]
                for number, worker in enumerate(workers):
                    directory = self.deal / f"replica-{number:03d}"
                    worker.start(self.document, directory, g=self.g(), replica=number)
                if point is None and not to_the_end:
                    self._stop(workers)
                ends = {worker.ended() for worker in workers}
                assert ends <= ({0} if point is None else {0, KILLED}), [worker.statuses[-1:] for worker in workers]
                self.progress = [status.progress for status in workers[0].statuses if status.checkpoint]
                self.complete = {worker.state for worker in workers} == {"COMPLETED"}

    def _stop(self, workers: Sequence[Worker]) -> None:
        for worker in workers:
            worker.until(partial(_gets_on, worker))
        for worker in workers:
            if worker.process.poll() is None:
                worker.verb(pb.WORKER_ACTION_STOP)

    def points(self) -> Iterator[str]:
        """Two moments at which replicas are killed."""
        for name in self.random.sample(_IN_A_RUN, 2):
            yield f"{name}:{1 if name == 'checkpoint.claimed' else self.random.randint(1, 5)}"


def _gets_on(worker: Worker) -> bool:
    """Was there a checkpoint since the first that it told, or is it over?"""
    return len({status.checkpoint for status in worker.statuses}) > 1 or worker.state in {"COMPLETED", "FAILED"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_scaled_up_and_down_and_killed_in_every_phase(seed: int, tmp_path: Path) -> None:
    orders.write(ORDERS, 7, tmp_path / "in.jsonl")
    run = Run(tmp_path, Random(seed))
    run.run(1, [*run.points(), None])
    for replicas in (3, 2, 1):
        run.scale(replicas)
        run.run(replicas, [*run.points(), None])
    assert not run.complete
    run.run(1, [run.random.choice(_AT_THE_END), None], to_the_end=True)
    assert run.complete
    judge(tmp_path, orders.expect(tmp_path / "in.jsonl"))


def judge(home: Path, expected: orders.Expected) -> None:
    """The same records as one replica would have written, each of them once; and so the letters."""
    out = home / "out"
    assert not list(out.glob("*.part"))
    full = [tuple(sorted(row.items())) for path in out.glob("full-*") for row in orders.read_full(path)]
    assert Counter(full) == Counter(tuple(sorted(row.items())) for row in expected.full)
    brief = [_numbered(row) for path in out.glob("brief-*") for row in _rows(path)]
    assert Counter(brief) == Counter(map(_numbered, expected.brief))
    letters = [json.loads(line) for path in home.glob("dead*.jsonl") for line in path.read_text().splitlines()]
    assert sorted(letter["position"]["offset"] for letter in letters) == sorted(expected.dead)


def _numbered(row: Sequence[str]) -> tuple[str, str, float]:
    """Whole totals are written as 126 or as 126.0."""
    return row[0], row[1], float(row[2])


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file) if path.stat().st_size else [["id", "country", "total"]]
    assert header == ["id", "country", "total"]
    return rows


def test_a_replica_without_shards_ends_at_once(tmp_path: Path) -> None:
    orders.write(20, 7, tmp_path / "in.jsonl")
    run = Run(tmp_path, Random(0))
    with Worker() as worker:
        worker.deal(run.document, run.deal, 3, g=run.g())
        assert worker.ended() == 0
    run.run(3, [None], to_the_end=True)
    assert run.complete
    judge(tmp_path, orders.expect(tmp_path / "in.jsonl"))


def test_a_replica_that_has_ended_before_the_others(tmp_path: Path) -> None:
    """Its files have their final names already; whoever gets its shards leaves them alone."""
    orders.write(1_000, 7, tmp_path / "in.jsonl")
    run = Run(tmp_path, Random(0))
    with Worker() as worker:
        worker.deal(run.document, run.deal, 2, g=run.g())
        assert worker.ended() == 0
    with Worker() as worker:
        worker.start(run.document, run.deal / "replica-001", g=run.g(), replica=1)
        assert worker.ended() == 0
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".jsonl", ".csv"}
    run.scale(1)
    run.run(1, [None], to_the_end=True)
    assert run.progress[0] > 0.2  # what was read before counts
    assert run.progress == sorted(run.progress)
    judge(tmp_path, orders.expect(tmp_path / "in.jsonl"))


@pytest.mark.parametrize("replicas", [0, 2])
def test_what_cannot_be_dealt_is_refused_with_its_code(replicas: int, tmp_path: Path) -> None:
    orders.write(20, 7, tmp_path / "in.jsonl")
    text = document(tmp_path).replace("full-{shard}.jsonl", "full.jsonl")
    with Worker() as worker:
        worker.deal(text, tmp_path / "deal-0001", replicas)
        assert worker.ended() == 1
    assert worker.answers[""].code == ("SCALE_REFUSED" if replicas else "USAGE")
    assert worker.answers[""].remedy
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]

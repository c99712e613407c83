"""What an agent keeps of one pipeline: for each run its deals, its counter, and how its replicas stand.

    STATE/pipelines/PIPELINE_ID/
        lock                        held by this agent and by every worker that it started
        run-000001/
            starts                  g, and how often each replica was started
            status-0000000004-001   how replica 1 stood in epoch 4 when its worker ended or was paused
            superseded              since when nobody wants this run
            dead.jsonl              letters, where the document names no queue
            deal-0001/replica-000/  cut and checkpoints (`LocalStore`)

All of it blocks: call it from a thread. Raises ConnectorError where the disk fails, CheckpointDamaged where what is
there does not verify and nothing can take its place.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from conduix.engine.api import Fence
from conduix.engine.files import Files
from conduix.engine.runtime.sealed import classed, seal, unseal
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_agent.host.actions import Found

KEPT_SECONDS = 7 * 24 * 3600.0
"""A run that nobody wants any more is kept for so long."""
_KEPT_DEALS = 2


class _Starts(msgspec.Struct, frozen=True):
    """In `starts`."""

    g: int
    replicas: dict[int, int] = {}


class _Standing(msgspec.Struct, frozen=True):
    """In `status-…`."""

    status: bytes
    """A serialised ReplicaStatus."""


@dataclass(frozen=True, slots=True)
class NextDeal:
    """Where shards are dealt from and to."""

    previous: Path | None
    """None: there is nothing to go on from."""
    next: Path


class PipelineDir:
    """See the module."""

    def __init__(self, path: Path, files: Files | None = None) -> None:
        self.path = path
        self._files = files or Files()

    # who may use it

    def open_lock(self) -> int:
        """A descriptor for `lock`, which is not locked yet."""
        with classed("keep the state of a pipeline in", self.path):
            self._files.mkdir(self.path)
            return os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    # one run

    def run(self, run_seq: int) -> Path:
        """The directory of a run."""
        return self.path / f"run-{run_seq:06d}"

    def look(self, run_seq: int, epoch: int) -> Found:
        """What is there of a run; its deal is durable now, though whoever made it may have died of it."""
        run = self.run(run_seq)
        if self.dealt(run_seq):
            with classed("keep the state of a pipeline in", run):
                self._files.fsync_dir(run)
        records = {}
        for path in run.glob(f"status-{epoch:010d}-???"):
            if (kept := unseal(path, _Standing)) is not None:
                records[int(path.name[-3:])] = pb.ReplicaStatus.FromString(kept.status)
        starts = self._starts(run)
        return Found(self.dealt(run_seq), records, starts.replicas)

    def next_start(self, run_seq: int, replica: int | None) -> tuple[int, int]:
        """Count one start more, durably: (g, how often this replica was started). None: it is a deal's."""
        run = self.run(run_seq)
        old = self._starts(run)
        count = old.replicas.get(replica, 0) + 1 if replica is not None else 0
        replicas = old.replicas if replica is None else {**old.replicas, replica: count}
        self._write(run / "starts", seal(_Starts(old.g + 1, replicas)))
        return old.g + 1, count

    def replica(self, run_seq: int, replica: int) -> Path:
        """Cut and checkpoints of a replica; of a run that nobody has dealt, where its only replica cuts it."""
        run = self.run(run_seq)
        deal = self._newest_deal(run) or run / "deal-0001"
        return deal / f"replica-{replica:03d}"

    def next_deal(self, run_seq: int) -> NextDeal:
        """Where the next deal goes. What an unfinished one left is removed."""
        run = self.run(run_seq)
        with classed("deal shards in", run):
            self._files.mkdir(run)
            for unfinished in run.glob("deal-*.tmp"):
                shutil.rmtree(unfinished)
        newest = self._newest_deal(run)
        number = _number(newest) + 1 if newest else 1
        cut = newest is not None and all((replica / "cut").exists() for replica in _replicas(newest))
        return NextDeal(newest if cut else None, run / f"deal-{number:04d}")

    def dealt(self, run_seq: int) -> int:
        """Among how many replicas the shards of a run are dealt; 0: they are not."""
        deal = self._newest_deal(self.run(run_seq))
        return len(_replicas(deal)) if deal else 0

    def dead_letters(self, run_seq: int) -> Path:
        """Letters of replica 0, where the document names no queue; the others' lie beside them."""
        return self.run(run_seq) / "dead.jsonl"

    def forget_deals(self, run_seq: int) -> None:
        """Remove the deals that came before the last two."""
        for deal in self._deals(self.run(run_seq))[:-_KEPT_DEALS]:
            with classed("clean up", deal):
                shutil.rmtree(deal)

    def keep(self, run_seq: int, epoch: int, replica: int, status: pb.ReplicaStatus) -> None:
        """Make durable how a replica stands; what was kept of it for earlier epochs goes."""
        run = self.run(run_seq)
        path = run / f"status-{epoch:010d}-{replica:03d}"
        self._write(path, seal(_Standing(status.SerializeToString())))
        with classed("clean up", run):
            for old in run.glob("status-??????????-???"):
                if old.name < f"status-{epoch:010d}":
                    self._files.unlink(old)

    # runs that nobody wants

    def sweep(self, wanted: int | None, now: float) -> list[Path]:
        """Mark the runs other than `wanted` (its run_seq), remove those that are marked for 7 days; returns these.

        `now` is Unix time. With its last run a pipeline that is not wanted is gone altogether.
        """
        gone = []
        for run in sorted(self.path.glob("run-??????")):
            mark = run / "superseded"
            if run.name == f"run-{wanted or 0:06d}":
                self._files.unlink(mark)
            elif not mark.exists():
                self._write(mark, f"{now:.0f}\n".encode())
            elif now - _since(mark, now) >= KEPT_SECONDS:
                with classed("clean up", run):
                    shutil.rmtree(run)
                gone.append(run)
        if wanted is None and gone and not any(self.path.glob("run-*")):
            with classed("clean up", self.path):
                shutil.rmtree(self.path)
        return gone

    # below

    def _starts(self, run: Path) -> _Starts:
        path = run / "starts"
        saved = unseal(path, _Starts) if path.exists() else None
        return saved or _Starts(max((fence.g for fence in _fences(run)), default=0))

    def _newest_deal(self, run: Path) -> Path | None:
        return next(reversed(self._deals(run)), None)

    def _deals(self, run: Path) -> list[Path]:
        """Whole ones, the newest last."""
        whole = [deal for deal in run.glob("deal-*") if deal.suffix != ".tmp" and _replicas(deal)]
        return sorted(whole, key=_number)

    def _write(self, path: Path, data: bytes) -> None:
        with classed("keep the state of a pipeline in", path):
            self._files.mkdir(path.parent)
            self._files.replace(path, data)


def try_lock(lock: int) -> bool:
    """Lock it for this agent and the workers that inherit it; False: workers of an agent before still live."""
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _number(deal: Path) -> int:
    return int(deal.name[5:])


def _replicas(deal: Path) -> list[Path]:
    return sorted(deal.glob("replica-???"))


def _fences(run: Path) -> Iterator[Fence]:
    """Those under which anything was claimed: what `starts` said at least, should it be damaged."""
    for path in run.glob("deal-*/replica-???/fence"):
        if (fence := unseal(path, Fence)) is not None:
            yield fence


def _since(mark: Path, now: float) -> float:
    """When a run was marked; a mark that cannot be read, or is of the future, counts as new."""
    try:
        return min(float(mark.read_text()), now)
    except ValueError:
        return now

"""Runs a pipeline in this process over a recorded disk, cuts the power after every operation, and resumes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from conduix.engine import failpoints
from conduix.engine.catalog import default_catalog
from conduix.engine.files import Files
from conduix.engine.link import Status, Verb
from conduix.engine.local import LocalRun
from conduix.engine.runtime.checkpoint import Checkpoint, LocalStore
from conduix.engine.worker import Assignment, run_replica
from conduix.errors import ConduixError, UsageError
from conduix.spec.loading import load_or_raise
from conduix.spec.model import PipelineSpec
from tests.chaos import orders
from tests.chaos.crashfs import Disk, Image, Recorder, materialise
from tests.chaos.driver import newest_n, read_outputs, same_outputs

Model = Literal["worst", "some"]
STANDING = "full.jsonl"
OLD = b'{"id":"what stood here before the run"}\n'


class Silent:
    """A link that nobody listens to."""

    def report(self, status: Status) -> None:
        """See `Link.report`."""

    async def command(self) -> Verb:
        """Never comes."""
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


class MarkingStore(LocalStore):
    """Notes in the log from when on a checkpoint was promised to be durable."""

    def __init__(self, directory: Path, files: Files, recorder: Recorder) -> None:
        super().__init__(directory, files)
        self._recorder = recorder

    async def save(self, record: Checkpoint) -> None:
        """See `LocalStore.save`."""
        await super().save(record)
        self._recorder.saved.append((len(self._recorder.log), record.n))


@dataclass(frozen=True, slots=True)
class Clean:
    """A pipeline over its orders, and what an undisturbed run writes."""

    spec: PipelineSpec
    source: Path
    outputs: Mapping[str, bytes]
    """See `read_outputs`."""


def make_clean(
    directory: Path, records: int, seed: int, interval: str = "1ms", document: str = orders.DOCUMENT
) -> Clean:
    """Make orders and run a document over them."""
    prepare(directory)
    source = orders.write(records, seed, directory / "orders.jsonl")
    spec = load_or_raise(
        document,
        file="chaos.yaml",
        catalog=default_catalog(),
        env={"IN": str(source), "SPLIT": "16KiB", "INTERVAL": interval},
    )
    status = run_here(spec, directory, 262_144)
    assert status.state == "COMPLETED", status
    return Clean(spec, source, read_outputs(directory / "out"))


def prepare(root: Path) -> None:
    """What stands on the disk before a run: an output that it replaces, or appends to."""
    (root / "out").mkdir(parents=True)
    (root / "out" / STANDING).write_bytes(OLD)


@contextmanager
def inside(directory: Path, batch_bytes: int) -> Iterator[None]:
    """The working directory, because outputs are named relative to it, and the size of a read."""
    before = Path.cwd()
    os.chdir(directory)
    os.environ["CONDUIX_BATCH_BYTES"] = str(batch_bytes)
    try:
        yield
    finally:
        os.chdir(before)
        del os.environ["CONDUIX_BATCH_BYTES"]


def run_here(
    spec: PipelineSpec,
    root: Path,
    batch_bytes: int,
    files: Files | None = None,
    store: Callable[[Path, Files], LocalStore] = LocalStore,
) -> Status:
    """What `conduix run` does, started again after a crash: resume if there is anything to resume."""
    files = files or Files()

    async def run() -> Status:
        with _held(spec, root / "state", files) as local:
            assignment = Assignment(local.spec, local.run_id, local.fence, local.run_directory, files=files)
            return await run_replica(assignment, Silent(), store(local.run_directory, files))

    with inside(root, batch_bytes):
        return asyncio.run(run())


def _held(spec: PipelineSpec, state: Path, files: Files) -> LocalRun:
    catalog = default_catalog()
    try:
        return LocalRun(spec, catalog, state, resume=True, fresh=False, files=files)
    except UsageError:
        return LocalRun(spec, catalog, state, resume=False, fresh=False, files=files)


def record(spec: PipelineSpec, root: Path, pool: Path, batch_bytes: int, files: type[Files] = Files) -> Recorder:
    """Run to the end and keep the log of what reached the disk, which is `root`, prepared or left by a crash.

    `files` does the operations: forgetful ones test the checker.
    """
    recorder = Recorder(root, pool)
    with slow_reads(0.002):
        status = run_here(spec, root, batch_bytes, files(recorder), lambda d, f: MarkingStore(d, f, recorder))
    assert status.state == "COMPLETED", status
    return recorder


@contextmanager
def slow_reads(seconds: float) -> Iterator[None]:
    """So that some checkpoints come while little is read."""
    before, failpoints._slow = failpoints._slow, ("source.read", seconds)
    try:
        yield
    finally:
        failpoints._slow = before


@dataclass(frozen=True, slots=True)
class Broken:
    """A prefix after which something was lost."""

    prefix: int
    model: Model
    after: str
    """The last operation before the power went."""
    why: str


@dataclass(frozen=True, slots=True)
class Check:
    """Everything that one log is held against."""

    clean: Clean
    recorder: Recorder
    batch_bytes: int
    """Of the runs that resume."""

    def every_prefix(self, seed: int) -> Iterator[Broken | None]:
        """Cut the power after each operation, in both models; None: that one recovered."""
        for prefix, model, image in self.images(seed):
            yield self._after(prefix, model, image)

    def images(self, seed: int) -> Iterator[tuple[int, Model, Image]]:
        """What may be left after each prefix of the log."""
        disk = Disk(self.recorder.root, self.recorder.before)
        last: Image | None = None
        for prefix in range(len(self.recorder.log) + 1):
            if prefix:
                disk.play(self.recorder.log[prefix - 1])
            yield prefix, "some", disk.some(Random(seed * 1_000_003 + prefix))
            worst = disk.worst()
            if worst != last:  # writes without fsync leave it as it was
                yield prefix, "worst", worst
                last = worst

    def _after(self, prefix: int, model: Model, image: Image) -> Broken | None:
        recorder = self.recorder
        materialise(image, recorder.root, recorder.pool)
        try:
            self._promises_kept(prefix)
            status = run_here(self.clean.spec, recorder.root, self.batch_bytes)
            assert status.state == "COMPLETED", f"{status.state}: {status.detail}"
            same_outputs(recorder.root / "out", self.clean.outputs)
        except (AssertionError, ConduixError) as error:
            op = recorder.log[prefix - 1] if prefix else None
            return Broken(prefix, model, f"{op.kind} {Path(op.path).name}" if op else "nothing", str(error))
        return None

    def _promises_kept(self, prefix: int) -> None:
        """What the run was told to be durable is there, and what stood before; whoever reads sees no half output."""
        root, promised = self.recorder.root, self.recorder.durable_n(prefix)
        assert newest_n(root / "state") >= promised, f"checkpoint {promised} was saved and is gone"
        seen, new = (root / "out" / STANDING).read_bytes(), self.clean.outputs[STANDING]
        appended = new.startswith(OLD)
        assert seen in (OLD, new) or (appended and seen.startswith(OLD)), f"a reader sees {len(seen)} bytes"
        if prefix == len(self.recorder.log) and prefix:
            same_outputs(root / "out", self.clean.outputs)

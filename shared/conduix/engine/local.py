"""State of `conduix run`: a directory a pipeline, held by a lock, with the rules about going on and starting afresh."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from conduix.engine.api import Fence
from conduix.engine.catalog import Catalog
from conduix.engine.files import Files
from conduix.engine.letters import with_dead_letters
from conduix.engine.runtime.checkpoint import Checkpoint, LocalStore
from conduix.errors import CheckpointDamaged, StateBusy, UsageError
from conduix.homes import state_home
from conduix.lockfile import Held, hold
from conduix.spec.model import PipelineSpec


class _Owner(msgspec.Struct, frozen=True):
    """What is in `owner.json`."""

    run_seq: int
    g: int
    digest: str
    run_id: str


def default_state_dir(pipeline: str) -> Path:
    """`$XDG_STATE_HOME/conduix/run/{pipeline}`."""
    return state_home(os.environ) / "run" / pipeline.replace("/", "_")


class LocalRun:
    """Holds a state directory while a document runs. Use as a context manager.

    Batch: unfinished state must be resumed or given up by the user's word; finished state makes room for a new run,
    and resuming it does nothing: a crash after the last checkpoint must not look like a mistake of the user.
    Realtime resumes by itself. A document with a source that cannot be read again always starts afresh.

    Raises:
        StateBusy: another process holds the directory; names its pid.
        CheckpointDamaged: a run is there, but nothing of it verifies; only the user may give it up.
        UsageError: a decision is missing, or the document is not the one that was started.
    """

    def __init__(
        self,
        spec: PipelineSpec,
        catalog: Catalog,
        directory: Path,
        *,
        resume: bool,
        fresh: bool,
        files: Files | None = None,
    ) -> None:
        self.directory = directory
        self._files = files or Files()
        self._lock = self._hold()
        try:
            self._owner = self._decide(spec, catalog, resume=resume, fresh=fresh)
        except BaseException:
            os.close(self._lock)
            raise
        self.spec = with_dead_letters(spec, catalog, self.directory / "dead.jsonl")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._lock)

    @property
    def fence(self) -> Fence:
        """The right that this process holds."""
        return Fence(self._owner.run_seq, self._owner.g)

    @property
    def run_id(self) -> str:
        """The same over all resumes of a run."""
        return self._owner.run_id

    @property
    def run_directory(self) -> Path:
        """Checkpoints of this run."""
        return self.directory / f"run-{self._owner.run_seq:06d}"

    def _hold(self) -> int:
        self._files.mkdir(self.directory)
        try:
            return hold(self.directory / "lock", 0o644)
        except Held as held:
            raise StateBusy(
                f"{self.directory} is held by another run (pid {held.pid})",
                remedy="wait for it or stop it, or give this one a --state-dir of its own",
            ) from None

    def _decide(self, spec: PipelineSpec, catalog: Catalog, *, resume: bool, fresh: bool) -> _Owner:
        old = self._last_owner(fresh=fresh)
        newest = self._newest(old) if old is not None and not fresh else None
        if old is not None and self._goes_on(spec, catalog, old, newest, resume=resume):
            owner = _once_more(old)
        else:
            if resume and newest is None:
                raise UsageError(f"nothing to resume in {self.directory}", remedy="leave --resume away")
            owner = _Owner(self._forget(old) + 1, 1, spec.digest, str(uuid.uuid4()))
        self._files.replace(self.directory / "owner.json", msgspec.json.encode(owner))
        return owner

    def _last_owner(self, *, fresh: bool) -> _Owner | None:
        path = self.directory / "owner.json"
        if not path.exists() and self._runs() and not fresh:
            raise _damaged(f"{path} is gone")
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Owner) if path.exists() else None
        except msgspec.DecodeError as error:
            if fresh:
                return None
            raise _damaged(f"{path} cannot be read: {error}") from error

    def _newest(self, owner: _Owner) -> Checkpoint | None:
        store = LocalStore(self._run(owner), self._files)
        newest = store.newest()
        if newest is None and store.damaged:
            raise _damaged(f"no checkpoint in {self._run(owner)} verifies ({', '.join(store.damaged)})")
        return newest

    def _goes_on(
        self, spec: PipelineSpec, catalog: Catalog, old: _Owner, newest: Checkpoint | None, *, resume: bool
    ) -> bool:
        if newest is None:
            return False
        if newest.final and newest.phase == "complete" and not resume:
            return False
        if not _replayable(spec, catalog):
            if resume:
                raise UsageError("this document reads what cannot be read again (stdin)", remedy="run it with --fresh")
            return False
        if spec.mode == "batch" and not resume:
            raise UsageError(
                f"an unfinished run is in {self.directory} (checkpoint {newest.n})",
                remedy="--resume goes on where it stopped, --fresh starts anew and forgets it",
            )
        if spec.digest != old.digest:
            raise UsageError(
                f"the document has changed since the run in {self.directory} began",
                remedy="resume with the document as it was, or start anew with --fresh",
            )
        return True

    def _forget(self, old: _Owner | None) -> int:
        """Remove what earlier runs left; returns the highest run_seq that was ever given, 0 if none was."""
        runs = self._runs()
        for run in runs.values():
            shutil.rmtree(run)
        self._files.unlink(self.directory / "dead.jsonl")
        return max([old.run_seq if old is not None else 0, *runs])

    def _runs(self) -> dict[int, Path]:
        return {int(run.name[4:]): run for run in self.directory.glob("run-??????")}

    def _run(self, owner: _Owner) -> Path:
        return self.directory / f"run-{owner.run_seq:06d}"


def _damaged(what: str) -> CheckpointDamaged:
    return CheckpointDamaged(what, remedy="restore the state directory, or start anew with --fresh")


def _once_more(old: _Owner) -> _Owner:
    """The same run, started once more."""
    return msgspec.structs.replace(old, g=old.g + 1)


def _replayable(spec: PipelineSpec, catalog: Catalog) -> bool:
    entries = [catalog.find("source", node.type) for node in spec.role("source")]
    return all(entry is not None and entry.guarantee != "not replayable" for entry in entries)

"""Dealing the shards of a run among replicas: for the first time, or anew when their number changes.

The next deal is written beside the one before, under a temporary name, and appears whole by one rename. Until then
the one before is what counts, and dealing may be repeated from the start: nothing that it does is lost by that.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conduix.engine.api import CommittingSink, Fence, Handle, MeasuredSource, Shard, ShardedSink, Sink, Source
from conduix.engine.catalog import Catalog, default_catalog
from conduix.engine.failpoints import failpoint
from conduix.engine.files import Files
from conduix.engine.letters import letters_of, with_dead_letters
from conduix.engine.runtime.balance import balance
from conduix.engine.runtime.checkpoint import Checkpoint, Cut, LocalStore, compress
from conduix.engine.runtime.failure import failure_of
from conduix.engine.runtime.gathered import Gathered, gather, replicas_of
from conduix.engine.runtime.opening import cut_sources
from conduix.engine.runtime.plan import build_sinks, build_sources, still_contexts
from conduix.errors import ScaleRefused, StateBusy, UsageError, from_os_error
from conduix.spec.model import PipelineSpec


@dataclass(frozen=True, slots=True)
class Deal:
    """What is to be dealt, and among how many."""

    spec: PipelineSpec
    """As the document has it: without the dead-letter file that stands in where it names none."""
    previous: Path | None
    """The deal before, its replicas drained and ended; None, or nothing started in it: the sources are cut."""
    next: Path
    """Where the new one is to be: complete, or not there at all."""
    replicas: int
    fence: Fence
    """Not lower than any that a replica of this run had; the replicas of the next deal may have it or a higher one."""
    letters: Path
    """Dead letters of replica 0 where the document names no place; see `letters_of`."""
    catalog: Catalog = field(default_factory=default_catalog)
    files: Files = field(default_factory=Files)

    async def carry_out(self) -> Cut:
        """Deal; returns what the run is about. Does nothing where that was done before.

        Raises:
            ScaleRefused: a sink cannot be shared out among so many.
            ActorFailed: a source cannot be cut, or a sink not brought to where it was.
            ConduixError: state that does not verify, a disk that refuses.
        """
        if self.next.exists():
            return await self._done_before()
        try:
            return await self._deal()
        except OSError as error:
            raise from_os_error(error, "deal shards into", str(self.next)) from error

    async def _done_before(self) -> Cut:
        there = len(replicas_of(self.next))
        cut = await LocalStore(self.next, self.files).load_cut()
        if cut is None or there != self.replicas:
            raise StateBusy(
                f"{self.next} is there already, for {there} replicas, not {self.replicas}",
                remedy="give the next deal another directory",
            )
        return cut

    async def _deal(self) -> Cut:
        sources, sinks = self._nodes(0)
        self._check(sinks)
        held = {node: sink for node, sink in sinks.items() if isinstance(sink, CommittingSink)}
        known = await gather(self.previous, self.files, self.fence, held) if self.previous is not None else None
        if known is None:
            known = Gathered(await cut_sources(sources, self.spec.digest))
            await self._start(known, held)
        failpoint("deal.gathered")
        groups = balance([_left(known, node, source) for node, source in sources.items()], self.replicas)
        ordered = [[shard for shard in known.cut.order() if shard in group] for group in groups]
        handles = await self._handles(known, held, ordered)
        await self._write(known, ordered, handles)
        return known.cut

    def _nodes(self, replica: int) -> tuple[dict[str, Source], dict[str, Sink]]:
        spec = with_dead_letters(self.spec, self.catalog, letters_of(self.letters, replica))
        contexts = still_contexts(spec, self.files)
        return build_sources(spec, self.catalog, contexts), build_sinks(spec, self.catalog, contexts)

    # sinks

    def _check(self, sinks: Mapping[str, Sink]) -> None:
        """Refuse before anything is touched."""
        if self.replicas < 1:
            raise UsageError(f"{self.replicas} replicas cannot run anything", remedy="deal among 1 or more")
        for node in self._dealt(sinks):
            sink = sinks[node]
            if self.replicas > 1 and not isinstance(sink, ShardedSink):
                raise ScaleRefused(f"{node} cannot be written by {self.replicas} replicas", remedy="run it with one")
            if self.replicas > 1 and isinstance(sink, ShardedSink):
                sink.deal((), [()] * self.replicas)

    def _dealt(self, sinks: Mapping[str, Sink]) -> list[str]:
        """The sinks whose handles are dealt: not the dead letters that each replica has for itself."""
        spec = self.spec
        own = {spec.dlq.id} if spec.dlq is not None else set()
        wanted = {node.id for node in spec.role("sink")} | own
        return [node for node, sink in sinks.items() if node in wanted and isinstance(sink, CommittingSink)]

    async def _start(self, known: Gathered, sinks: Mapping[str, CommittingSink]) -> None:
        shards = [shard for source in known.cut.sources for shard in known.cut.shards(source)]
        for node, sink in sinks.items():
            with failure_of(node):
                known.handles[node] = [await sink.start(shards)]

    async def _handles(
        self, known: Gathered, sinks: Mapping[str, CommittingSink], groups: Sequence[Sequence[str]]
    ) -> list[dict[str, Handle]]:
        """For each replica the handles of its sinks."""
        dealt: list[dict[str, Handle]] = [{} for _ in groups]
        wanted = self._dealt(sinks)
        for node, sink in sinks.items():
            for replica, handle in enumerate(
                _shared_out(sink, known.handles.get(node, []), groups) if node in wanted else await self._own(node)
            ):
                dealt[replica][node] = handle
        return dealt

    async def _own(self, node: str) -> list[Handle]:
        """Dead letters that each replica keeps for itself go on where its file ends now."""
        handles = []
        for replica in range(self.replicas):
            sink = self._nodes(replica)[1][node]
            if isinstance(sink, CommittingSink):
                with failure_of(node):
                    handles.append(await sink.start(()))
        return handles

    # what is written

    async def _write(
        self, known: Gathered, groups: Sequence[Sequence[str]], handles: Sequence[Mapping[str, Handle]]
    ) -> None:
        temporary = self.next.with_name(self.next.name + ".tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        self.files.mkdir(temporary)
        for replica, group in enumerate(groups):
            store = LocalStore(temporary / f"replica-{replica:03d}", self.files)
            record = self._record(known, group, handles[replica], first=replica == 0)
            await store.claim(self.fence)
            await store.save_cut(_part(known.cut, set(group)))
            for key in [key for shard in record.shards.values() for keys in shard.state.values() for key in keys]:
                await store.put_blob(key, await known.blobs[key].get_blob(key))
            await store.save(record)
            failpoint("deal.replica")
        await LocalStore(temporary, self.files).save_cut(known.cut)
        failpoint("deal.written")
        self.files.rename(temporary, self.next)
        failpoint("deal.renamed")
        self.files.fsync_dir(self.next.parent)

    def _record(
        self, known: Gathered, group: Sequence[str], handles: Mapping[str, Handle], *, first: bool
    ) -> Checkpoint:
        return Checkpoint(
            n=known.n + 1,
            fence=self.fence,
            revision=known.cut.revision,
            phase="complete",
            shards={shard: known.shards[shard] for shard in group if shard in known.shards},
            finished=compress([index for index, shard in enumerate(group) if shard in known.finished]),
            totals=dict(known.totals) if first else {},  # of what is finished nobody needs to know whose it was
            nodes={node: dict(handle) for node, handle in handles.items()},
            final=known.complete,
            at=time.time(),
        )


def _left(known: Gathered, node: str, source: Source) -> dict[str, int]:
    """What is left of each shard of one source."""

    def left(shard: Shard) -> int:
        if shard.id in known.finished:
            return 0
        record = known.shards.get(shard.id)
        position = record.position if record is not None else None
        return max(1, source.left(shard, position)) if isinstance(source, MeasuredSource) else 1

    return {shard.id: left(shard) for shard in known.cut.shards(node)}


def _part(cut: Cut, group: set[str]) -> Cut:
    """The shards of one replica, in the order of the whole."""
    return Cut(
        cut.revision,
        {node: [(shard, spec) for shard, spec in shards if shard in group] for node, shards in cut.sources.items()},
    )


def _shared_out(sink: CommittingSink, handles: Sequence[Handle], groups: Sequence[Sequence[str]]) -> Sequence[Handle]:
    if len(groups) == 1 and len(handles) == 1:
        return handles
    if not handles:
        return [{} for _ in groups]  # complete in every replica: nothing is opened any more
    if not isinstance(sink, ShardedSink):
        raise ScaleRefused("several replicas have written what cannot be put together")
    return sink.deal(handles, groups)

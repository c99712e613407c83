"""The order of durability: flush all → prepared → sink-held commit → handle-held commits → complete → source.

Recovery: n is the sink-held sink's own, else the newest valid record's; its handles are committed again, what lies
later is discarded. Every failure is that of the sink or of the checkpoint store, whichever it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from conduix.engine.api import CommittingSink, Fence, Handle, Prepared, Shard
from conduix.engine.failpoints import failpoint
from conduix.engine.runtime.checkpoint import Checkpoint, CheckpointStore
from conduix.engine.runtime.failure import CHECKPOINT, failure_of
from conduix.errors import CheckpointDamaged, WrittenDataGone


class Commits:
    """Ties the committing sinks of a region to its checkpoint store."""

    def __init__(self, store: CheckpointStore, fence: Fence, sinks: Mapping[str, CommittingSink]) -> None:
        held = [node for node, sink in sinks.items() if sink.truth == "sink"]
        if len(held) > 1:
            raise ValueError(f"at most one sink may hold the truth itself, here are {', '.join(held)}")
        self._store = store
        self._fence = fence
        self._sinks = sinks
        self._order = sorted(sinks, key=lambda node: sinks[node].truth != "sink")

    async def start(self, shards: Sequence[Shard]) -> dict[str, dict[str, object]]:
        """Every sink's handle for checkpoint 0: what stands there now."""
        handles = {}
        for node, sink in self._sinks.items():
            with failure_of(node):
                handles[node] = dict(await sink.start(shards))
        return handles

    async def complete(self, record: Checkpoint, prepared: Mapping[str, Prepared]) -> Checkpoint:
        """Make a barrier's record durable and its sinks' effects with it. `record.phase` is set here."""
        # a sink that knows n itself commits every n: were one left out, recovery would ask for a record long gone
        pending = [node for node in self._order if prepared[node].pending or self._sinks[node].truth == "sink"]
        with failure_of(CHECKPOINT):
            if pending:
                await self._store.save(msgspec.structs.replace(record, phase="prepared"))
                failpoint("checkpoint.prepared")
                for node in pending:
                    with failure_of(node):
                        await self._sinks[node].commit(record.n, prepared[node].handle)
                failpoint("commit.done")
            done = msgspec.structs.replace(record, phase="complete")
            await self._store.save(done)
            failpoint("checkpoint.complete")
        return done

    async def recover(self, shards: Sequence[str]) -> Checkpoint:
        """The record to go on from, its commits repeated, its sinks opened, what lies later discarded."""
        held = [node for node in self._order if self._sinks[node].truth == "sink"]
        at: int | None = None
        for node in held:
            with failure_of(node):
                at = await self._sinks[node].recover(shards) or 0
        with failure_of(CHECKPOINT):
            record = await self._load(at, ", ".join(held))
            await self._restore_sinks(record)
            await self._store.discard_after(record.n)
            if record.phase == "prepared":
                record = msgspec.structs.replace(record, phase="complete", fence=self._fence)
                await self._store.save(record)
        return record

    async def _load(self, at: int | None, held: str) -> Checkpoint:
        """The newest record, or the very one that the sink `held` has committed."""
        record = await self._store.load(at)
        if record is not None and at in {None, record.n}:
            return record
        damaged = f" ({', '.join(self._store.damaged)} does not verify)" if self._store.damaged else ""
        wanted = f"{held} has committed {at}, whose checkpoint is not here" if at else "no checkpoint is left"
        if at == 0 and held:
            wanted = f"{held} knows of no commit of this run, and checkpoint 0 is not here any more"
        raise CheckpointDamaged(f"{wanted}{damaged}", remedy="restore the state directory, or start anew with --fresh")

    async def _restore_sinks(self, record: Checkpoint) -> None:
        for node in self._order:
            handle = record.nodes.get(node)
            if handle is None:
                raise CheckpointDamaged(
                    f"checkpoint {record.n} knows no sink {node}: the document has changed",
                    remedy="run the document as it was, or start anew with --fresh",
                )
            with failure_of(node):
                await self._restore_sink(self._sinks[node], record, handle)

    async def _restore_sink(self, sink: CommittingSink, record: Checkpoint, handle: Handle) -> None:
        try:
            if record.phase == "prepared":
                await sink.commit(record.n, handle)
            if not record.final:
                await sink.open(handle)
                await sink.discard_after(handle)
        except WrittenDataGone as error:
            if not self._store.damaged:
                raise
            names = ", ".join(self._store.damaged)
            raise CheckpointDamaged(
                f"{names} does not verify and its output was already committed: {error}",
                remedy="keep the output; start anew with --fresh",
            ) from error

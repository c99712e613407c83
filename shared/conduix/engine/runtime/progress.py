"""What a region knows between barriers: positions, finished shards, ledger and state, as they go into a checkpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from conduix.engine.api import Fence, Position, Shard, Snapshot
from conduix.engine.runtime.actor import Ack
from conduix.engine.runtime.attempt import Base
from conduix.engine.runtime.checkpoint import Checkpoint, Cut, ShardRecord, compress, expand, state_key
from conduix.engine.runtime.ledger import Line, merge

PutBlob = Callable[[str, bytes], Awaitable[None]]


class Progress:
    """Starts from a record, takes in the answers to each barrier, gives the next record."""

    def __init__(self, cut: Cut, record: Checkpoint) -> None:
        self._cut = cut
        self._order = {shard: index for index, shard in enumerate(cut.order())}
        self._finished = expand(record.finished)
        self._shards = dict(record.shards)
        self._totals: Mapping[str, Line] = record.totals

    @property
    def base(self) -> Base:
        """The ledger that an attempt starts from."""
        return Base({shard: record.ledger for shard, record in self._shards.items()}, self._totals)

    def held(self, source: str) -> tuple[list[Shard], dict[str, Position | None]]:
        """A source's unfinished shards in reading order, and where each goes on."""
        shards = [shard for shard in self._cut.shards(source) if self._order[shard.id] not in self._finished]
        return shards, {s.id: self._shards[s.id].position if s.id in self._shards else None for s in shards}

    def finished(self, source: str) -> list[Shard]:
        """A source's shards of which everything was read."""
        return [shard for shard in self._cut.shards(source) if self._order[shard.id] in self._finished]

    def state(self, node: str) -> dict[str, list[str]]:
        """Blob keys of a stateful node, by shard."""
        return {shard: r.state[node] for shard, r in self._shards.items() if node in r.state}

    async def absorb(self, n: int, acks: Mapping[str, Ack], put_blob: PutBlob) -> list[str]:
        """Take in all answers to barrier n; state goes to the store first. Returns the shards finished with it."""
        for actor, ack in acks.items():
            for shard, position in ack.positions.items():
                if self._order[shard] not in self._finished:
                    self._change(shard, position=dict(position))
            for shard, balance in ack.ledger.items():
                self._change(shard, ledger={**self._shards_ledger(shard), **balance})
            for shard, snapshot in ack.state.items():
                await self._absorb_state(n, actor, shard, snapshot, put_blob)
        finished = [s for ack in acks.values() for s in ack.finished if self._order[s] not in self._finished]
        for shard in finished:
            self._finish(shard)
        return finished

    def record(
        self, n: int, fence: Fence, revision: str, acks: Mapping[str, Ack], *, final: bool, at: float
    ) -> Checkpoint:
        """The record of barrier n; its phase is set when it is stored."""
        handles = {actor: dict(ack.prepared.handle) for actor, ack in acks.items() if ack.prepared is not None}
        ranges = compress(sorted(self._finished))
        return Checkpoint(
            n, fence, revision, "prepared", dict(self._shards), ranges, dict(self._totals), handles, final, at
        )

    def _shards_ledger(self, shard: str) -> dict[str, Line]:
        return self._shards[shard].ledger if shard in self._shards else {}

    def _change(
        self,
        shard: str,
        position: dict[str, object] | None = None,
        ledger: dict[str, Line] | None = None,
        state: dict[str, list[str]] | None = None,
    ) -> None:
        old = self._shards.get(shard) or ShardRecord(None)
        self._shards[shard] = ShardRecord(
            old.position if position is None else position,
            old.ledger if ledger is None else ledger,
            old.state if state is None else state,
        )

    async def _absorb_state(self, n: int, node: str, shard: str, snapshot: Snapshot, put_blob: PutBlob) -> None:
        key = state_key(node, shard, n, snapshot.blob)
        await put_blob(key, snapshot.blob)
        state = self._shards[shard].state if shard in self._shards else {}
        keys = [key] if snapshot.base else [*state.get(node, []), key]
        self._change(shard, state={**state, node: keys})

    def _finish(self, shard: str) -> None:
        """Its ledger joins the totals, its state is needed no longer."""
        self._finished.add(self._order[shard])
        record = self._shards.pop(shard, None)
        if record is not None:
            self._totals = merge([self._totals, record.ledger])

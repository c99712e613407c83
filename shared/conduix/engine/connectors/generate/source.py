"""Makes records out of their number: the same number always makes the same record, so a rewind makes it again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from conduix.engine.api import MAX_BATCH_RECORDS, Batch, Json, NodeContext, Position, Rows, Shard, Stage
from conduix.engine.connectors.generate import GenerateOptions

_MASK = 2**64 - 1


class GenerateSource:
    """Records 0, 1, 2, …; a position is the number of the next one. Its only shard is called like the node."""

    replayable = True

    def __init__(self, options: GenerateOptions, context: NodeContext) -> None:
        self.ends = options.count > 0
        self._options = options
        self._shard = context.node
        self._stage = _stage(options, context.node)
        self._seed = 0
        self._at = 0
        self._due = 0.0
        self._touched = False
        self._held = True
        """Is the shard here? Otherwise it is finished, or another replica has it."""

    async def cut(self) -> Sequence[Shard]:
        """One shard; it keeps the seed, so that a resumed run goes on with it."""
        seed = self._options.seed
        return [Shard(self._shard, {"seed": random.SystemRandom().getrandbits(48) if seed is None else seed})]

    async def open(self, shards: Sequence[Shard], held: Mapping[str, Position | None]) -> None:
        """Go to a number."""
        position = held.get(self._shard)
        self._touched = position is not None
        self._at = int(position["offset"]) if position else 0
        self._seed = int(shards[0].spec["seed"]) if shards else 0
        self._held = bool(shards)
        if not shards:
            self._at = self._options.count

    async def read(self) -> Batch | None:
        """The next records: one where there is an interval, else as many as a batch holds."""
        count = await self._turn() if self._held else 0
        if count == 0:
            return None
        first = self._at
        self._at += count
        self._touched = True
        numbers = range(first, self._at)
        values: list[Json] = [{"index": index} for index in numbers]
        if self._stage is not None:
            values = [{"index": index, "random": uniform(self._seed, index)} for index in numbers]
        batch = Batch(self._shard, {"offset": first}, {"offset": self._at}, Rows(values), count)
        return batch if self._stage is None else _mapped(self._stage, batch)

    async def _turn(self) -> int:
        """Wait until records are due; how many, 0 at the end."""
        left = self._options.count - self._at if self.ends else MAX_BATCH_RECORDS
        if left <= 0 or not self._options.interval:
            return max(0, min(left, MAX_BATCH_RECORDS))
        now = asyncio.get_running_loop().time()
        due = max(self._due, now)  # what was missed while nobody read is not made up for
        await asyncio.sleep(due - now)
        self._due = due + self._options.interval
        return 1

    def left(self, shard: Shard, position: Position | None) -> int:
        """Records to be made; of an endless shard any number, for there is no other."""
        return max(1, self._options.count - (int(position["offset"]) if position else 0))

    def positions(self) -> Mapping[str, Position]:
        """The number of the next record."""
        return {self._shard: {"offset": self._at}} if self._touched else {}

    def finished(self) -> Sequence[str]:
        """The shard, once all records were made."""
        return (self._shard,) if self._held and self.ends and self._at >= self._options.count else ()

    def progress(self) -> tuple[int, int] | None:
        """Records made, of how many."""
        return (self._at, self._options.count) if self.ends else None

    async def committed(self, n: int, positions: Mapping[str, Position]) -> None:
        """Nothing is kept, so nothing is let go."""

    async def flushed(self, k: int, *, durable: bool) -> None:
        """Nobody waits for an answer."""

    async def probe(self) -> None:
        """There is nothing outside."""

    async def close(self) -> None:
        """Nothing to release."""


def uniform(seed: int, index: int) -> float:
    """A number from 0 up to 1 for each index: the splitmix64 generator, of which any term can be had at once."""
    z = (seed + (index + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) >> 11) / 2**53


def _stage(options: GenerateOptions, node: str) -> Stage | None:
    if options.mapping is None:
        return None
    from conduix.engine.stretch import Port, build_stretch  # noqa: PLC0415 - a source without mapping needs no compiler
    from conduix.mapping import parse_mapping  # noqa: PLC0415 - see above
    from conduix.mapping.steps import MapStep  # noqa: PLC0415 - see above

    return build_stretch((MapStep(node, parse_mapping(options.mapping)),), {"out": Port("rows", offsets=True)})


def _mapped(stage: Stage, batch: Batch) -> Batch:
    """What the mapping makes of the numbers: one that fails becomes a letter, one that it deletes is left out."""
    output = stage.apply(batch)
    made = output.batches[0][1] if output.batches else replace(batch, body=Rows(()), count=0)
    return replace(made, first=batch.first, next=batch.next, letters=tuple(output.dead))

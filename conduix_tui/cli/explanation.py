"""What `conduix explain` says about a document."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conduix.engine.api import NodeContext, Shard, Source
from conduix.engine.catalog import Catalog
from conduix.engine.files import Files
from conduix.engine.guarantee import Guarantee, assess
from conduix.engine.runtime.plan import Plan, build
from conduix.engine.worker import explain_plan
from conduix.errors import ConnectorError
from conduix.spec import normal_form
from conduix.spec.model import PipelineSpec
from conduix_tui.cli import words
from conduix_tui.cli.output import yaml_text
from conduix_tui.cli.terminal import Terminal

_SHARDS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Explanation:
    """A document, planned but not run."""

    spec: PipelineSpec
    plan: Plan
    guarantee: Guarantee
    shards: Mapping[str, Sequence[Shard] | str]
    """By source; a text says why it cannot be cut now."""

    @classmethod
    def of(cls, spec: PipelineSpec, catalog: Catalog) -> Explanation:
        """Plan the document and cut its sources; nothing is opened for writing."""
        plan = explain_plan(spec, catalog)
        return cls(spec, plan, assess(spec, catalog), asyncio.run(_cut(plan)))

    def as_data(self) -> dict[str, Any]:
        """For `--output json|yaml`."""
        return {
            "name": self.spec.name,
            "mode": self.spec.mode,
            "digest": self.spec.digest,
            "normal_form": normal_form(self.spec),
            "actors": [
                {
                    "id": actor.id,
                    "kind": actor.kind,
                    "nodes": [node.id for node in actor.nodes],
                    "inputs": [{"actor": edge.sender, "port": edge.port} for edge in self.plan.inputs(actor.id)],
                }
                for actor in self.plan.actors
            ],
            "shards": {
                source: {"problem": cut} if isinstance(cut, str) else [{"id": s.id, **s.spec} for s in cut]
                for source, cut in self.shards.items()
            },
            "guarantee": {
                "promise": self.guarantee.promise,
                "weakest": self.guarantee.weakest and self.guarantee.weakest.node,
                "why": self.guarantee.weakest.why if self.guarantee.weakest else "",
            },
        }

    def lines(self, terminal: Terminal) -> list[str]:
        """For a person."""

        def title(text: str) -> str:
            return terminal.styled(text, "bold", out=True)

        form = _without_gaps(normal_form(self.spec, defaults=False))
        form = _without_gaps(normal_form(self.spec, defaults=False))
        document = yaml_text(form)
        return [
            f"{title(self.spec.name)}, {self.spec.mode}, revision {self.spec.digest[:12]}",
            *("", title("normal form"), *(f"  {line}" for line in document.splitlines())),
            *("", title("actors"), *words.table(self._actor_rows(), indent=2)),
            *("", title("shards"), *(f"  {line}" for line in self._shard_lines())),
            *("", title("guarantee"), *(f"  {line}" for line in self._guarantee_lines())),
        ]

    def _actor_rows(self) -> list[tuple[str, str, str]]:
        rows = []
        for actor in self.plan.actors:
            inputs = [e.sender if e.port == "out" else f"{e.sender}.{e.port}" for e in self.plan.inputs(actor.id)]
            fused = f"fuses {', '.join(node.id for node in actor.nodes)}" if len(actor.nodes) > 1 else ""
            reads = f"reads {', '.join(inputs)}" if inputs else ""
            rows.append(
                (actor.id, actor.nodes[-1].type if not fused else actor.kind, "; ".join(filter(None, (reads, fused))))
            )
        return rows

    def _shard_lines(self) -> list[str]:
        lines = []
        for source, cut in self.shards.items():
            if isinstance(cut, str):
                lines.append(f"{source}: cannot be cut now: {cut}")
                continue
            lines.append(f"{source}: {words.plural(len(cut), 'shard')}, read in this order")
            lines += [f"  {shard.id}" for shard in cut[:_SHARDS_SHOWN]]
            if len(cut) > _SHARDS_SHOWN:
                lines.append(f"  and {len(cut) - _SHARDS_SHOWN} more")
        return lines

    def _guarantee_lines(self) -> list[str]:
        weakest = self.guarantee.weakest
        if weakest is None:
            return [f"{self.guarantee.promise}: every part keeps it"]
        return [self.guarantee.promise, f"weakest link: {weakest.node}: {weakest.why}"]


def _without_gaps(value: Any) -> Any:
    """The same without keys that hold nothing: a person reads what is there."""
    if isinstance(value, dict):
        kept = {key: _without_gaps(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each not in (None, "", [], {})}
    return [_without_gaps(each) for each in value] if isinstance(value, list) else value


async def _cut(plan: Plan) -> dict[str, Sequence[Shard] | str]:
    cuts: dict[str, Sequence[Shard] | str] = {}
    for actor in plan.of_kind("source"):
        context = NodeContext(plan.spec.name, actor.id, plan.spec.mode, lambda: None, lambda _k: None, Files())
        source: Source = build(actor.entry, actor.nodes[0], context)  # type: ignore[assignment]
        try:
            cuts[actor.id] = await source.cut()
        except ConnectorError as error:
            cuts[actor.id] = error.message
    return cuts

"""The graph: every node with what went through it, how fast, and whether it works, waits for others or is held up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.widgets import Static

from conduix.spec.model import NodeSpec, PipelineSpec
from conduix.v1 import common_pb2
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.client.client import Client
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab, every
from conduix_tui.store.canvas import Run
from conduix_tui.store.graph import Box, chain, drawn
from conduix_tui.store.load import Loads, NodeLoad

_GLYPHS = {"source": "◀", "stage": "◆", "sink": "▶"}
_ROLES: Mapping[int, str] = {
    common_pb2.NODE_ROLE_SOURCE: "source",
    common_pb2.NODE_ROLE_STAGE: "stage",
    common_pb2.NODE_ROLE_SINK: "sink",
}
_TONES = {
    "good": "$success",
    "warn": "$warning",
    "bad": "bold $error",
    "dim": "$text-muted",
    "accent": "$accent",
    "title": "bold",
}


class GraphTab(PipelineTab):
    """Drawn from the document; where that cannot be read here, from the order of the reports."""

    ID: ClassVar[str] = "graph"
    TITLE: ClassVar[str] = "Graph"

    def __init__(self, pipeline: str, *, classes: str = "") -> None:
        super().__init__(pipeline, classes=classes)
        self._revision = 0
        self._spec: PipelineSpec | None = None
        self._loads = Loads()

    def compose(self) -> ComposeResult:
        """One drawing, however large."""
        with ScrollableContainer(can_focus=True):
            yield Static("waiting for a report …", id="graph", markup=False)

    async def work(self, client: Client) -> None:
        """Ask once a second."""
        request = pb.GetPipelineStatusRequest(pipeline=self.ref)

        async def fetch() -> None:
            status = await client.call(client.pipelines.GetPipelineStatus, request)
            if status.pipeline.revision != self._revision:
                await self._read(client, status.pipeline.revision)
            self._loads.report(status.replicas)
            self._draw()

        await every(1.0, fetch)

    async def _read(self, client: Client, revision: int) -> None:
        answer = await client.call(client.pipelines.GetPipeline, pb.GetPipelineRequest(pipeline=self.ref))
        self._spec = await asyncio.to_thread(spec_of, answer.document)
        self._revision = revision
        if self._spec is not None:
            self._loads.mailbox = self._spec.mailbox

    def _draw(self) -> None:
        boxes = boxes_of(self._spec, self._loads)
        if boxes:
            rows = drawn(boxes, max(20, self.size.width - 2))
            self.query_one("#graph", Static).update(painted(rows))
        else:
            self.query_one("#graph", Static).update("Its document cannot be read here, and no agent has reported it.")

    def on_resize(self) -> None:
        """More or less may stand side by side."""
        if self._revision:
            self._draw()


def spec_of(document: str) -> PipelineSpec | None:
    """The normal form; None: this console does not know what stands in it. Takes up to some seconds the first time."""
    from conduix.engine.catalog import default_catalog  # noqa: PLC0415 - the engine: not before somebody looks
    from conduix.spec.loading import load  # noqa: PLC0415

    return load(document, file="document", catalog=default_catalog(), env=None).spec


def boxes_of(spec: PipelineSpec | None, loads: Loads) -> Sequence[Box]:
    """The nodes of the document, with dead letters apart; without one those of the reports, one after the other."""
    if spec is None:
        nodes = [
            _Drawn(node, _ROLES.get(loads.nodes[node].role, ""), "", fed_by)
            for node, fed_by in chain(list(loads.nodes)).items()
        ]
    else:
        nodes = [_drawn(node) for node in spec.nodes]
        if spec.dlq is not None:
            nodes.append(replace(_drawn(spec.dlq), role="sink", apart=True))
    feeds: dict[str, list[str]] = {}
    for node in nodes:
        for above, _ in node.inputs:
            feeds.setdefault(above, []).append(node.id)
    return [_box(node, loads, feeds) for node in nodes]


@dataclass(frozen=True, slots=True)
class _Drawn:
    id: str
    role: str
    kind: str
    inputs: Sequence[tuple[str, str]]
    apart: bool = False


def _drawn(node: NodeSpec) -> _Drawn:
    return _Drawn(node.id, node.role, node.type, [(each.node, each.port) for each in node.inputs])


def _box(node: _Drawn, loads: Loads, feeds: Mapping[str, Sequence[str]]) -> Box:
    load = loads.nodes.get(node.id, NodeLoad())
    mark, tone = loads.mark(node.id, feeds)
    kind = f"  {node.kind}" if node.kind not in {"", node.id} else ""
    about = f"{_GLYPHS.get(node.role, '·')} {words.visible(node.id)}{kind}"
    lines: list[Run] = [(about, "title"), (_counts(load), ""), (_mark(mark, load), tone)]
    if load.dead or load.filtered:
        lines.insert(2, (_lost(load), "bad" if load.dead else ""))
    return Box(node.id, lines, tone, node.inputs, node.apart)


def _counts(load: NodeLoad) -> str:
    rate = f"  {words.rate(load.rate)}" if load.rate else ""
    made = f"  {words.count(load.made)} made" if load.made else ""
    return f"{words.count(load.passed)} passed{made}{rate}"


def _lost(load: NodeLoad) -> str:
    parts = [f"{words.count(load.dead)} dead"] if load.dead else []
    parts += [f"{words.count(load.filtered)} filtered"] if load.filtered else []
    return "  ".join(parts)


def _mark(mark: str, load: NodeLoad) -> str:
    waiting = f"  {load.waiting} waiting" if load.waiting else ""
    return mark + waiting + (f"  {words.plural(load.restarts, 'restart')}" if load.restarts else "")


def painted(rows: Sequence[Sequence[Run]]) -> Content:
    """In the theme's colours."""
    return Content("\n").join(
        Content.assemble(*(Content.styled(text, _TONES[tone]) if tone else Content(text) for text, tone in row))
        for row in rows
    )

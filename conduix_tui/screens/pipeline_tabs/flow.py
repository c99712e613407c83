"""The flow: nodes in the order of the data with what went through each, drawn as a chain; and the live actor tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from conduix.v1 import common_pb2
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.client.client import Client
from conduix_tui.client.counts import node_counts
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab, every
from conduix_tui.screens.states import pipeline_cell

_ROLES: Mapping[int, str] = {
    common_pb2.NODE_ROLE_SOURCE: "◀ source",
    common_pb2.NODE_ROLE_STAGE: "◆ stage",
    common_pb2.NODE_ROLE_SINK: "▶ sink",
}


class FlowTab(PipelineTab):
    """Counts of all replicas together."""

    ID: ClassVar[str] = "flow"
    TITLE: ClassVar[str] = "Flow"

    def compose(self) -> ComposeResult:
        """One text that grows with the document."""
        with VerticalScroll():
            yield Static("waiting for a report …", id="flow-text", markup=False)

    async def work(self, client: Client) -> None:
        """Ask once a second."""
        request = pb.GetPipelineStatusRequest(pipeline=self.ref)

        async def fetch() -> None:
            status = await client.call(client.pipelines.GetPipelineStatus, request)
            self.query_one("#flow-text", Static).update(flow_text(status.replicas))

        await every(1.0, fetch)


def flow_text(replicas: Sequence[pb.ReplicaStatus]) -> str:
    """The nodes with their counts; below them each replica with its actors."""
    if not replicas:
        return "No agent has reported a replica of it."
    lines = words.table([("NODE", "", "PASSED", "FILTERED", "DEAD", "MADE"), *_rows(replicas)], right=(2, 3, 4, 5))
    for replica in replicas:
        lines += ["", *_tree(replica)]
    return "\n".join(lines)


def _rows(replicas: Iterable[pb.ReplicaStatus]) -> list[tuple[str, ...]]:
    return [
        (
            counts.node,
            _ROLES.get(counts.role, ""),
            *map(_number, (counts.passed, counts.filtered, counts.dead, counts.made)),
        )
        for counts in node_counts(replicas)
    ]


def _number(number: int) -> str:
    return words.count(number) if number else "·"


def _tree(replica: pb.ReplicaStatus) -> list[str]:
    state = pipeline_cell(replica.state, replica.reason).text
    head = (
        f"replica {replica.replica}  {state}  checkpoint {replica.checkpoint}  {words.plural(replica.starts, 'start')}"
    )
    detail = [f"  {words.visible(replica.detail)}"] if replica.detail else []
    last = len(replica.actors) - 1
    actors = [
        f"{'└─' if at == last else '├─'} {actor.kind:<8} {actor.id:<20} {actor.state:<10} "
        f"restarts {actor.restarts}  waiting {actor.mailbox}"
        + (f"  runs {', '.join(actor.nodes)}" if len(actor.nodes) > 1 else "")
        for at, actor in enumerate(replica.actors)
    ]
    return [head, *detail, *actors]

"""One agent: how it is connected, its machine, its replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix_tui.cli import words
from conduix_tui.screens.acting import action_bindings
from conduix_tui.screens.asking import asking
from conduix_tui.screens.page import Page
from conduix_tui.screens.states import agent_cell, ago, mode_word, pipeline_cell
from conduix_tui.store.actions import by_id
from conduix_tui.store.updates import Kind

REFRESH = 2.0


class AgentPage(Page):
    """The location's target is its name."""

    BINDINGS: ClassVar[list[BindingType]] = action_bindings("agent")
    DEFAULT_CSS = """
    AgentPage VerticalScroll { padding: 0 1; }
    """

    def content(self) -> ComposeResult:
        """What streams in, and what is asked for."""
        with VerticalScroll(can_focus=True):
            yield Static(id="agent", markup=False, classes="live")
            yield Static(id="replicas", markup=False, classes="live")

    def on_mount(self) -> None:
        """Ask for its replicas now and then."""
        super().on_mount()
        if self.console.session.client is not None:
            self.run_worker(asking(REFRESH, self._fetch, self._tell), name="agent")

    async def _fetch(self) -> None:
        agent, client = self.agent, self.console.session.client
        if agent is None or client is None:
            return
        request = agent_pb.GetAgentStatusRequest(id=agent.id)
        command = f"conduix describe agent {agent.name}"
        work = client.call(client.agents.GetAgentStatus, request)
        self._tell(status_text(await self.console.calls.run("GetAgentStatus", command, work), self._names()))

    def _tell(self, text: str) -> None:
        self.query_one("#replicas", Static).update(text)

    def _names(self) -> Mapping[str, str]:
        return {key: pipeline.name for key, pipeline in self.console.state.items["pipeline"].items()}

    @property
    def agent(self) -> agent_pb.Agent | None:
        """As it was heard of last; None: there is none of this name."""
        agents = self.console.state.items["agent"].values()
        return next((a for a in agents if self.location.target in {a.name, a.id}), None)

    def paint(self) -> None:
        """What streams in."""
        agent = self.agent
        if agent is not None:
            self.query_one("#agent", Static).update(agent_text(agent))
        elif self.console.state.loaded:
            self.query_one("#agent", Static).update(f"There is no agent {self.location.target}.")

    def selection(self) -> tuple[Kind, Sequence[Any]] | None:
        """This agent."""
        agent = self.agent
        return "agent", [] if agent is None else [agent]

    async def action_act(self, action_id: str) -> None:
        """Do it to this agent."""
        agent = self.agent
        await self.console.deeds.act(by_id("agent", action_id), [] if agent is None else [agent])

    def focus_content(self) -> None:
        """Scrolling takes the keys."""
        self.query_one(VerticalScroll).focus()


def agent_text(agent: agent_pb.Agent) -> str:
    """What is known of it."""
    labels = ", ".join(f"{key}={value}" for key, value in sorted(agent.labels.items()))
    rows = [
        ("state", agent_cell(agent.state).text),
        ("mode", f"{mode_word(agent.mode)} for {ago(agent.mode_since).text}"),
        ("seen", f"{ago(agent.seen_at).text} ago"),
        ("session", str(agent.session)),
        ("version", agent.version),
        ("host", agent.hostname),
        ("labels", labels or "-"),
        ("can", ", ".join(agent.capabilities) or "-"),
    ]
    return "\n".join(words.table([(name, words.visible(value)) for name, value in rows]))


def status_text(status: agent_pb.GetAgentStatusResponse, names: Mapping[str, str]) -> str:
    """Machine and replicas."""
    host = status.host
    lines = [""]
    if host.cores:
        memory = f"{host.memory_bytes / 2**30:.1f} GiB memory, {host.disk_free_bytes / 2**30:.1f} GiB of disk free"
        lines.append(f"machine   {host.cores} cores, load {host.load:.2f}, {memory}, {host.platform}")
    rows = [
        (
            names.get(replica.pipeline_id, replica.pipeline_id),
            str(replica.replica),
            pipeline_cell(replica.state, replica.reason).text,
            str(replica.checkpoint),
            str(replica.starts),
            words.visible(replica.detail),
        )
        for replica in status.replicas
    ]
    if not rows:
        return "\n".join([*lines, "no replicas"])
    return "\n".join([*lines, "", *words.table([("PIPELINE", "REPLICA", "STATE", "CHECKPOINT", "STARTS", ""), *rows])])

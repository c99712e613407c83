"""The normal form: what every dialect loads into and everything after the loader knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import Field

from conduix.spec.options import Duration, Options

Role = Literal["source", "stage", "sink"]
OnError = Literal["dlq", "drop", "fail", "pass"]
RestartType = Literal["permanent", "transient", "temporary"]
"""`permanent`: started again however it ends; `transient`: only after a failure; `temporary`: never."""


class CheckpointSpec(Options):
    """When state is made durable."""

    interval: Duration | None = Field(
        None,
        description="Time between checkpoints; unset: the longest that a sink asks for, else 10s.",
        examples=["10s"],
    )
    timeout: Duration = Field(
        600.0, description="A barrier older than this is reported (never aborted).", examples=["10m"]
    )


class BackoffSpec(Options):
    """Pause before a restart: doubled from `initial` up to `max`, with jitter."""

    initial: Duration = Field(1.0, description="Pause before the first restart.", examples=["1s"])
    max: Duration = Field(16.0, description="Longest pause.", examples=["16s"])


class SupervisionSpec(Options):
    """How failing actors are restarted."""

    strategy: Literal["one_for_one", "one_for_all", "rest_for_one"] = Field(
        "one_for_one",
        description="Which actors are rebuilt when one fails: it, all of them, or it and those after it.",
    )
    max_restarts: int = Field(
        5, ge=0, description="So many restarts are survived within `within_seconds`; one more is not."
    )
    within_seconds: float = Field(
        300.0, gt=0, description="The sliding window in which restarts are counted, in seconds."
    )
    backoff: BackoffSpec = Field(default_factory=BackoffSpec, description="Pauses between restarts.")


class RetrySpec(Options):
    """What is tried again, and for how long."""

    in_place: Duration = Field(
        15.0, description="A connector retries a transient fault itself for so long.", examples=["15s"]
    )
    max_elapsed: Duration | None = Field(
        None,
        description="Batch gives up (FAILED) so long after the first error; unset: 10m in batch, never in realtime.",
        examples=["10m"],
    )
    max_attempts: int = Field(
        3, ge=1, description="Attempts for an error of unknown class before the record is a dead letter."
    )


class StateSpec(Options):
    """Where keyed state is kept."""

    store: str | None = Field(None, description="`file:///…` or `s3://…`; unset: the local state directory.")


class PlacementSpec(Options):
    """Which agents may run the pipeline, under a server."""

    labels: dict[str, str] = Field(
        default_factory=dict, description="Only agents with all of these labels.", examples=[{"zone": "north"}]
    )


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a document: line and column count from 1; `path` is like `stages[1].config.mapping`."""

    line: int
    column: int
    path: str


@dataclass(frozen=True, slots=True)
class Input:
    """An edge of the graph: the node that feeds, and which of its ports (a router's route name, else `out`)."""

    node: str
    port: str = "out"


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One node of the graph, its options already validated."""

    id: str
    role: Role
    type: str
    """The catalogue's canonical name, aliases resolved."""
    options: Options
    inputs: tuple[Input, ...]
    where: Where
    when: str | None = None
    """Stages only: the stage applies where this condition holds, other records pass it unchanged."""
    on_error: OnError = "dlq"


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A node in the hands of its supervisor."""

    node: str
    restart: RestartType = "permanent"


@dataclass(frozen=True, slots=True)
class SupervisorSpec:
    """A supervisor and its children, in the order in which they start."""

    name: str
    supervision: SupervisionSpec
    children: tuple[ChildSpec | SupervisorSpec, ...]
    restart: RestartType = "permanent"


ROOT = "root"
"""What the highest supervisor is called where the document does not say."""


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """The normal form of a document: a DAG of nodes in topological order, and how it is run."""

    name: str
    mode: Literal["batch", "realtime"]
    nodes: tuple[NodeSpec, ...]
    digest: str
    """sha256 of the normal form's canonical JSON: another text with the same meaning has the same digest."""
    dlq: NodeSpec | None = None
    dlq_max_ratio: float = 0.5
    """Share of dead letters among the last 1,000 records at which the pipeline pauses (DLQ_FLOOD)."""
    version: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    parallelism: int = 1
    mailbox: int = 2
    drain_timeout: float = 15.0
    checkpoint: CheckpointSpec = field(default_factory=CheckpointSpec)
    supervision: SupervisionSpec = field(default_factory=SupervisionSpec)
    retry: RetrySpec = field(default_factory=RetrySpec)
    state: StateSpec = field(default_factory=StateSpec)
    placement: PlacementSpec = field(default_factory=PlacementSpec)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secret values among the options, and how each is written in the document (`${file:…}`): for masking."""

    supervisors: SupervisorSpec | None = None
    """The supervision tree where the document has one (actor form); `supervision` is its root's. See `tree`."""

    references: Mapping[str, Any] = field(default_factory=dict)
    """Where variables are bound elsewhere: the settings that have some, as they are written."""

    @property
    def all_nodes(self) -> tuple[NodeSpec, ...]:
        """The nodes of the DAG, then the dead-letter queue, if there is one."""
        return self.nodes if self.dlq is None else (*self.nodes, self.dlq)

    @property
    def tree(self) -> SupervisorSpec:
        """The supervision tree; without one in the document all nodes of the DAG stand under one supervisor."""
        children = tuple(ChildSpec(node.id) for node in self.nodes)
        return self.supervisors or SupervisorSpec(ROOT, self.supervision, children)

    def role(self, role: Role) -> list[NodeSpec]:
        """The nodes of one role, in topological order."""
        return [node for node in self.nodes if node.role == role]


OptionsModel = type[Options]


class EntryView(Protocol):
    """What the document's check must know of a catalogue entry."""

    @property
    def type(self) -> str:
        """Canonical name."""

    @property
    def options(self) -> OptionsModel:
        """The option model."""

    @property
    def missing(self) -> str | None:
        """The pip extra that is not installed, if any."""

    def can_end(self, options: Options) -> bool:
        """Sources: does it come to an end by itself?"""

    def ports(self, options: Options) -> Sequence[str]:
        """Output ports; `("out",)` for all but routers."""


class CatalogView(Protocol):
    """The catalogue as the document's check sees it; `conduix.engine.catalog.Catalog` is one."""

    def find(self, role: Role, name: str) -> EntryView | None:
        """By canonical name or alias."""

    def names(self, role: Role) -> Sequence[str]:
        """All names of a role, aliases too, for suggestions."""

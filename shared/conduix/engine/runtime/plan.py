"""From the normal form to actors: which nodes are fused into one stretch, and the edges between the actors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from conduix.engine.api import NodeContext, Sink, Source
from conduix.engine.catalog import Catalog, Entry
from conduix.engine.files import Files
from conduix.engine.stretch import Port
from conduix.mapping import parse_condition
from conduix.mapping.steps import Step
from conduix.spec.model import NodeSpec, PipelineSpec

ActorKind = Literal["source", "stretch", "stage", "sink"]
DEAD = "dead"
"""The port on which letters leave an actor."""


@dataclass(frozen=True, slots=True)
class Edge:
    """From a port of one actor to an input edge of another (numbered from 0 at the receiver)."""

    sender: str
    port: str
    receiver: str
    index: int


@dataclass(frozen=True, slots=True)
class ActorPlan:
    """One actor: its id is that of its last node (the first and last of a stretch joined by an arrow)."""

    id: str
    kind: ActorKind
    nodes: tuple[NodeSpec, ...]
    entry: Entry
    """Of its only node; of a stretch's last node."""
    steps: tuple[Step, ...] = ()
    ports: Mapping[str, Port] | None = None
    """Stretches only: what each connected port carries."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The actors in topological order, sources first, and the edges between them."""

    spec: PipelineSpec
    actors: tuple[ActorPlan, ...]
    edges: tuple[Edge, ...]

    def actor(self, actor_id: str) -> ActorPlan:
        """By id."""
        return next(a for a in self.actors if a.id == actor_id)

    def of_kind(self, kind: ActorKind) -> list[ActorPlan]:
        """The actors of one kind, in order."""
        return [a for a in self.actors if a.kind == kind]

    def inputs(self, actor_id: str) -> list[Edge]:
        """Edges into an actor, by index."""
        return sorted((e for e in self.edges if e.receiver == actor_id), key=lambda e: e.index)

    def reach(self, source: str) -> frozenset[Edge]:
        """Every edge that what `source` sends can travel."""
        edges: set[Edge] = set()
        frontier = {source}
        while frontier:
            step = {e for e in self.edges if e.sender in frontier} - edges
            edges |= step
            frontier = {e.receiver for e in step}
        return frozenset(edges)


class _Graph:
    """Consumers of each port, out of the nodes' inputs."""

    def __init__(self, spec: PipelineSpec, catalog: Catalog) -> None:
        self.nodes = spec.all_nodes
        self.entries = {node.id: _entry(catalog, node) for node in self.nodes}
        self.consumers: dict[tuple[str, str], list[NodeSpec]] = {}
        for node in self.nodes:
            for source in node.inputs:
                self.consumers.setdefault((source.node, source.port), []).append(node)

    def pure(self, node: NodeSpec) -> bool:
        return self.entries[node.id].lower is not None

    def follower(self, node: NodeSpec) -> NodeSpec | None:
        """The pure stage that is fused to this one: its only reader, reading nothing else.

        What makes several records of one ends a stretch, as what has several ports does.
        """
        entry = self.entries[node.id]
        if entry.expands or tuple(entry.ports(node.options)) != ("out",):
            return None
        readers = self.consumers.get((node.id, "out"), [])
        if len(readers) == 1 and self.pure(readers[0]) and len(readers[0].inputs) == 1:
            return readers[0]
        return None


def _entry(catalog: Catalog, node: NodeSpec) -> Entry:
    entry = catalog.find(node.role, node.type)
    if entry is None:
        raise LookupError(f"{node.role} {node.type!r} passed the document's check but is not in the catalogue")
    return entry


def make_plan(spec: PipelineSpec, catalog: Catalog, sinks: Mapping[str, Sink]) -> Plan:
    """Plan a document's actors. `sinks` are the built sinks by node id: what they accept decides what ports carry."""
    graph = _Graph(spec, catalog)
    chains = _chains(graph)
    names = {node.id: _name(chain) for chain in chains for node in chain}
    actors = tuple(_actor(chain, names, graph, sinks) for chain in chains)
    return Plan(spec, actors, _edges(actors, names, spec.dlq))


def _chains(graph: _Graph) -> list[tuple[NodeSpec, ...]]:
    """Nodes grouped into actors, in topological order; the dead-letter sink last."""
    chains: list[tuple[NodeSpec, ...]] = []
    taken: set[str] = set()
    for node in graph.nodes:
        if node.id in taken:
            continue
        chain = [node]
        while graph.pure(chain[-1]) and (after := graph.follower(chain[-1])) is not None:
            chain.append(after)
        taken |= {n.id for n in chain}
        chains.append(tuple(chain))
    return chains


def _name(chain: Sequence[NodeSpec]) -> str:
    return chain[0].id if len(chain) == 1 else f"{chain[0].id}→{chain[-1].id}"


def _actor(
    chain: tuple[NodeSpec, ...], names: Mapping[str, str], graph: _Graph, sinks: Mapping[str, Sink]
) -> ActorPlan:
    last = chain[-1]
    entry = graph.entries[last.id]
    if not graph.pure(chain[0]):
        return ActorPlan(names[last.id], last.role, chain, entry)
    steps = tuple(step for node in chain for step in _lower(graph.entries[node.id], node))
    ports = {
        port: _port(graph.consumers[last.id, port], sinks)
        for port in entry.ports(last.options)
        if (last.id, port) in graph.consumers
    }
    return ActorPlan(names[last.id], "stretch", chain, entry, steps, ports)


def _lower(entry: Entry, node: NodeSpec) -> Sequence[Step]:
    assert entry.lower is not None  # noqa: S101 - only pure stages come here
    when = parse_condition(node.when) if node.when is not None else None
    return entry.lower(node.options, node.id, when, node.on_error)


def _port(consumers: Sequence[NodeSpec], sinks: Mapping[str, Sink]) -> Port:
    """What a port carries: the form that a sink behind it wants; rows between stretches."""
    wanted = [sinks[node.id].accepts[0] for node in consumers if node.role == "sink"]
    encoded = next((kind for kind in wanted if kind in {"jsonl", "lines"}), None)
    # a stage behind may write letters, and a sink that gets another form than it wants converts: both name positions
    asks = any(node.role != "sink" for node in consumers) or any(kind != encoded for kind in wanted)
    if encoded == "jsonl":
        return Port("jsonl", asks)
    return Port("lines" if encoded == "lines" and not asks else "rows", asks)


def _edges(actors: Sequence[ActorPlan], names: Mapping[str, str], dlq: NodeSpec | None) -> tuple[Edge, ...]:
    edges: list[Edge] = []
    counts: dict[str, int] = {}

    def connect(sender: str, port: str, receiver: str) -> None:
        index = counts.setdefault(receiver, 0)
        counts[receiver] += 1
        edges.append(Edge(sender, port, receiver, index))

    for actor in actors:
        for source in actor.nodes[0].inputs:
            connect(names[source.node], source.port, actor.id)
    if dlq is not None:
        for actor in actors:
            if actor.id != dlq.id:
                connect(actor.id, DEAD, dlq.id)
    return tuple(edges)


def build_sinks(spec: PipelineSpec, catalog: Catalog, context: Mapping[str, NodeContext]) -> dict[str, Sink]:
    """The document's sinks (the dead-letter queue too), built but not opened, by node id."""
    nodes = [*spec.role("sink"), *([spec.dlq] if spec.dlq else [])]
    return {node.id: build(_entry(catalog, node), node, context[node.id]) for node in nodes}  # type: ignore[misc]


def build_sources(spec: PipelineSpec, catalog: Catalog, context: Mapping[str, NodeContext]) -> dict[str, Source]:
    """The document's sources, built but not opened, by node id."""
    return {node.id: build(_entry(catalog, node), node, context[node.id]) for node in spec.role("source")}  # type: ignore[misc]


def still_contexts(spec: PipelineSpec, files: Files) -> dict[str, NodeContext]:
    """What nodes are given that are built, but not run."""

    def nothing(*_args: object) -> None:
        return None

    return {
        node.id: NodeContext(spec.name, node.id, mode_of(spec, node.id), nothing, nothing, files)
        for node in spec.all_nodes
    }


def mode_of(spec: PipelineSpec, node: str) -> Literal["batch", "realtime"]:
    """How a node runs: letters are appended and visible at once, whatever the document says of the rest."""
    return "realtime" if spec.dlq is not None and node == spec.dlq.id else spec.mode


def build(entry: Entry, node: NodeSpec, context: NodeContext) -> object:
    """The source, stateful stage or sink of a node."""
    if entry.build is None:
        raise TypeError(f"{entry.role} {entry.type} is fused, not built")
    return entry.build(node.options, context)

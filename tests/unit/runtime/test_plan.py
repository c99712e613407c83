"""From nodes to actors: what is fused, what ports carry, who reads the letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from conduix.engine.api import NodeContext
from conduix.engine.catalog import default_catalog
from conduix.engine.files import Files
from conduix.engine.runtime.plan import DEAD, Edge, Plan, build_sinks, make_plan
from conduix.engine.stretch import Port
from conduix.engine.worker import explain_plan
from conduix.spec.model import Input, NodeSpec, PipelineSpec
from tests.unit.runtime.doubles import CountOptions, NumberOptions, SinkOptions
from tests.unit.runtime.flows import catalog, file_sink, node, pipeline, three_sinks
from tests.unit.runtime.world import World


def contexts(spec: PipelineSpec) -> dict[str, NodeContext]:
    def nothing(*_args: object) -> None:
        return None

    nodes = [*spec.nodes, *([spec.dlq] if spec.dlq else [])]
    return {n.id: NodeContext("p", n.id, "batch", nothing, nothing, Files()) for n in nodes}


def source(name: str = "in") -> NodeSpec:
    return node(name, "source", "numbers", NumberOptions())


def copy(name: str, *inputs: str) -> NodeSpec:
    return node(name, "stage", "copy", CountOptions(), inputs)


def count(name: str, *inputs: str) -> NodeSpec:
    return node(name, "stage", "count", CountOptions(), inputs)


def sink(name: str, *inputs: str) -> NodeSpec:
    return node(name, "sink", "memory", SinkOptions(), inputs)


def router(name: str, reads: str, *routes: str) -> NodeSpec:
    entry = default_catalog().find("stage", "router")
    assert entry is not None
    options = entry.options.model_validate({"mode": "fan_out", "routes": [{"name": route} for route in routes]})
    return node(name, "stage", "router", options, [reads])


def planned(*nodes: NodeSpec, dlq: bool = False) -> Plan:
    spec = pipeline(nodes)
    spec = spec if dlq else replace(spec, dlq=None)
    return explain_plan(spec, catalog(World()))


def ids(plan: Plan) -> list[str]:
    return [actor.id for actor in plan.actors]


def test_a_chain_of_pure_stages_is_one_actor() -> None:
    plan = planned(source(), copy("a", "in"), copy("b", "a"), copy("c", "b"), sink("out", "c"))
    assert ids(plan) == ["in", "a→c", "out"]
    assert [n.id for n in plan.actor("a→c").nodes] == ["a", "b", "c"]
    assert [step.node for step in plan.actor("a→c").steps] == ["a", "b", "c"]
    assert plan.edges == (Edge("in", "out", "a→c", 0), Edge("a→c", "out", "out", 0))


@pytest.mark.parametrize(
    ("nodes", "actors"),
    [
        ([copy("a", "in"), count("b", "a"), copy("c", "b"), sink("out", "c")], ["in", "a", "b", "c", "out"]),
        ([copy("a", "in"), copy("b", "a"), sink("out", "a", "b")], ["in", "a", "b", "out"]),
        ([copy("a", "in"), copy("b", "a"), copy("c", "a"), sink("out", "b", "c")], ["in", "a", "b", "c", "out"]),
        ([copy("a", "in"), copy("b", "in"), copy("c", "a", "b"), sink("out", "c")], ["in", "a", "b", "c", "out"]),
    ],
    ids=["a stateful stage is an actor", "a second reader", "a fan-out", "two inputs"],
)
def test_what_is_not_fused(nodes: Sequence[NodeSpec], actors: Sequence[str]) -> None:
    assert ids(planned(source(), *nodes)) == actors


def test_a_router_ends_its_stretch_and_has_a_port_a_route() -> None:
    routed = replace(sink("x"), inputs=(Input("r", "left"),))
    other = replace(copy("y"), inputs=(Input("r", "right"),))
    plan = planned(source(), copy("a", "in"), router("r", "a", "left", "right"), routed, other, sink("out", "y"))
    assert ids(plan) == ["in", "a→r", "x", "y", "out"]
    assert set(plan.actor("a→r").ports or ()) == {"left", "right"}
    assert Edge("a→r", "left", "x", 0) in plan.edges
    assert Edge("a→r", "right", "y", 0) in plan.edges


def test_every_actor_but_the_queue_itself_sends_it_letters() -> None:
    plan = planned(source(), copy("a", "in"), sink("out", "a"), dlq=True)
    assert [e.sender for e in plan.inputs("dlq")] == ["in", "a", "out"]
    assert [e.index for e in plan.inputs("dlq")] == [0, 1, 2]
    assert {e.port for e in plan.inputs("dlq")} == {DEAD}
    assert plan.actors[-1].id == "dlq"


def test_reach_follows_every_way_letters_too() -> None:
    plan = planned(source("a"), source("b"), copy("m", "a"), sink("x", "m"), sink("y", "b", "m"), dlq=True)
    assert {e.receiver for e in plan.reach("a")} == {"m", "x", "y", "dlq"}
    assert {(e.sender, e.receiver) for e in plan.reach("b")} == {("b", "y"), ("b", "dlq"), ("y", "dlq")}


def test_a_port_carries_what_the_sink_behind_it_wants(tmp_path: object) -> None:
    spec = file_sink(three_sinks(sinks=[]), tmp_path / "out.jsonl")  # type: ignore[operator]
    pure = replace(spec, nodes=(spec.nodes[0], copy("count", "in"), spec.nodes[2]))
    assert dict(explain_plan(pure, catalog(World())).actor("count").ports or {}) == {
        "out": Port("jsonl", offsets=False)
    }
    both = replace(pure, nodes=(*pure.nodes, sink("rows", "count")))
    assert dict(explain_plan(both, catalog(World())).actor("count").ports or {}) == {"out": Port("jsonl", offsets=True)}
    rows = planned(source(), copy("a", "in"), sink("x", "a"))
    assert dict(rows.actor("a").ports or {}) == {"out": Port("rows", offsets=True)}


def test_a_node_that_is_not_in_the_catalogue_is_a_fault_of_ours() -> None:
    with pytest.raises(LookupError, match="not in the catalogue"):
        planned(node("in", "source", "nothing", NumberOptions()))


def test_sinks_are_built_by_node() -> None:
    spec = three_sinks()
    assert set(build_sinks(spec, catalog(World()), contexts(spec))) == {"handle", "held", "refusing", "dlq"}
    sinks = build_sinks(spec, catalog(World()), contexts(spec))
    assert ids(make_plan(spec, catalog(World()), sinks)) == ["in", "count", "handle", "held", "refusing", "dlq"]

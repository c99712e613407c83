"""The actor form: supervisors that nest, leaves in the order of the flow."""

from __future__ import annotations

import pytest

from conduix.spec.loading import load
from conduix.spec.model import ChildSpec, SupervisorSpec
from conduix.spec.normal import normal_form
from tests.unit.spec.catalogue import CATALOG, bad, edges, good, only, read

HEAD = "name: a\npipeline:\n  children:\n"
IN = "    - {name: in, type: source, source_type: generate, count: 1}\n"
OTHER = "    - {name: other, type: source, config: {source_type: generate, count: 1}}\n"
KEEP = "    - {name: keep, type: transform, transform_type: filter, condition: this.a}\n"
ROUTE = "    - {name: r, type: transform, transform_type: router, routes: [{name: a, when: this.a}, {name: b}]}\n"
OUT = "    - {name: out, type: sink, config: {sink_type: drop}}\n"
LINE = HEAD + IN + KEEP + OUT


def reading(leaf: str, inputs: str) -> str:
    """The leaf with inputs of its own."""
    return leaf.replace(", type: ", f", inputs: {inputs}, type: ")


NEXT = HEAD + IN + ROUTE.replace("{name: b}", "{name: b, next: out}") + reading(OUT, "[r.a, r.b]")

TREE = """
name: a
type: actor
mode: realtime
pipeline:
  name: Root
  type: supervisor
  supervision: {strategy: rest_for_one, max_restarts: 3, within_seconds: 60}
  children:
    - name: Sources
      type: supervisor
      restart: transient
      supervision: {strategy: one_for_all, max_restarts: 10, backoff: {initial: 2s}}
      children:
        - {name: in, type: source, restart: temporary, config: {source_type: generate, count: 1}}
        - type: supervisor
          children:
            - {type: source, source_type: kafka, config: {brokers: [x], auto_offset_reset: latest}}
    - {name: keep, type: transform, config: {transform_type: filter, condition: this.a}}
    - {name: out, type: sink, sink_type: drop}
"""


def leaves(supervisor: SupervisorSpec) -> list[str]:
    """The names of a tree's nodes, in the order in which they start."""
    found = []
    for child in supervisor.children:
        found += [child.node] if isinstance(child, ChildSpec) else leaves(child)
    return found


def test_a_tree() -> None:
    spec = good(TREE)
    assert edges(spec) == {"in": [], "kafka": [], "keep": ["in", "kafka"], "out": ["keep"]}
    assert [node.type for node in spec.nodes] == ["generate", "kafka", "filter", "drop"]
    assert (spec.mode, spec.supervision.strategy, spec.supervision.max_restarts) == ("realtime", "rest_for_one", 3)
    root = spec.tree
    assert (root.name, root.supervision, root.restart) == ("Root", spec.supervision, "permanent")
    sources, *rest = root.children
    assert isinstance(sources, SupervisorSpec)
    assert rest == [ChildSpec("keep"), ChildSpec("out")]
    assert (sources.name, sources.restart, sources.supervision.strategy) == ("Sources", "transient", "one_for_all")
    assert (sources.supervision.max_restarts, sources.supervision.backoff.initial) == (10, 2.0)
    first, below = sources.children
    assert first == ChildSpec("in", "temporary")
    assert isinstance(below, SupervisorSpec)
    assert (below.name, below.children) == ("supervisor", (ChildSpec("kafka"),))


def test_a_supervisor_that_says_nothing_has_the_defaults_not_those_above_it() -> None:
    below = good(TREE).tree.children[0]
    assert isinstance(below, SupervisorSpec)
    assert isinstance(below.children[1], SupervisorSpec)
    own = below.children[1].supervision
    assert (own.strategy, own.max_restarts, own.within_seconds) == ("one_for_one", 5, 300)


def test_what_the_runtime_does_not_obey_yet_is_a_warning_each() -> None:
    found = read(TREE).diagnostics
    assert {each.severity for each in found} == {"warning"}
    assert [(each.line, each.code, each.path) for each in found] == [
        (8, "NO_EFFECT", "pipeline.supervision.strategy"),
        (12, "NO_EFFECT", "pipeline.children[0].restart"),
        (13, "NO_EFFECT", "pipeline.children[0].supervision"),
        (15, "NO_EFFECT", "pipeline.children[0].children[0].restart"),
        (16, "NO_EFFECT", "pipeline.children[0].children[1]"),
    ]


def test_what_is_the_default_is_no_warning() -> None:
    text = LINE.replace("pipeline:\n", "pipeline:\n  supervision: {strategy: one_for_one, max_restarts: 1}\n")
    assert read(text.replace("name: in,", "name: in, restart: permanent,")).diagnostics == ()


@pytest.mark.parametrize("key", ["supervision", "restart"])
def test_a_strategy_outside_of_the_actor_form_is_a_warning_too(key: str) -> None:
    ends = "source: {type: generate, count: 1}\nsink: {type: drop}"
    loaded = read(f"name: a\n{key}: {{strategy: one_for_all}}\n{ends}")
    assert loaded.spec is not None
    assert [(each.code, each.path) for each in loaded.diagnostics] == [("NO_EFFECT", f"{key}.strategy")]


def test_children_alone_mark_the_form_and_type_may_be_the_mode() -> None:
    assert good(LINE).mode == "batch"
    assert good("type: realtime\n" + LINE).mode == "realtime"
    assert good("type: actor\n" + LINE).mode == "batch"


def test_a_tree_without_supervisors_has_the_digest_of_the_chain() -> None:
    text = """
name: a
source: {id: in, type: generate, count: 1}
stages: [{id: keep, type: filter, condition: this.a}]
sink: {id: out, type: drop}
"""
    linear = good(text)
    assert good(LINE).digest == linear.digest
    assert linear.supervisors is None
    assert (linear.tree.name, leaves(linear.tree)) == ("root", ["in", "keep", "out"])
    assert "tree" not in normal_form(linear)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("restart: transient", "restart: permanent"),
        ("restart: temporary, ", ""),
        ("max_restarts: 10", "max_restarts: 9"),
        ("name: Sources", "name: Src"),
    ],
)
def test_another_tree_has_another_digest(old: str, new: str) -> None:
    assert old in TREE
    assert good(TREE.replace(old, new)).digest != good(TREE).digest


def test_the_tree_is_in_the_normal_form() -> None:
    tree = normal_form(good(TREE), defaults=False)["tree"]
    assert tree["supervision"] == {"strategy": "rest_for_one", "max_restarts": 3, "within_seconds": 60.0}
    assert [child.get("node", child.get("name")) for child in tree["children"]] == ["Sources", "keep", "out"]
    assert tree["children"][0]["children"][0] == {"node": "in", "restart": "temporary"}


def test_variables_of_the_tree_that_are_bound_elsewhere_count_in_the_digest() -> None:
    def digest(text: str) -> str:
        loaded = load(text, file="doc.yaml", catalog=CATALOG, env=None)
        assert loaded.spec is not None
        return loaded.spec.digest

    one = TREE.replace("max_restarts: 10", "max_restarts: '${N:10}'")
    assert digest(one) == digest(one)
    unknown = one.replace("${N:10}", "${N}")
    assert len({digest(one), digest(one.replace("${N:", "${M:")), digest(unknown), digest(TREE)}) == 4
    bound = good(unknown, env={"N": "7"}).tree.children[0]
    assert isinstance(bound, SupervisorSpec)
    assert bound.supervision.max_restarts == 7


# the flow


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        (IN + OTHER + OUT, {"in": [], "other": [], "out": ["in", "other"]}),
        (IN + KEEP + OUT + OUT.replace("out", "o2"), {"in": [], "keep": ["in"], "out": ["keep"], "o2": ["keep"]}),
        (
            IN + KEEP + OTHER + OUT,
            {"in": [], "keep": ["in"], "other": [], "out": ["keep", "other"]},
        ),
        (
            IN + OUT + OTHER + KEEP + OUT.replace("out", "o2"),
            {"in": [], "out": ["in"], "other": [], "keep": ["other"], "o2": ["keep"]},
        ),
        (
            reading(OUT, "keep") + reading(KEEP, "[in]") + IN,
            {"in": [], "keep": ["in"], "out": ["keep"]},
        ),
        (
            IN + ROUTE + reading(OUT, "[r.a]") + reading(OUT, "r.b").replace("out", "o2"),
            {"in": [], "r": ["in"], "out": ["r.a"], "o2": ["r.b"]},
        ),
        (
            IN + ROUTE + reading(KEEP, "[r.a]"),
            {"in": [], "r": ["in"], "keep": ["r.a"], "stub": ["r.b", "keep"]},
        ),
    ],
    ids=["sources side by side", "two sinks", "a source joins", "a second flow", "inputs", "routes", "no sink"],
)  # fmt: skip
def test_the_order_of_the_leaves_is_the_order_of_the_flow(children: str, expected: dict[str, list[str]]) -> None:
    spec = good(HEAD + children)
    assert edges(spec) == expected
    assert sorted(leaves(spec.tree)) == sorted(expected)


# mistakes


def line(old: str, new: str) -> str:
    """The chain, changed in one place."""
    assert old in LINE
    return LINE.replace(old, new)


def top(key: str) -> str:
    """The chain, with one key more of its root supervisor."""
    return line("pipeline:\n", f"pipeline:\n  {key}\n")


def tree(old: str, new: str) -> str:
    """The tree, changed in one place."""
    assert old in TREE
    return TREE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "code", "place", "suggestion"),
    [
        ("name: a\ntype: actor", "MISSING_KEY", "1:1 pipeline", "pipeline: "),
        ("name: a\ntype: actor\npipeline:", "MISSING_KEY", "3:1 pipeline", "pipeline: "),
        ("name: a\npipeline: [x]", "WRONG_TYPE", "2:1 pipeline", "pipeline: "),
        ("name: a\npipeline: {name: x}", "MISSING_KEY", "2:11 pipeline.children", "children: "),
        ("name: a\npipeline: {children: x}", "WRONG_TYPE", "2:22 pipeline.children", ""),
        (HEAD + "    - in", "WRONG_TYPE", "4:7 ~[0]", "{name: "),
        (HEAD + KEEP + OUT, "MISSING_KEY", "3:3 pipeline.children", "children: "),
        ("type: actr\n" + LINE, "INVALID_VALUE", "1:7 type", "actor"),
        (top("strategy: x"), "UNKNOWN_KEY", "3:3 pipeline.strategy", ""),
        (top("type: actor"), "INVALID_VALUE", "3:9 pipeline.type", "supervisor"),
        (line("type: source", "type: sorce"), "UNKNOWN_TYPE", "4:24 ~[0].type", "source"),
        (line("type: source", "type: kafka"), "UNKNOWN_TYPE", "4:24 ~[0].type", ""),
        (line("type: source, ", ""), "MISSING_KEY", "4:7 ~[0].type", "type: source"),
        (line("source_type: generate, ", ""), "MISSING_KEY", "4:7 ~[0].source_type", "source_type: file"),
        (line("generate", "genrate"), "UNKNOWN_TYPE", "4:45 ~[0].source_type", "generate"),
        (line("sink_type: drop", "sink_type: dorp"), "UNKNOWN_TYPE", "6:51 ~[2].config.sink_type", "drop"),
        (line("{sink_type: drop}", "{sink_type: 5}"), "WRONG_TYPE", "6:51 ~[2].config.sink_type", ""),
        (line("count: 1", "coutn: 1"), "UNKNOWN_KEY", "4:55 ~[0].coutn", "count"),
        (line("count: 1", "restart: never"), "INVALID_VALUE", "4:64 ~[0].restart", ""),
        (line("count: 1", "restart: permanet"), "INVALID_VALUE", "4:64 ~[0].restart", "permanent"),
        (line("name: keep", "name: in"), "DUPLICATE_ID", "5:7 ~[1]", "in-2"),
        (top("name: keep"), "DUPLICATE_ID", "3:3 pipeline", "keep-2"),
        (line("name: keep", "name: ke ep"), "INVALID_ID", "5:14 ~[1].name", "ke-ep"),
        (LINE + KEEP.replace("keep", "k2"), "SINK_IN_CHAIN", "7:7 ~[3]", "inputs: [keep]"),
        (line("transform,", "transform, inputs: [inn],"), "UNKNOWN_INPUT", "5:46 ~[1].inputs[0]", "in"),
        (HEAD + IN + ROUTE + OUT, "MISSING_INPUT", "6:7 ~[2].inputs", "inputs: [r.a]"),
        (NEXT, "UNKNOWN_KEY", "5:108 ~[1].routes[1].next", "inputs: [r.b]"),
        (LINE + "supervision: {}\n" + "restart: {}\n", "CONFLICTING_KEYS", "8:1 restart", ""),
        (top("supervision: {}") + "restart: {}", "CONFLICTING_KEYS", "8:1 restart", ""),
        (top("supervision: {max_restart: 1}"), "UNKNOWN_KEY", "3:17 ~.max_restart", "max_restarts"),
        (tree("max_restarts: 10", "max_restarts: -1"), "INVALID_VALUE", "13:58 ~[0].supervision.max_restarts", ""),
        (tree("one_for_all", "one_for_al"), "INVALID_VALUE", "13:31 ~[0].supervision.strategy", "one_for_all"),
        (tree("restart: transient", "restarts: transient"), "UNKNOWN_KEY", "12:7 ~[0].restarts", "restart"),
    ],
)  # fmt: skip
def test_mistakes(text: str, code: str, place: str, suggestion: str) -> None:
    found = next((each for each in bad(text) if each.code == code), None)
    assert found, bad(text)
    path = found.path.replace("pipeline.children[", "~[").replace("pipeline.supervision.", "~.")
    assert f"{found.line}:{found.column} {path}" == place
    assert found.suggestion.startswith(suggestion)


@pytest.mark.parametrize("old", ["type: source, ", "source_type: generate, ", "name: in, "])
def test_one_mistake_is_reported_once(old: str) -> None:
    text = line(old, "")
    if old == "name: in, ":
        assert good(text).nodes[0].id == "generate"
    else:
        only(text)


def test_what_stands_in_place_of_a_kind_says_where_it_belongs() -> None:
    (found, *_) = bad(line("type: source", "type: kafka"))
    assert "'kafka' under `source_type`" in found.message

"""Whatever the mapping and the records: compiled code gives what the interpreter gives, values and errors alike."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from conduix.errors import MappingSyntaxError
from conduix.mapping import is_deterministic, parse_condition, parse_mapping
from conduix.mapping.compiler.order import PortKind
from conduix.mapping.inputs import CsvInput
from conduix.mapping.program import Program
from conduix.mapping.steps import FilterStep, MapStep, OnError, RouteStep, Step
from conduix.mapping.tree import Expr, Mapping
from tests.unit.compile import generate
from tests.unit.compile.held import check, csv_input, results
from tests.unit.mapping.generate import MAPPINGS as WILD_MAPPINGS
from tests.unit.mapping.generate import RECORDS as WILD_RECORDS

pytestmark = pytest.mark.slow

# without the phase that explains failures: it traces every line, which takes minutes here
_SETTINGS = settings(
    phases=set(Phase) - {Phase.explain},
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
_POLICIES = st.sampled_from(["dlq", "drop", "pass"])


def mapping(text: str) -> Mapping:
    """The tree of a text; texts that the checker refuses are no example."""
    try:
        tree = parse_mapping(text)
    except MappingSyntaxError:
        assume(False)
        raise
    assume(is_deterministic(tree))
    return tree


def condition(text: str) -> Expr:
    try:
        return parse_condition(text)
    except MappingSyntaxError:
        assume(False)
        raise


@given(generate.MAPPINGS, generate.BATCHES)
@_SETTINGS
def test_a_mapping(text: str, data: bytes) -> None:
    check([MapStep("shape", mapping(text))], data)


@given(WILD_MAPPINGS, st.lists(WILD_RECORDS, min_size=1, max_size=4).map(generate.lines))
@_SETTINGS
def test_a_mapping_that_mostly_fails(text: str, data: bytes) -> None:
    check([MapStep("shape", mapping(text))], data)


_CHAINS = st.tuples(generate.CONDITIONS, generate.MAPPINGS, generate.CONDITIONS, generate.CONDITIONS, generate.MAPPINGS)


@given(_CHAINS, _POLICIES, generate.BATCHES)
@_SETTINGS
def test_a_chain(texts: tuple[str, ...], on_error: OnError, data: bytes) -> None:
    first, shape, kept, when, edit = texts
    steps: list[Step] = [
        FilterStep("first", condition(first)),
        MapStep("shape", mapping(shape)),
        FilterStep("kept", condition(kept), on_error=on_error),
        MapStep("edit", mapping(edit), when=condition(when), on_error=on_error),
    ]
    check(steps, data)


@st.composite
def routers(draw: st.DrawFn) -> RouteStep:
    """Routers with three routes, of which the last is not connected."""
    one, two = condition(draw(generate.CONDITIONS)), condition(draw(generate.CONDITIONS))
    return RouteStep(
        "router",
        draw(st.sampled_from(["condition", "filter", "fan_out"])),
        (("one", one), ("two", two), ("nobody", parse_condition("this.n == 1"))),
        draw(st.sampled_from([None, "default"])),
        draw(st.sampled_from(["drop", "dlq"])),
    )


@given(routers(), generate.MAPPINGS, generate.BATCHES)
@_SETTINGS
def test_routes(router: RouteStep, shape: str, data: bytes) -> None:
    ports: dict[str, PortKind] = {"one": "jsonl", "two": "rows"}
    if router.default is not None:
        ports[router.default] = "jsonl"
    check([router], data, ports)
    check([MapStep("shape", mapping(shape)), router], data, {**ports, "two": "jsonl"})


_FIELDS = st.sampled_from(
    [
        "",
        "a",
        "x-y",
        "12",
        "-1.5",
        " 5",
        "007",
        "1e3",
        "NA",
        "1_0",
        "inf",
        '"q,""z"',
        '"new\nline"',
        "\xe9",
        "2025-04-17T02:24:01Z",
    ]
)
_ROWS = st.lists(st.lists(_FIELDS, min_size=4, max_size=4), min_size=1, max_size=6)
_BAD_ROWS = st.lists(st.sampled_from(["", "a,b", "1,2,3,4,5", "\udcff,2,3,4", "a\rb,2,3,4"]), max_size=2)
COLUMNS = ("s", "n", "m", "at")


@given(generate.MAPPINGS, _ROWS, _BAD_ROWS)
@_SETTINGS
def test_rows_of_csv(text: str, rows: list[list[str]], bad: list[str]) -> None:
    lines = [*(",".join(row) for row in rows), *bad]
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
    steps = [MapStep("shape", mapping(text))]
    program = Program(steps, {"out": "jsonl"}, CsvInput, COLUMNS)
    expected = results(program.run_carefully(csv_input(data, COLUMNS), "s", lambda _kind, _value: None))
    assert results(program.run(csv_input(data, COLUMNS), "s")) == expected, program.source()
    assert len(expected[0][0]) + sum(expected[1]) + len(expected[2]) == len(lines)

"""Targets that hold compiled code against the interpreter: mappings, remaps, chains, routers, csv, whole batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from conduix.engine.api import JSONL, Batch, Lines, record_offsets
from conduix.engine.fused import Fused
from conduix.errors import MappingSyntaxError
from conduix.mapping import is_deterministic, parse_condition, parse_mapping, parse_remap
from conduix.mapping.compiler.order import PortKind
from conduix.mapping.inputs import JsonInput
from conduix.mapping.program import Program
from conduix.mapping.steps import FilterStep, MapStep, RouteStep, SampleStep, Step
from tests.fuzz import draw, language, remaps
from tests.fuzz.target import Case, Fault, Target
from tests.fuzz.ways import OUT, SHARD, Told, data_of, held, held_csv, looked_at, told

_encode = msgspec.json.encode
COLUMNS = ("s", "n", "m", "at")


class Refused(Exception):
    """The checker refuses the text, or it gives something else each time: nothing to compare."""


def _known(text: str, parse: Callable[[str], Any] = parse_mapping) -> Any:
    try:
        tree = parse(text)
    except MappingSyntaxError as error:
        raise Refused from error
    if not is_deterministic(tree):
        raise Refused
    return tree


def _label(results: Told) -> str:
    """Did records come out, or did all of them fail?"""
    outs, filtered, _ = results
    return "came out" if any(outs) else "filtered" if any(filtered) else "failed"


# one mapping


def _draw_mapping(rng: Random, _number: int) -> Case:
    return {"text": language.mapping(rng), "lines": draw.lines(rng, 12)}


def _run_mapping(case: Case) -> str:
    try:
        step = MapStep("m", _known(case["text"]))
    except Refused:
        return "refused"
    return _label(held([step], data_of(case["lines"])))


def _draw_remap(rng: Random, _number: int) -> Case:
    return {"text": remaps.remap(rng), "lines": draw.lines(rng, 12)}


def _run_remap(case: Case) -> str:
    try:
        step = MapStep("m", _known(case["text"], parse_remap))
    except Refused:
        return "refused"
    return _label(held([step], data_of(case["lines"])))


def _draw_condition(rng: Random, _number: int) -> Case:
    return {"text": language.condition(rng), "lines": draw.lines(rng, 12)}


def _run_condition(case: Case) -> str:
    try:
        step = FilterStep("f", _known(case["text"], parse_condition))
    except Refused:
        return "refused"
    return _label(held([step], data_of(case["lines"])))


# stretches of steps over batches in which good and bad rows mix


def _draw_chain(rng: Random, _number: int) -> Case:
    kinds = [rng.choice(("map", "filter", "sample", "in_place")) for _ in range(rng.randrange(4))]
    steps = [
        {
            "kind": kind,
            "text": language.condition(rng) if kind == "filter" else language.mapping(rng),
            "when": language.condition(rng) if rng.random() < 0.25 else "",
            "on_error": rng.choice(("dlq", "dlq", "drop", "pass")),
        }
        for kind in kinds
    ]
    route = rng.choice(("", "", "condition", "filter", "fan_out"))
    return {
        "steps": steps, "route": route, "routes": [language.condition(rng), language.condition(rng)],
        "default": rng.random() < 0.5, "no_match": rng.choice(("drop", "dlq")),
        "lines": draw.lines(rng, rng.choice((8, 24, 60))),
    }  # fmt: skip


def _steps(case: Case) -> list[Step]:
    steps = [_step(f"n{index}", drawn) for index, drawn in enumerate(case["steps"])]
    if case["route"]:
        one, two = (_known(text, parse_condition) for text in case["routes"])
        routes = (("one", one), ("two", two), ("rest", parse_condition("this.n == 1")))
        steps.append(RouteStep("r", case["route"], routes, "default" if case["default"] else None, case["no_match"]))
    return steps


def _step(node: str, drawn: Mapping[str, Any]) -> Step:
    when = _known(drawn["when"], parse_condition) if drawn["when"] else None
    policy = drawn["on_error"]
    if drawn["kind"] == "sample":
        return SampleStep(node, 0.5, 7, when, policy)
    if drawn["kind"] == "filter":
        return FilterStep(node, _known(drawn["text"], parse_condition), when, policy)
    tree = _known(drawn["text"], _in_place if drawn["kind"] == "in_place" else parse_mapping)
    return MapStep(node, tree, when, policy)


def _in_place(text: str) -> Any:
    return parse_mapping(text, in_place=True)


def _ports(case: Case) -> Mapping[str, PortKind]:
    if not case["route"]:
        return OUT
    ports: dict[str, PortKind] = {"one": "jsonl", "two": "jsonl"}
    return {**ports, "default": "jsonl"} if case["default"] else ports


def _run_chain(case: Case) -> str:
    try:
        steps = _steps(case)
    except Refused:
        return "refused"
    return _label(held(steps, data_of(case["lines"]), _ports(case)))


def _run_batch(case: Case) -> str:
    """As an engine does it, with bytes in and bytes out, counts and letters."""
    try:
        steps = _steps(case)
    except Refused:
        return "refused"
    ports = _ports(case)
    program = Program(steps, ports, JsonInput)
    data = looked_at(program, data_of(case["lines"]))
    batch = Batch(SHARD, {"offset": 0}, {"offset": len(data)}, Lines(data, JSONL), data.count(b"\n"))
    output = Fused(steps, ports, offsets=False).apply(batch)
    careful = program.run_carefully(JsonInput(data, lambda: record_offsets(batch)), SHARD, _written)
    found = {port: made.body for port, made in output.batches}
    for (port, kind), wanted in zip(ports.items(), careful.outs, strict=True):
        lines = b"".join((value if isinstance(value, bytes) else _encode(value)) + b"\n" for value in wanted)
        body = found.get(port)
        have = body.data if isinstance(body, Lines) else b""
        if have != lines:
            raise Fault(
                "a batch leaves with other bytes", f"{port} {kind}: {lines!r}\nfound {have!r}\n{program.source()}"
            )
    letters = [(letter.code, letter.message, letter.payload) for letter in output.dead]
    if letters != [(f.code, f.message, f.payload) for _, f in careful.failed]:
        raise Fault("a batch leaves with other letters", f"{told(careful)[2]}\nfound {letters}")
    return _label(told(careful))


def _written(_kind: PortKind, value: Any) -> None:
    try:
        _encode(value)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error


# csv

_FIELDS = (
    "", "a", "x-y", "12", "-1.5", " 5", "007", "1e3", "NA", "1_0", "inf", '"q,""z"', '"new\nline"', "é",
    "2025-04-17T02:24:01Z", "9223372036854775808", "1e400", "-0.0", '"', "a\rb", "\x00", '"a"b', "\udcff",
)  # fmt: skip


def _draw_csv(rng: Random, _number: int) -> Case:
    rows = [
        ",".join(rng.choice(_FIELDS) for _ in range(4 if rng.random() < 0.9 else rng.randrange(7)))
        for _ in range(rng.randrange(1, 8))
    ]
    text = "\n".join(rows) + "\n"
    return {"text": language.mapping(rng), "csv": text.encode("utf-8", "surrogateescape").decode("latin-1")}


def _run_csv(case: Case) -> str:
    try:
        step = MapStep("m", _known(case["text"]))
    except Refused:
        return "refused"
    return _label(held_csv([step], case["csv"].encode("latin-1"), COLUMNS))


TARGETS: Sequence[Target] = (
    Target("mapping", "a mapping over bad and good lines, every way equal", _draw_mapping, _run_mapping, 8),
    Target("condition", "a filter, every way equal", _draw_condition, _run_condition, 3),
    Target("remap", "a remap in VRL's spelling, every way equal", _draw_remap, _run_remap, 4),
    Target("chain", "steps, policies and routes over mixed batches", _draw_chain, _run_chain, 4, 10.0),
    Target("batch", "the same from bytes to bytes, as the engine runs it", _draw_chain, _run_batch, 3, 10.0),
    Target("csv", "a mapping over rows of csv", _draw_csv, _run_csv, 2),
)

"""Targets of what stands in documents: structured filters, and texts with expressions in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from conduix.errors import MappingSyntaxError
from conduix.mapping import is_deterministic
from conduix.mapping.steps import FilterStep, MapStep
from conduix.mapping.structured import OPERATORS, read_structured
from conduix.mapping.templates import read_template
from conduix.mapping.tree import Assign, Expr, Mapping, Target
from tests.fuzz import draw, language
from tests.fuzz import target as fuzz
from tests.fuzz.target import Case
from tests.fuzz.texts import mutated, refused_well
from tests.fuzz.ways import Told, data_of, held

_FIELDS = (
    "s",
    "t",
    "n",
    "m",
    "b",
    "o.s",
    "o.d.t",
    "items",
    "ns.0",
    "any",
    "missing",
    "",
    ".",
    "a..b",
    "x y",
    "o~1s",
    "@",
    "é",
)


def _test(rng: Random, depth: int) -> Any:
    roll = rng.random()
    if roll < 0.04:
        return draw.value(rng, 2)
    if depth and roll < 0.4:
        return {rng.choice(("and", "or")): [_test(rng, depth - 1) for _ in range(rng.randrange(4))]}
    operator = rng.choice(OPERATORS) if rng.random() < 0.95 else draw.text(rng)
    test: dict[str, Any] = {"field": rng.choice(_FIELDS), "operator": operator}
    if rng.random() < 0.8:
        test["value"] = _value(rng, operator)
    if rng.random() < 0.03:
        test[rng.choice(("and", "valeu", "field"))] = draw.value(rng, 1)
    return test


def _value(rng: Random, operator: str) -> Any:
    if rng.random() < 0.1:
        return draw.value(rng, 2)
    if operator in {"in", "notin"}:
        return [rng.choice((draw.text(rng), draw.number(rng), None, True)) for _ in range(rng.randrange(4))]
    if operator == "regex":
        return rng.choice(("^a", "[a-z]+", "(", "", "\\d{2}", "(a*)*$", "é"))
    return draw.text(rng) if rng.random() < 0.5 else draw.number(rng)


def _draw_filter(rng: Random, _number: int) -> Case:
    # as text: what is made smaller must stay JSON, and a test is no list of texts
    return {"test": json.dumps(_test(rng, 3)), "lines": draw.lines(rng, 12)}


def _run_filter(case: Case) -> str:
    try:
        test = json.loads(case["test"])
    except ValueError:
        return "no test"
    try:
        condition = read_structured(test)
    except MappingSyntaxError as error:
        if not error.message:
            raise fuzz.Fault("a filter is refused without a reason", repr(error)) from error
        return "refused"
    return _label(held([FilterStep("f", condition)], data_of(case["lines"])))


def _draw_template(rng: Random, _number: int) -> Case:
    parts = []
    for _ in range(rng.randrange(4)):
        parts.append(rng.choice((draw.text(rng), "-", "}", "$", "{", "\n", "${", '"')))
        kind = rng.choice(("string", "number", "any"))
        parts.append(rng.choice(("${!%s}", "${! %s }", "${{! %s }}")) % language.Writer(rng).expression(kind, 2))
    text = "".join(parts)
    return {"text": mutated(rng, text) if rng.random() < 0.2 else text, "lines": draw.lines(rng, 8)}


def _run_template(case: Case) -> str:
    try:
        tree = read_template(case["text"])
    except MappingSyntaxError as error:
        refused_well(error, "template", case["text"])
        return "refused"
    if not is_deterministic(tree):
        return "refused"
    return _label(held([MapStep("t", _assigned(tree, case["text"]))], data_of(case["lines"])))


def _assigned(tree: Expr, text: str) -> Mapping:
    """The mapping `root.t = …` of a template."""
    return Mapping((Assign(Target("root", ("t",), tree.mark), tree, tree.mark),), (), text, in_place=False)


def _label(results: Told) -> str:
    outs, filtered, _ = results
    return "came out" if outs[0] else "filtered" if any(filtered) else "failed"


TARGETS: Sequence[fuzz.Target] = (
    fuzz.Target("filter", "structured filters, every way equal", _draw_filter, _run_filter, 2),
    fuzz.Target("template", "texts with ${! … }, every way equal", _draw_template, _run_template, 2),
)

"""Batches that are decoded in one go: only where every line is surely one object, and nobody can tell."""

from __future__ import annotations

import pytest

from conduix.mapping import parse_condition, parse_mapping
from conduix.mapping.inputs import JsonInput
from conduix.mapping.program import Program
from conduix.mapping.steps import FilterStep, MapStep, SampleStep, Step
from tests.unit.compile.held import OUT, check, json_input

GOOD = b'{"n":1,"o":{"x":2}}\n'
SHAPE: list[Step] = [MapStep("shape", parse_mapping("root.m = this.n + 1\nroot.x = this.o.x"))]

LINES = {
    "a value over two lines, two on one": b'{"n":1,"o":{"x":2}\n{"n":2}}\n{"n":3}{"n":4}\n',
    "an array over two lines, two on one": b'{"n":[{}\n{}],"o":{}}\n{"n":3}{"n":4}\n',
    "text over two lines, two on one": b'{"zz":"}\n{","n":1}\n{"n":3}{"n":4}\n',
    "two on one line": b'{"n":3} {"n":4}\n{"n":5}\n',
    "a blank line, two on one": b'{"n":3}\n\n{"n":4}{"n":5}\n',
    "a carriage return": b'{"n":3}\r\n{"n":4}\n',
    "spaces around": b' {"n":3}\n{"n":4} \n',
    "no newline at the end": b'{"n":3}\n{"n":4}',
    "no objects": b'{"n":3}\n[1]\n5\nnull\n"}"\n{"n":4}\n',
    "no UTF-8 where nobody reads": b'{"n":3,"zz":"\xff"}\n{"n":4}\n',
    "half": b'{"n":3}\n{"n":4\n{"n":5}\n',
    "nothing": b"\n",
}


@pytest.mark.parametrize("odd", LINES.values(), ids=LINES)
@pytest.mark.parametrize("around", [b"", GOOD * 3])
def test_odd_lines_stay_alone(odd: bytes, around: bytes) -> None:
    check(SHAPE, around + odd + (around if odd.endswith(b"\n") else b"\n"))


def test_lines_that_are_one_object_each_are_decoded_together() -> None:
    given = json_input(GOOD * 3)
    made = Program(SHAPE, OUT, JsonInput)
    assert len(made.run(given, "s").outs[0]) == 3
    again = json_input(GOOD * 3)
    assert len(made.run(again, "s").outs[0]) == 3
    assert "items" not in vars(again), "cut into lines for nothing"


def test_after_a_batch_that_could_not_be_the_next_ones_are_right_too() -> None:
    program = Program(SHAPE, OUT, JsonInput)
    for odd in (b"5\n", b"", b"", b"\n"):
        made = program.run(json_input(GOOD + odd + GOOD), "s")
        assert len(made.outs[0]) == 2
    for _ in range(20):
        assert len(program.run(json_input(GOOD * 4), "s").outs[0]) == 4
    assert program._projector.records(program.fast.shape, json_input(GOOD * 4)) is not None


@pytest.mark.parametrize(
    "step",
    [SampleStep("some", 1.0, seed=1), FilterStep("all", parse_condition('"x" == "x"'))],
    ids=["sample", "filter"],
)
def test_lines_that_nobody_looks_into_leave_as_they_came(step: Step) -> None:
    made = Program([step], OUT, JsonInput).run(json_input(b'{"b": 1,\t"a":1.0}\n' * 3), "s")
    assert made.outs == [[b'{"b": 1,\t"a":1.0}'] * 3]

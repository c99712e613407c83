"""Which form a document is in: told by its keys, and never guessed where they say two."""

from __future__ import annotations

from itertools import combinations

import pytest

from conduix.spec import dialects
from conduix.spec.diagnostics import Problems
from conduix.spec.nodes import Table
from conduix.spec.yamltext import parse
from tests.unit.spec.catalogue import only

SIGNS = {
    "source": {"linear", "steps"},
    "stages": {"linear"},
    "sink": {"linear"},
    "sinks": {"linear", "flat"},
    "sources": {"flat"},
    "transforms": {"flat"},
    "pipeline": {"actor"},
    "type: actor": {"actor"},
    "steps": {"steps"},
    "output": {"steps"},
    "realtime": {"steps"},
}


def text(*signs: str) -> str:
    return "name: a\n" + "".join(f"{sign}\n" if ":" in sign else f"{sign}: {{}}\n" for sign in signs)


def recognise(document: str) -> str | None:
    root = parse(document, "doc.yaml", Problems())
    assert isinstance(root, Table)
    return dialects.recognise(root)


@pytest.mark.parametrize("sign", SIGNS)
def test_one_key(sign: str) -> None:
    assert recognise(text(sign)) == {"source": "linear", "sinks": None}.get(sign, min(SIGNS[sign]))


@pytest.mark.parametrize(("one", "other"), list(combinations(SIGNS, 2)))
def test_two_keys(one: str, other: str) -> None:
    both = SIGNS[one] & SIGNS[other]
    for signs in ((one, other), (other, one)):
        if both:
            assert recognise(text(*signs)) == min(both)
            continue
        found = only(text(*signs))
        key = signs[1].partition(":")[0]
        assert (found.code, found.line, found.path) == ("DIALECT_MIXED", 3, key)
        assert repr(one) in found.message
        assert repr(other) in found.message
        for sign in signs:
            assert f"{sign!r} belongs to the {_either(sign)} form" in found.message or (
                f"{sign!r} to the {_either(sign)} one" in found.message
            )


def _either(sign: str) -> str:
    return " or ".join(name for name in ("linear", "steps", "flat", "actor") if name in SIGNS[sign])


@pytest.mark.parametrize("kind", ["batch", "realtime"])
@pytest.mark.parametrize("keys", [("source",), ("source", "steps"), ("sources",), ("pipeline",)])
def test_the_mode_is_of_every_form(kind: str, keys: tuple[str, ...]) -> None:
    assert recognise(f"type: {kind}\n" + text(*keys)) == recognise(text(*keys))


def test_three_keys_of_which_each_pair_could_be_one_form() -> None:
    found = only(text("source", "sinks", "output"))
    assert (found.code, found.path) == ("DIALECT_MIXED", "output")
    assert found.suggestion == "source, stages and sinks, or source, steps and output"

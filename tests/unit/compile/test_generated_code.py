"""What the generated code is made of, and how much of it covers the work of the benchmark."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from conduix.engine.catalog import default_catalog
from conduix.mapping import parse_mapping
from conduix.mapping.inputs import CsvInput, JsonInput
from conduix.mapping.program import Program
from conduix.mapping.steps import MapStep, Step
from tests.unit.compile.held import OUT, Watched, check, csv_input, json_input

WORKLOADS = Path(__file__).parents[2] / "bench" / "workloads"
ORDER = {
    "event_id": "evt-1", "status": "active", "ts": "2025-04-17T02:24:01Z", "currency": "usd", "channel": "web",
    "customer": {"id": 264, "name": "Zoë Hopper", "address": {"city": "São Paulo", "country": "br"}}, "discount": 0.11,
    "items": [{"sku": "SKU-02626", "qty": 6, "price": 115.85}, {"sku": "SKU-1", "qty": 2, "price": 2}], "note": "a\nb",
}  # fmt: skip
_HEADER = "event_id,status,ts,customer_id,customer_name,city,country,currency,channel,sku,qty,price"
COLUMNS = tuple(_HEADER.split(","))
ROW = b"evt-1,active,2025-04-17T02:24:01Z,264,Ada,Berlin,de,gbp,web,SKU-1,6,115.85\n"


def workload(name: str) -> list[Step]:
    """The steps of a document of the benchmark."""
    document = yaml.safe_load((WORKLOADS / f"{name}.yaml").read_text(encoding="utf-8"))
    found: list[Step] = []
    for stage in document["stages"]:
        entry = default_catalog().find("stage", stage["type"])
        assert entry is not None
        assert entry.lower is not None
        found += entry.lower(entry.options.model_validate(stage["config"]), stage["id"], None, "dlq")
    return found


@pytest.mark.parametrize("name", ["w1", "w6", "w7"])
def test_the_work_of_the_benchmark_never_needs_the_reference(name: str) -> None:
    watched = Watched(workload(name))
    data = b"".join(json.dumps({**ORDER, "event_id": f"e{n}"}).encode() + b"\n" for n in range(20))
    made = watched.program.run(json_input(data), "s")
    assert len(made.outs[0]) == 20
    assert watched.asked == 0
    assert "interpreted" not in watched.program.source()


def test_rows_of_csv_never_need_the_reference() -> None:
    watched = Watched(workload("w4"), OUT, CsvInput, COLUMNS)
    made = watched.program.run(csv_input(ROW * 20, COLUMNS), "s")
    assert len(made.outs[0]) == 20
    assert watched.asked == 0


def _spoiled() -> list[Any]:
    """The order with one field after the other missing, null, or of another type."""
    found: list[Any] = [ORDER]
    odds: list[Any] = [None, True, "x", 5, [], {}, [None], [{"sku": 1, "qty": "2", "price": True}]]
    for key in ORDER:
        found.append({name: value for name, value in ORDER.items() if name != key})
        found += [{**ORDER, key: odd} for odd in odds]
    customer: dict[str, Any] = {"id": 1, "name": "n", "address": None}
    return [*found, {**ORDER, "customer": customer}, [ORDER], None, "x"]


@pytest.mark.parametrize("name", ["w1", "w6", "w7"])
def test_spoiled_orders_give_what_the_reference_gives(name: str) -> None:
    check(workload(name), b"".join(json.dumps(order).encode() + b"\n" for order in _spoiled()))


def test_only_what_is_read_is_decoded() -> None:
    program = Program(workload("w1"), OUT, JsonInput)
    assert program.fast.projection.splitlines() == [
        "f0 = status: any",
        "f1 = event_id: any",
        "f2 = currency: any",
        "f3 = customer: object",
        "    f0 = address: object",
        "        f0 = country: any",
        "        f1 = city: any",
        "    f1 = name: any",
        "f4 = ts: any",
        "f5 = discount: number",
        "f6 = items: array of objects",
        "    f0 = price: number",
        "    f1 = qty: number",
    ]


# what a user writes is a constant or a bound object, never a name

HOSTILE = [
    'root."__class__" = this."__import__(\'os\')"',
    'root.x = this."a b".map_each(__builtins__ -> __builtins__."exec")',
    'let globals = this.a\nroot."\\"] = 1 #" = $globals',
    'root.m = "%s".format(this."__dict__"."__globals__")',
    'map exec {\n  root = this\n}\nroot.y = this.a.apply("exec")',
    'root = this\nroot."x\\ny" = this."import os"',
]


@pytest.mark.parametrize("mapping", HOSTILE)
def test_names_in_generated_code_are_ours(mapping: str) -> None:
    program = Program([MapStep("shape", parse_mapping(mapping))], OUT, JsonInput)
    for function in (program.fast, program.whole):
        for node in ast.walk(ast.parse(function.source)):
            written = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
            assert "_" not in written[:1]
            assert "__" not in written
            assert not any(word in written for word in ("import", "exec", "globals", "builtins", "class", "dict__"))
        assert function.run.__globals__["__builtins__"] == {}
    check(list(program.steps), b'{"a":1,"a b":[{"exec":2}],"import os":3}\n{}\n')


def test_a_stretch_can_be_explained() -> None:
    text = Program(workload("w1"), OUT, JsonInput).source()
    assert text.startswith("decodes only\nf0 = status: any\n")
    assert "def run(records, " in text
    ast.parse(text[text.index("def run") :])

"""Structured filters in documents, and texts with expressions: read, placed when wrong, kept as they are written."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from conduix.engine.catalog import default_catalog
from conduix.mapping import parse_condition
from conduix.spec.diagnostics import Problems
from conduix.spec.dialects.draft import Option
from conduix.spec.expressions import check_options
from conduix.spec.filters import Filter, read
from conduix.spec.loading import Loaded, load
from conduix.spec.nodes import Table
from conduix.spec.normal import normal_form
from conduix.spec.options import Options, TemplateText
from conduix.spec.schema import document_schema
from conduix.spec.yamltext import parse
from tests.unit.stages.bench import batch, stretch, values_of

DOCUMENT = """\
name: f
source: {type: file, path: in.jsonl}
stages:
  - type: filter
    condition:
      and:
        - {field: status, operator: eq, value: null}
        - or:
            - {field: n, operator: %s}
            - {field: "a.b", operator: exists}
sink: {type: file, path: out.jsonl}
"""


def loaded(operator: str) -> Loaded:
    return load(DOCUMENT % operator, file="f.yaml", catalog=default_catalog(), env={})


def test_a_document_with_a_structured_filter() -> None:
    spec = loaded("gt, value: 3").spec
    assert spec is not None
    written = yaml.safe_load(DOCUMENT % "gt, value: 3")["stages"][0]["condition"]
    for defaults in (True, False):
        condition = normal_form(spec, defaults=defaults)["nodes"][1]["options"]["condition"]
        assert condition == written
        assert Filter.model_validate(condition).plain() == written


def test_the_schema_for_editors_takes_it() -> None:
    schema = document_schema(default_catalog())
    jsonschema.validate(yaml.safe_load(DOCUMENT % "gt, value: 3"), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(DOCUMENT % "above, value: 3"), schema)


@pytest.mark.parametrize(
    ("operator", "line", "column", "part"),
    [
        ("gt", 9, 15, "`gt` needs a `value`"),
        ("above, value: 3", 9, 36, "operator must be 'eq', 'neq'"),
        ("'null', value: 3", 9, 15, "`null` takes no `value`"),
        ("regex, value: '('", 9, 15, "error parsing regexp"),
        ("gt, values: 3", 9, 40, "no option 'values'; it has and, field, operator, or, value"),
        ("gt, value: 3, or: []", 9, 15, "a group is `and` or `or` alone"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(operator: str, line: int, column: int, part: str) -> None:
    found = loaded(operator).diagnostics
    assert [(each.line, each.column) for each in found] == [(line, column)]
    assert part in found[0].message


def test_a_filter_and_a_router_run_by_it() -> None:
    data = b'{"n":5,"s":"x"}\n{"n":1}\n{"s":"y"}\n{"n":"z"}\n'
    test = {"or": [{"field": "n", "operator": "gte", "value": 5}, {"field": "s", "operator": "in", "value": ["y"]}]}
    output = stretch("filter", {"condition": test}).apply(batch(data))
    assert values_of(output) == [{"n": 5, "s": "x"}, {"s": "y"}]
    assert [dead.code for dead in output.dead] == ["MAPPING_FAILED"]


def test_both_forms_are_the_same_condition() -> None:
    structured = Filter.model_validate({"field": "a.b", "operator": "eq", "value": 1})
    assert read(structured) == read("this.a.b == 1") == parse_condition(".a.b == 1")


class Sink(Options):
    """Options with a text for each record."""

    topic: TemplateText


def test_a_text_with_expressions_is_checked_with_its_document() -> None:
    text = 'topic: "orders-${! this.region.upper() }"'
    problems = Problems()
    draft = _options(text)
    check_options(Sink, draft, problems)
    assert [(each.line, each.column) for each in problems.sorted()] == [(1, 32)]
    assert "unrecognised method 'upper'" in problems.sorted()[0].message
    fine = Problems()
    check_options(Sink, _options('topic: "orders-${! this.region }"'), fine)
    assert fine.sorted() == []


def _options(text: str) -> dict[str, Option]:
    root = parse(text, "f.yaml", Problems())
    assert isinstance(root, Table)
    return {key: Option(entry.key, entry.value, (key,)) for key, entry in root.entries.items()}

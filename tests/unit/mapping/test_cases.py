"""Conformance cases are judged by what they say: outputs by value, errors by their stage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conduix.errors import UsageError
from conduix.mapping.cases import judge, judge_all, read_cases


@pytest.mark.parametrize(
    ("case", "agrees"),
    [
        ({"mapping": "root.a = this.b", "input": '{"b":1}', "output": '{"a": 1.0}'}, True),
        ({"mapping": "root.a = this.b", "input": '{"b":1}', "output": '{"a":2}'}, False),
        ({"mapping": "root = deleted()", "input": "{}", "deleted": True}, True),
        ({"mapping": "root = this", "input": "{}", "deleted": True}, False),
        ({"mapping": 'root = throw("no")', "input": "{}", "error": "no", "error_stage": "exec"}, True),
        ({"mapping": 'root = throw("no")', "input": "{}", "error": "no", "error_stage": "parse"}, False),
        ({"mapping": "root = (", "input": "{}", "error": "expected", "error_stage": "parse"}, True),
        ({"mapping": "meta a = 1", "input": "{}", "output": "{}", "output_meta": {"a": 1}}, True),
        ({"mapping": "meta a = 1", "input": "{}", "output": "{}", "output_meta": {"a": 2}}, False),
        ({"mapping": "root = batch_index()", "batch": [{"content": "{}"}] * 2, "index": 1, "output": "1"}, True),
        ({"mapping": "root = content().uppercase()", "input": "plain", "output": "PLAIN"}, True),
    ],
)
def test_a_case_agrees_where_we_make_the_same(case: dict[str, Any], agrees: bool) -> None:
    judged = judge(case, 7)
    assert judged.agrees is agrees, judged.difference
    assert judged.id == "7"


def test_shares_are_told_by_category(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    cases = [
        {"id": "one", "category": "A", "mapping": "root = 1", "input": "", "output": "1"},
        {"id": "two", "category": "A", "mapping": "root = 1", "input": "", "output": "2"},
        {"id": "three", "category": "B", "mapping": "root = 1", "input": "", "output": "1"},
    ]
    path.write_text("\n".join(map(json.dumps, cases)) + "\n\n")
    report = judge_all(read_cases(path))
    assert (report.share("A"), report.share("B"), round(report.share())) == (50, 100, 67)
    assert report.categories == ["B", "A"]
    assert [judged.difference for judged in report.differing] == ["two: expected 2, found 1"]


@pytest.mark.parametrize("line", ["no json", "[]", '{"input": "{}"}', '{"mapping": "root = this"}'])
def test_what_is_no_case_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"mapping": "root = 1", "input": "", "output": "1"}\n' + line)
    with pytest.raises(UsageError, match=r"cases.jsonl:2: no case"):
        list(read_cases(path))
    with pytest.raises(UsageError, match="cannot read the cases"):
        list(read_cases(tmp_path / "nowhere"))

"""Records as mappings see them: raw content, batches, metadata, earlier errors."""

from __future__ import annotations

from typing import Any

import pytest

from conduix.errors import MappingError
from conduix.mapping import is_deterministic, parse_condition, parse_mapping
from conduix.mapping.interpret import Interpreter, evaluate_record
from conduix.mapping.record import Record

BATCH = (Record({"n": 1}, {"k": "a"}), Record(content=b'{"n":2}'), Record(content=b"not json", error="it broke"))


def at(index: int, expression: str) -> Any:
    return evaluate_record(parse_condition(expression), BATCH, index)


def test_content_is_read_when_it_is_asked_for() -> None:
    assert at(1, "this.n") == 2
    assert at(2, "content().string()") == "not json"
    assert at(2, "batch_index()") == 2


def test_content_that_is_no_json_fails_where_it_is_read() -> None:
    with pytest.raises(MappingError, match="unable to reference message as structured") as caught:
        at(2, "1 + this.n")
    assert (caught.value.line, caught.value.column) == (1, 5)
    assert at(2, "this.n | 5") == 5
    with pytest.raises(MappingError, match="message is empty"):
        _ = Record(content=b"").value


def test_a_mapping_may_do_without_the_value() -> None:
    result = Interpreter(parse_mapping('meta raw = content()\nroot.a = "b"')).run_record(BATCH, 2)
    assert (result.value, result.meta) == ({"a": "b"}, {"raw": b"not json"})


def test_content_of_a_value_is_its_json() -> None:
    assert Record({"a": [1]}).content == b'{"a":[1]}'
    assert Record("text").content == b"text"
    assert Record(b"raw").content == b"raw"


def test_other_records_of_the_batch() -> None:
    assert at(0, 'json("n").from(1)') == 2
    assert at(0, 'json("n").from(-2)') == 2
    assert at(0, '(json("n") | "none").from_all()') == [1, 2, "none"]
    assert at(1, 'metadata("k").from(0)') == "a"
    assert at(0, "this.n.from(1)") == 1, "`this` stays; only json, content and metadata change"
    assert at(0, "batch_size()") == 3


def test_beyond_the_end_of_the_batch_there_is_an_empty_record() -> None:
    assert at(0, 'metadata("k").from(9)') is None
    assert at(0, "meta().from(-9)") == {}
    assert at(2, "errored().from(9)") is False
    assert at(2, "content().from(9)") == b""
    with pytest.raises(MappingError, match="target message part does not exist"):
        at(0, 'json("n").from(9)')


def test_metadata_as_text_and_as_it_is() -> None:
    record = (Record({}, {"n": 5, "e": ""}),)
    expression = parse_condition('[meta("n"), metadata("n"), meta("e"), meta("no"), meta()]')
    assert evaluate_record(expression, record, 0) == ["5", 5, None, None, {"n": "5", "e": ""}]


def test_what_failed_before() -> None:
    assert (at(0, "error()"), at(0, "errored()")) == (None, False)
    assert (at(2, "error()"), at(2, "errored()")) == ("it broke", True)


@pytest.mark.parametrize(
    ("mapping", "deterministic"),
    [
        ("root = this.a.uppercase()", True),
        ("root.t = now()", False),
        ("map m { root = uuid_v4() }\nroot = this", False),
        ('root = this.map_each(x -> count("c"))', False),
        ("if random_int() > 5 { root = 1 }", False),
        ('root = this.bloblang("root = 1")', True),
        ('root = this.bloblang("root = now()")', False),
        ("root = this.bloblang(this.m)", False),
    ],
)
def test_what_always_gives_the_same(mapping: str, deterministic: bool) -> None:
    assert is_deterministic(parse_mapping(mapping)) is deterministic


def test_conditions_too() -> None:
    assert is_deterministic(parse_condition(".a == 1"))
    assert not is_deterministic(parse_condition(".a == timestamp_unix()"))

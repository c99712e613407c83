"""Whatever the text and whatever the record: no other error than the language's own, and no hang."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import is_deterministic, parse_condition, parse_mapping, parse_remap
from conduix.mapping.interpret import Interpreter, evaluate
from conduix.mapping.values import Absent, copied, encode_json
from tests.unit.mapping.generate import EXPRESSIONS, MAPPINGS, RECORDS

_PIECES = st.sampled_from(
    ["root", "this", ".", "..", "=", "==", "=>", "->", "(", ")", "[", "]", "{", "}", '"', '"""', "\\", "#", "\n", " ", ",", ":",
     "$", "@", "|", "||", "&&", "!", "-", "if ", "else", "match ", "map ", "let ", "meta ", "import ", "x", "_", "1", "1.5", "9" * 30,
     "null", "true", ".a", "del(", "exists(", "f!(", "??", ";", "'", "r'", "é", "\ud800", "\x00", "uppercase()", ".map_each("]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=25).map("".join))

_SLOW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(TEXTS)
@_SLOW
def test_a_text_is_read_or_refused_with_its_place(text: str):
    for parse in (parse_mapping, parse_condition, parse_remap):
        try:
            parse(text)
        except MappingSyntaxError as error:
            lines = text.split("\n")
            assert 1 <= error.line <= len(lines) + 1
            assert error.column >= 1
            assert error.message


@given(EXPRESSIONS, RECORDS)
@_SLOW
def test_an_expression_gives_a_value_or_a_mapping_error(text: str, record: Any):
    try:
        expression = parse_condition(text)
    except MappingSyntaxError:
        return
    before = copied(record)
    try:
        value = evaluate(expression, record)
        if not isinstance(value, Absent):
            encode_json(value)
    except MappingError as error:
        assert error.message
    assert record == before


@given(MAPPINGS, RECORDS)
@_SLOW
def test_a_mapping_gives_a_result_or_a_mapping_error_and_leaves_its_input_alone(text: str, record: Any):
    try:
        mapping = parse_mapping(text)
    except MappingSyntaxError:
        return
    before = copied(record)
    try:
        first = Interpreter(mapping).run(record, {"a": "meta"})
    except MappingError as error:
        assert error.line >= 1
    else:
        if is_deterministic(mapping):
            assert Interpreter(mapping).run(record, {"a": "meta"}) == first
    assert record == before

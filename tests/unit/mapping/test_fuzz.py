"""Whatever the text and whatever the record: no other error than the language's own, and no hang."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import is_deterministic, parse_condition, parse_mapping, parse_remap
from conduix.mapping.interpret import Interpreter, evaluate
from conduix.mapping.values import Absent, copied, encode_json
from tests.unit.mapping.generate import EXPRESSIONS, MAPPINGS, RECORDS

_PIECES = st.sampled_from(
    ["root", "this", ".", "..", "=", "==", "=>", "->", "(", ")", "[", "]", "{", "}", '"', '"""', "\\", "#", "\n",
    " ", ",", ":",
     "$", "@", "|", "||", "&&", "!", "-", "if ", "else", "match ", "map ", "let ", "meta ", "import ", "x", "_", "1",
     "1.5", "9" * 30,
     "null", "true", ".a", "del(", "exists(", "f!(", "??", ";", "'", "r'", "é", "\ud800", "\x00", "uppercase()",
     ".map_each("]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=25).map("".join))

pytestmark = pytest.mark.slow
_SLOW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _refusal(call: Callable[[], Any]) -> MappingError | None:
    """The error with which the language refuses, None where it does not; any other error ends the test."""
    try:
        call()
    except MappingError as error:
        return error
    return None


@given(TEXTS)
@_SLOW
def test_a_text_is_read_or_refused_with_its_place(text: str) -> None:
    for parse in (parse_mapping, parse_condition, parse_remap):
        refused = _refusal(partial(parse, text))
        if refused is not None:
            assert isinstance(refused, MappingSyntaxError)
            assert 1 <= refused.line <= text.count("\n") + 2
            assert refused.column >= 1
            assert refused.message


@given(EXPRESSIONS, RECORDS)
@_SLOW
def test_an_expression_gives_a_value_or_a_mapping_error(text: str, record: Any) -> None:
    try:
        expression = parse_condition(text)
    except MappingSyntaxError:
        return
    before = copied(record)

    def encoded() -> None:
        value = evaluate(expression, record)
        if not isinstance(value, Absent):
            encode_json(value)

    refused = _refusal(encoded)
    assert refused is None or refused.message
    assert record == before


@given(MAPPINGS, RECORDS)
@_SLOW
def test_a_mapping_gives_the_same_every_time_and_leaves_its_input_alone(text: str, record: Any) -> None:
    try:
        mapping = parse_mapping(text)
    except MappingSyntaxError:
        return
    before = copied(record)
    results: list[Any] = []
    for _ in range(2):
        refused = _refusal(lambda: results.append(Interpreter(mapping).run(record, {"a": "meta"})))
        assert refused is None or refused.line >= 1
    if is_deterministic(mapping):
        assert results[:1] == results[1:] or not results
    assert record == before

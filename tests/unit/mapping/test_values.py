"""Values: types, equality, text forms, numbers and their limits."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from conduix.errors import MappingError
from conduix.mapping.arithmetic import BINARY, Mismatch, add, invert, modulo, negate, truth
from conduix.mapping.values import (
    DELETED,
    MAX_SIZE,
    NOTHING,
    Timestamp,
    WrongType,
    boolean,
    copied,
    data,
    encode_json,
    equal,
    float_text,
    is_null,
    number,
    plain,
    refuse_giant,
    settled,
    text,
    to_text,
    type_name,
    whole,
)

NOON = Timestamp(43_200 * 10**9, UTC)


@pytest.mark.parametrize(
    ("value", "name"),
    [(None, "null"), (True, "bool"), (1, "number"), (1.5, "number"), ("a", "string"), (b"a", "bytes"),
    ([], "array"), ({}, "object"),
     (NOON, "timestamp"), (DELETED, "delete"), (NOTHING, "nothing"), (object(), "unknown")],
)  # fmt: skip
def test_types_have_names(value: Any, name: str) -> None:
    assert type_name(value) == name


@pytest.mark.parametrize(
    ("left", "right"),
    [(1, 1.0), ("a", b"a"), (b"a", "a"), ([1, {"a": 2.0}], [1.0, {"a": 2}]), (None, None),
    (NOON, "1970-01-01T12:00:00Z"),
     (True, 1), (False, 0.0), ({"a": None}, {"b": None})],
)  # fmt: skip
def test_equal(left: Any, right: Any) -> None:
    # missing and null are the same to `==`, as in the reference
    assert equal(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, "1"),
        (1, True),
        ("", None),
        ([], {}),
        ([1], [1, 2]),
        ({"a": 1}, {"a": 1, "b": 2}),
        (None, 0),
        (None, DELETED),
        ("a", ["a"]),
    ],
)
def test_not_equal(left: Any, right: Any) -> None:
    assert not equal(left, right)


@pytest.mark.parametrize(
    ("value", "written"),
    [("a", "a"), (b"a\xff", "a\ufffd"), (None, "null"), (True, "true"), (False, "false"), (5, "5"), (5.0, "5"),
    (1.5, "1.5"),
     ({"b": 1, "a": [2.0, None]}, '{"a":[2,null],"b":1}'), (NOON, "1970-01-01T12:00:00Z")],
)  # fmt: skip
def test_text_form(value: Any, written: str) -> None:
    assert to_text(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.1, "0.1"), (1e20, "100000000000000000000"), (1e21, "1e+21"), (1.5e300, "1.5e+300"), (1e-7, "1e-07"),
    (-2.5e-9, "-2.5e-09"), (1e-5, "1e-05"),
     (0.0001, "0.0001"), (-0.5, "-0.5")],
)  # fmt: skip
def test_text_of_floats(value: float, written: str) -> None:
    assert float_text(value) == written


def test_json_of_bytes_and_timestamps() -> None:
    assert encode_json({"b": b"hi", "t": NOON, "d": DELETED}) == b'{"b":"aGk=","t":"1970-01-01T12:00:00Z","d":null}'


def test_plain_copies_only_what_changes() -> None:
    kept = {"a": [1, 2]}
    value = {"k": kept, "f": 2.0}
    made = plain(value)
    assert made == {"k": {"a": [1, 2]}, "f": 2}
    assert made["k"] is kept
    assert plain(kept) is kept


def test_what_is_no_json_is_a_mapping_error() -> None:
    with pytest.raises(MappingError, match="cannot be written as JSON"):
        encode_json({"a": 2**70})


def test_copied_shares_no_containers() -> None:
    value = {"a": [{"b": 1}]}
    made = copied(value)
    made["a"][0]["b"] = 2
    assert value == {"a": [{"b": 1}]}


@pytest.mark.parametrize("value", [None, DELETED, NOTHING])
def test_null_and_absent_are_null_to_a_coalesce(value: Any) -> None:
    assert is_null(value)
    assert not is_null(0)


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "made"),
        [(2.0, 2), (2.5, 2.5), (-3.0, -3), (1e300, 1e300), (2**63, 2**63), (9.0e15, 9_000_000_000_000_000)],
    )
    def test_whole_floats_become_ints(self, value: float, made: float) -> None:
        result = settled(value)
        assert result == made
        assert type(result) is type(made)

    @pytest.mark.parametrize("value", [2**64, -(2**63) - 1, float("inf"), float("nan")])
    def test_what_does_not_fit_is_an_error(self, value: float) -> None:
        with pytest.raises(MappingError):
            settled(value)

    def test_an_int_beyond_64_bits_is_read_as_a_float(self) -> None:
        assert number(2**70) == float(2**70)

    def test_a_bool_is_no_number(self) -> None:
        with pytest.raises(WrongType, match=r"expected number value, got bool \(true\)"):
            number(True)

    def test_whole_cuts_decimals_off(self) -> None:
        assert (whole(2.9), whole(-2.9)) == (2, -2)
        with pytest.raises(MappingError, match="cannot convert inf"):
            whole(float("inf"))

    def test_boolean_reads_numbers(self) -> None:
        assert (boolean(0), boolean(0.5), boolean(False)) == (False, True, False)
        with pytest.raises(WrongType):
            boolean("true")


class TestTexts:
    def test_text_takes_text_bytes_and_times(self) -> None:
        assert (text("a"), text(b"a"), text(NOON)) == ("a", "a", "1970-01-01T12:00:00Z")
        with pytest.raises(WrongType, match=r"expected string value, got number \(5\)"):
            text(5)

    def test_data_takes_text_and_bytes(self) -> None:
        assert (data("é"), data(b"\xff")) == ("é".encode(), b"\xff")
        with pytest.raises(WrongType):
            data(None)

    def test_a_long_text_is_cut_in_an_error(self) -> None:
        assert len(WrongType("number", "x" * 1000).message) < 200


class TestErrors:
    def test_the_source_of_a_wrong_type_is_added_once(self) -> None:
        error = WrongType("string", None).located("field `this.a`", 3, 7)
        assert (error.message, error.line, error.column) == (
            "expected string value, got null from field `this.a`",
            3,
            7,
        )
        assert error.located("elsewhere", 9, 9).message == error.message

    def test_a_mismatch_names_both_sides(self) -> None:
        with pytest.raises(Mismatch, match="cannot add types number and string"):
            add(1, "a")


class TestOperators:
    @pytest.mark.parametrize(
        ("left", "operator", "right", "value"),
        [(2**62, "+", 2**62, 2**63), (0.1, "+", 0.2, 0.1 + 0.2), (b"a", "+", b"\xff", b"a\xff"),
        (b"a", "+", "b", "ab"), (1, "-", 0.5, 0.5),
         (3, "*", 1.5, 4.5), (10, "/", 4, 2.5), (9, "%", 4, 1), ("a", "<", "b", True), (b"b", ">", "a", True),
         (2, ">=", 2.0, True),
         (NOON, "<", "1970-01-02T00:00:00Z", True), (1, "!=", 2, True)],
    )  # fmt: skip
    def test_a_result(self, left: Any, operator: str, right: Any, value: Any) -> None:
        assert BINARY[operator](left, right) == value

    @pytest.mark.parametrize(
        ("left", "operator", "right"),
        [(None, "+", 1), (1, "+", None), (True, "+", 1), ("a", "-", "b"), ("a", "*", 2), (None, "<", None),
        (1, "<", "2"), (True, "<", False),
         ([], ">", []), ("a", "/", 2), (1, "%", None), ("a", "+", 1)],
    )  # fmt: skip
    def test_types_that_do_not_go_together(self, left: Any, operator: str, right: Any) -> None:
        with pytest.raises(Mismatch, match=f"{type_name(left)} and {type_name(right)}"):
            BINARY[operator](left, right)

    @pytest.mark.parametrize("operator", ["/", "%"])
    def test_nothing_is_divided_by_zero(self, operator: str) -> None:
        with pytest.raises(MappingError, match="attempted to divide by zero"):
            BINARY[operator](1, 0)

    @pytest.mark.parametrize(
        ("left", "right", "value"), [(7, 3, 1), (-7, 3, -1), (7, -3, 1), (-7, -3, -1), (7.9, 3.9, 1)]
    )
    def test_a_remainder_has_the_sign_of_the_left_side(self, left: float, right: float, value: int) -> None:
        assert modulo(left, right) == value

    def test_an_overflow_is_an_error(self) -> None:
        with pytest.raises(MappingError, match="does not fit into 64 bits"):
            BINARY["*"](2**62, 8)

    def test_unary(self) -> None:
        assert (negate(2.0), invert(False), truth(2)) == (-2, True, True)
        with pytest.raises(Mismatch):
            negate("a")


def test_giants_are_refused() -> None:
    refuse_giant(MAX_SIZE)
    with pytest.raises(MappingError, match="the limit is 10000000"):
        refuse_giant(MAX_SIZE + 1)

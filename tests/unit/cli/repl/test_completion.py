"""What the text before the cursor can go on with; no terminal takes part."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduix_tui.cli.map_forms import Form
from conduix_tui.cli.repl.completion import Known, complete, enclosing_call
from conduix_tui.cli.repl.scan import goes_on

RECORD: dict[str, Any] = {
    "id": 1,
    "name": "Ada",
    "customer": {"id": 3, "address": {"city": "Berlin", "zip code": "1"}},
    "items": [{"sku": "a", "price": 2}, {"sku": "b", "qty": 1}],
    "tags": {"x": 1},
}
META = {"topic": "orders", "partition": 2}
MAPPING = Known("mapping", RECORD, META, ["rate"], ["tidy"])
CONDITION = Known("condition", RECORD, META)
REMAP = Known("remap", RECORD, META, ["taken"])


def offered(before: str, known: Known = MAPPING) -> list[str]:
    return [candidate.text for candidate in complete(before, known)]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("this.cu", ["customer"]),
        ("root.a = this.customer.address.ci", ["city"]),
        ("root.a = customer.address.ci", ["city"]),
        ('this.customer."address".ci', ["city"]),
        ("this.items[1].sk", ["sku"]),
        ("root.cust", ["customer"]),
        ("this.items.map_each(i -> i.pri", ["price"]),
        ("this.items.map_each(this.pri", ["price"]),
        ("this.items.map_each(i -> i.price * i.q", ["qty", "quote()"]),
        ("this.items.filter(a -> a.price > 1).map_each(b -> a.pri", []),
        ("this.customer.(c -> c.addr", ["address"]),
        ("this.customer.address.(this.ci", ["city"]),
        ("this.tags.map_each(t -> t.va", ["value", "values()"]),
        ("this.items.map_each(i -> this.cust", ["customer"]),
    ],
)
def test_fields_are_those_of_the_record(before: str, expected: list[str]) -> None:
    assert [text for text in offered(before) if text in expected] == expected
    assert not expected or offered(before)[0] == expected[0]


def test_a_field_that_is_no_name_is_quoted() -> None:
    assert '"zip code"' in offered("this.customer.address.")


def test_fields_come_before_methods_and_methods_of_the_type_before_others() -> None:
    found = offered("this.customer.")
    assert found[:2] == ["id", "address"]
    assert found.index("keys()") < found.index("uppercase()")
    found = offered("this.name.")
    assert found.index("uppercase()") < found.index("keys()")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("this.name.upper", "uppercase()"),
        ("this.name.re_repl", "re_replace("),
        ("root.a = no", "nothing()"),
        ("root.a = now().ts_unix_mi", "ts_unix_micro()"),
        ('"a b".capi', "capitalize()"),
        ("[1, 2].su", "sum()"),
        ("$rate.rou", "round()"),
        ("this.name\n  .", None),
    ],
)
def test_functions_and_methods_say_whether_they_need_arguments(before: str, expected: str | None) -> None:
    assert expected is None or expected in offered(before)


def test_what_a_word_begins_comes_alone_and_else_what_contains_it() -> None:
    assert offered("this.name.uppe") == ["uppercase()"]
    assert "re_replace_all(" in offered("this.name.place_a")
    assert offered("this.name.no_such_thing") == []


def test_variables_maps_and_metadata_are_those_that_are_known_and_those_of_the_text() -> None:
    assert offered("root.a = $") == ["rate"]
    assert offered("let more = 1\nroot.a = $") == ["rate", "more"]
    assert offered("root.a = @") == ["topic", "partition"]
    assert offered("meta own = 1\nroot.a = @o") == ["own"]
    assert offered('root = this.apply("') == ["tidy"]
    assert offered('map other { root = this }\nroot = this.apply("o') == ["other"]
    assert offered('root.a = meta("to') == ["topic"]
    assert offered('root.a = json("cust') == ["customer"]


@pytest.mark.parametrize("before", ['"this.cu', "# this.cu", '"""\nthis.cu', "root.a = 12", 'this.name.split("na'])
def test_nothing_is_offered_within_texts_comments_and_numbers(before: str) -> None:
    assert offered(before) == []


def test_statements_begin_lines_and_values_stand_within_them() -> None:
    assert "let" in offered("le")
    assert "let" in offered("root.a = 1\nle")
    assert "let" not in offered("root.a = le")
    assert "match" in offered("root.a = ma")


def test_names_of_arguments_and_of_lambdas_are_offered_where_they_are_known() -> None:
    assert offered("this.name.slice(")[:2] == ["low: ", "high: "]
    assert offered("this.items.map_each(item -> it")[0] == "item"


def test_conditions_and_remaps_name_fields_with_a_dot() -> None:
    assert offered('.name == "x" && .cu', CONDITION) == ["customer"]
    assert offered(".cu", REMAP) == [".customer"]
    assert offered(".customer.addr", REMAP) == ["address"]
    assert offered(".a = up", REMAP) == ["upcase("]
    assert offered(".a = .na", REMAP) == ["name"]
    assert "keys()" not in offered(".a = .customer.", REMAP)


def test_commands_and_what_they_help_with() -> None:
    assert offered(".he") == [".help"]
    assert offered(".he", REMAP) == [".help"]
    assert offered(".help uppe") == ["uppercase"]
    assert offered(".help upc", REMAP) == ["upcase"]
    assert offered(".explain this.cu") == ["customer"]


@pytest.mark.parametrize(
    ("before", "form", "usage"),
    [
        (
            'this.a.replace_all("(", ',
            "mapping",
            ".replace_all(old, new)  The text with every occurrence of a part replaced",
        ),
        ("root.a = range(0, this.b.length()", "mapping", "range(start, stop, step?)  An array of integers"),
        (".a = starts_with!(.b, ", "remap", "starts_with(value, substring, case_sensitive?)  "),
        (".a = upcase(", "remap", "upcase(value)  The text in upper case"),
        (".a = uuid_v4(", "remap", "uuid_v4()  "),
        ("root.a = range(0, (1 + 2", "mapping", ""),
        ("root.a = this.b", "mapping", ""),
        ("# this.a.slice(", "mapping", ""),
        ("root.a = unheard_of(", "mapping", ""),
    ],
)
def test_the_call_around_the_cursor(before: str, form: Form, usage: str) -> None:
    found = enclosing_call(before, form)
    assert (found.brief if found else "")[: len(usage)] == usage
    assert (found is None) == (not usage)


PARTS = st.sampled_from([
    *"()[]{}.,:#\"'$@\n \\", '"""', "this",
    "root", "items", "customer", "i -> ", "i", ".map_each(", ".filter(", "name", "[0]",
    " = ", "if ", "match ", "let x = ", "r'", ".help ", "9", "ß", "upcase!(",
])  # fmt: skip


@given(st.lists(PARTS, max_size=25).map("".join), st.sampled_from([MAPPING, CONDITION, REMAP]))
def test_any_text_can_be_completed(text: str, known: Known) -> None:
    for candidate in complete(text, known):
        assert candidate.replaces <= len(text)
        assert candidate.text
    enclosing_call(text, known.form)
    goes_on(text)

"""The stretch: forms of records, letters, policies, counts, positions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conduix.engine.api import JSONL, TEXT, Batch, Counts, Format, Lines, Rows
from conduix.engine.stretch import Port, build_stretch
from conduix.errors import MappingError
from conduix.mapping.inputs import Unreadable
from tests.unit.stages.bench import OUT, batch, counts, lines_of, rows, steps, stretch, values_of

CSV = Format("csv", ("a", "b"))


# forms


@pytest.mark.parametrize(
    ("given_batch", "kind", "expected"),
    [
        (batch(b'1,"x,y"\n"new\nline",2\n', CSV), "jsonl", b'{"a":"1","b":"x,y"}\n{"a":"new\\nline","b":"2"}\n'),
        (batch(b"1;2\n", Format("csv", ("a", "b"), ";")), "jsonl", b'{"a":"1","b":"2"}\n'),
        (batch(b"hello\n\n\xc3\xa9\n", TEXT), "jsonl", '"hello"\n""\n"é"\n'.encode()),
        (batch(b'"plain"\n{"a": 1}\n12\nnull\n'), "lines", b'plain\n{"a":1}\n12\nnull\n'),
        (rows({"a": 1}, "x", None), "jsonl", b'{"a":1}\n"x"\nnull\n'),
        (rows({"a": 1}, "x"), "lines", b'{"a":1}\nx\n'),
        (batch(b'{"a": 1}\n'), "rows", [{"a": 1}]),
        (batch(b"1,2\n", CSV), "rows", [{"a": "1", "b": "2"}]),
        (batch(b'{"a": 1 }\n'), "jsonl", b'{"a": 1 }\n'),
        (batch(b"caf\xc3\xa9 \n", TEXT), "lines", b"caf\xc3\xa9 \n"),
    ],
)
def test_without_steps_only_the_form_changes(given_batch: Batch, kind: Any, expected: Any) -> None:
    output = build_stretch((), {"out": Port(kind, offsets=False)}).apply(given_batch)
    body = output.batches[0][1].body
    assert (body.data if isinstance(body, Lines) else body.values) == expected
    assert output.dead == []
    assert output.counts == {}


def test_without_steps_letters_name_no_node_and_blank_lines_are_left_out() -> None:
    output = build_stretch((), {"out": Port("rows", offsets=True)}).apply(
        batch(b'{"a":1}\n\n  \nnope\n{"a":2}\n', start=100)
    )
    made = output.batches[0][1]
    assert isinstance(made.body, Rows)
    assert made.body.values == [{"a": 1}, {"a": 2}]
    assert (made.count, made.offsets) == (2, [100, 117])
    assert [(letter.node, letter.position, letter.payload, letter.code) for letter in output.dead] == [
        ("", {"offset": 112}, b"nope", "DECODE_FAILED")
    ]


def test_steps_that_change_nothing_give_the_bytes_as_they_were_read() -> None:
    data = b'{ "s" : "x" , "n" : 1.0 }\r\n{"s":"y"}\n{"s":"x","big":12345678901234567890123}\n'
    output = stretch("filter", {"condition": '.s == "x"'}).apply(batch(data))
    assert lines_of(output) == b'{ "s" : "x" , "n" : 1.0 }\r\n{"s":"x","big":12345678901234567890123}\n'
    text = stretch("filter", {"condition": 'this.contains("a")'})
    lines = build_stretch(steps("filter", {"condition": 'this.contains("a")'}), {"out": Port("lines", offsets=False)})
    assert lines_of(lines.apply(batch(b"a b\nb\n", TEXT))) == b"a b\n"
    assert lines_of(text.apply(batch(b"a b\nb\n", TEXT))) == b'"a b"\n'


def test_nothing_left_means_no_batch() -> None:
    assert stretch("filter", {"condition": "false"}).apply(batch(b"{}\n")).batches == []


# letters and policies


def test_a_letter_holds_the_record_as_it_came_to_the_step_that_failed() -> None:
    chain = [
        *steps("mapping", {"mapping": "root.n = this.a\nroot.was = this.s"}, node="shape"),
        *steps("mapping", {"mapping": "root.half = this.n / 2"}, node="half"),
    ]
    output = build_stretch(chain, {"out": OUT}).apply(batch(b'{"a":4,"s":"x"}\n{"a":"z","s":"y"}\n', start=1000))
    assert values_of(output) == [{"half": 2}]
    (letter,) = output.dead
    assert (letter.node, letter.shard, letter.position, letter.index) == ("half", "shard", {"offset": 1016}, 0)
    assert json.loads(letter.payload) == {"n": "z", "was": "y"}
    assert letter.code == "MAPPING_FAILED"
    assert letter.message == (
        "cannot divide types string (from field `this.n`) and number (from number literal) (line 1, column 20)"
    )
    assert output.counts == {"shape": counts(2), "half": counts(1, dead=1)}


def test_what_cannot_be_decoded_is_a_letter_of_the_first_node_with_its_own_bytes() -> None:
    chain = [
        *steps("filter", {"condition": "this.a > 0"}, node="first"),
        *steps("mapping", {"mapping": "root = this"}, node="second"),
    ]
    data = b'{"a":1}\n{"a":\n{"a":2}{"a":3}\n{"a":"\xff"}\n{"a":4}\n'
    output = build_stretch(chain, {"out": OUT}).apply(batch(data))
    assert values_of(output) == [{"a": 1}, {"a": 4}]
    assert [(letter.node, letter.code, letter.payload) for letter in output.dead] == [
        ("first", "DECODE_FAILED", b'{"a":'),
        ("first", "DECODE_FAILED", b'{"a":2}{"a":3}'),
        ("first", "DECODE_FAILED", b'{"a":"\xff"}'),
    ]
    assert output.counts == {"first": counts(2, dead=3), "second": counts(2)}


def test_bytes_that_are_no_text_are_found_in_fields_that_nobody_reads() -> None:
    output = stretch("mapping", {"mapping": "root.b = this.a"}).apply(
        batch(b'{"a":1,"note":"\xff"}\n{"a":"\xc3\xa9"}\n')
    )
    assert values_of(output) == [{"b": "é"}]
    assert [letter.message for letter in output.dead] == ["no UTF-8 text: invalid start byte at byte 15"]


def test_rows_of_csv_that_do_not_fit_the_columns_are_letters() -> None:
    data = b'1,2\n1\n1,2,3\n\n"q\nr",5\nx\xff,1\n'
    given_batch = batch(data, CSV)
    given_batch.offsets, given_batch.count = [0, 4, 6, 12, 13, 21], 6
    output = stretch("mapping", {"mapping": "root = this"}).apply(given_batch)
    assert values_of(output) == [{"a": "1", "b": "2"}, {"a": "q\nr", "b": "5"}]
    assert [(letter.position["offset"], letter.payload, letter.message) for letter in output.dead] == [
        (4, b"1", "1 field where there are 2 columns"),
        (6, b"1,2,3", "3 fields where there are 2 columns"),
        (21, b"x\xff,1", "no UTF-8 text"),
    ]
    assert output.counts == {"node": counts(2, filtered=1, dead=3)}


@pytest.mark.parametrize(
    ("on_error", "left", "expected"),
    [
        ("dlq", [{"b": 1}], counts(1, dead=2)),
        ("drop", [{"b": 1}], counts(1, filtered=2)),
        ("pass", [{"b": 1}, {"a": "x"}], counts(2, dead=1)),
    ],
)
def test_policies_for_records_that_fail(on_error: Any, left: list[Any], expected: Counts) -> None:
    given_batch = batch(b'{"a":1}\n{"a":"x"}\nnope\n')
    output = stretch("mapping", {"mapping": "root.b = this.a * 1"}, on_error=on_error).apply(given_batch)
    assert values_of(output) == left
    assert output.counts == {"node": expected}
    assert len(output.dead) == expected.dead


def test_fail_raises_so_that_the_actor_fails() -> None:
    failing = stretch("mapping", {"mapping": "root.b = this.a * 1"}, on_error="fail")
    with pytest.raises(MappingError, match="cannot multiply"):
        failing.apply(batch(b'{"a":1}\n{"a":"x"}\n'))
    with pytest.raises(Unreadable, match="no JSON"):
        failing.apply(batch(b"nope\n"))


def test_text_that_no_encoder_takes_costs_only_its_record() -> None:
    # JSON escapes are the only way to such text: it comes as rows from a source that is no UTF-8
    output = stretch("mapping", {"mapping": "root.b = this.a"}).apply(rows({"a": "x"}, {"a": "\ud800"}, {"a": "y"}))
    assert values_of(output) == [{"b": "x"}, {"b": "y"}]
    assert [letter.position for letter in output.dead] == [{"offset": 1}]
    assert "surrogates" in output.dead[0].message
    assert output.counts == {"node": counts(2, dead=1)}


# positions


def test_positions_are_given_where_a_port_asks_for_them() -> None:
    chain = steps("filter", {"condition": "this.n % 2 == 0"})
    data = b'{"n":0}\n{"n":1}\n{"n":2}\n'
    asked = build_stretch(chain, {"out": Port("jsonl", offsets=True)}).apply(batch(data, start=50))
    assert asked.batches[0][1].offsets == [50, 66]
    assert build_stretch(chain, {"out": OUT}).apply(batch(data, start=50)).batches[0][1].offsets is None


def test_positions_of_a_batch_that_was_filtered_before_are_kept() -> None:
    given_batch = batch(b'{"n":"x"}\n{"n":1}\n', offsets=[7, 900])
    output = build_stretch(
        steps("mapping", {"mapping": "root.m = this.n + 1"}), {"out": Port("rows", offsets=True)}
    ).apply(given_batch)
    assert output.batches[0][1].offsets == [900]
    assert [letter.position for letter in output.dead] == [{"offset": 7}]


def test_a_batch_says_where_it_began_and_where_reading_goes_on() -> None:
    made = stretch("filter", {"condition": "this.n == 1"}).apply(batch(b'{"n":0}\n{"n":1}\n', start=50)).batches[0][1]
    assert (made.shard, made.first, made.next, made.count) == ("shard", {"offset": 50}, {"offset": 66}, 1)


# metadata


def test_metadata_stays_with_its_record() -> None:
    chain = steps("filter", {"condition": "this.n > 0"})
    given_batch = batch(b'{"n":0}\n{"n":1}\n', meta=[{"k": "a"}, {"k": "b"}])
    assert build_stretch(chain, {"out": OUT}).apply(given_batch).batches[0][1].meta == [{"k": "b"}]


def test_mappings_read_and_write_metadata_step_by_step() -> None:
    chain = [
        *steps("mapping", {"mapping": "meta n = this.n\nroot = this"}),
        *steps("filter", {"condition": '@n == 1 && @k == "b"'}),
        *steps("mapping", {"mapping": "root.from = @k"}),
    ]
    given_batch = batch(b'{"n":1}\n{"n":1}\n', meta=[{"k": "a"}, {"k": "b"}])
    made = build_stretch(chain, {"out": OUT}).apply(given_batch)
    assert values_of(made) == [{"from": "b"}]
    assert made.batches[0][1].meta == [{"k": "b", "n": 1}]


# routes

ROUTES = [{"name": "low", "when": "this.n < 3"}, {"name": "even", "when": "this.n % 2 == 0"}]


def routed(options: dict[str, Any], ports: list[str]) -> tuple[dict[str, list[int]], Counts, list[str]]:
    connected = dict.fromkeys(ports, OUT)
    output = build_stretch(steps("router", options), connected).apply(
        batch(b"".join(b'{"n":%d}\n' % n for n in range(6)))
    )
    found = {port: [record["n"] for record in values_of(output, port)] for port in ports}
    return found, output.counts["node"], [letter.code for letter in output.dead]


def test_the_first_route_that_fits() -> None:
    found, counted, _ = routed({"routes": ROUTES}, ["low", "even"])
    assert found == {"low": [0, 1, 2], "even": [4]}
    assert counted == counts(4, filtered=2)


def test_every_route_that_fits_and_the_default() -> None:
    found, counted, _ = routed({"mode": "filter", "routes": ROUTES, "default": "rest"}, ["low", "even", "default"])
    assert found == {"low": [0, 1, 2], "even": [0, 2, 4], "default": [3, 5]}
    assert counted == counts(6)


def test_all_routes() -> None:
    found, counted, _ = routed({"mode": "fan_out", "routes": [{"name": "a"}, {"name": "b"}]}, ["a", "b"])
    assert found == {"a": [0, 1, 2, 3, 4, 5], "b": [0, 1, 2, 3, 4, 5]}
    assert counted == counts(6)


def test_no_route_as_dead_letters() -> None:
    found, counted, dead = routed({"routes": ROUTES, "on_no_match": "dlq"}, ["low", "even"])
    assert found == {"low": [0, 1, 2], "even": [4]}
    assert counted == counts(4, dead=2)
    assert dead == ["NO_ROUTE", "NO_ROUTE"]


def test_routes_of_different_forms() -> None:
    ports = {"low": Port("rows", offsets=False), "even": Port("lines", offsets=False)}
    output = build_stretch(steps("router", {"routes": ROUTES}), ports).apply(batch(b'{"n":1}\n{"n":4}\n'))
    assert values_of(output, "low") == [{"n": 1}]
    assert lines_of(output, "even") == b'{"n":4}\n'


# the ledger

_LINES = st.lists(
    st.sampled_from(
        [b'{"n":1,"s":"a"}', b'{"n":2,"s":"b"}', b'{"n":"x","s":"a"}', b'{"s":3}', b"", b"nope", b"[1]", b'{"n":9}']
    ),
    max_size=12,
)


@given(_LINES, st.sampled_from(["dlq", "drop", "pass"]), st.sampled_from([JSONL, TEXT]))
@settings(max_examples=60, deadline=None)
def test_the_counts_of_every_node_balance(records: list[bytes], on_error: Any, form: Format) -> None:
    chain = [
        *steps("filter", {"condition": 'this.s != "b"'}, node="one", on_error=on_error),
        *steps(
            "mapping",
            {"mapping": "root.n = this.n + 1\nroot = if this.n == 9 { deleted() }"},
            node="two",
            on_error=on_error,
        ),
        *steps("rename", {"fields": {"n": "m"}}, node="three", on_error=on_error),
        *steps(
            "router",
            {"routes": [{"name": "a", "when": "this.m == 2"}], "on_no_match": "dlq"},
            node="four",
            on_error=on_error,
        ),
    ]
    output = build_stretch(chain, {"a": OUT}).apply(batch(b"".join(r + b"\n" for r in records), form))
    arrived = len(records)
    for node in ("one", "two", "three", "four"):
        line = output.counts[node]
        assert arrived == line.passed + line.filtered + line.dead - line.made
        assert line.dead == sum(letter.node == node for letter in output.dead)
        arrived = line.passed
    assert arrived == len(values_of(output, "a"))

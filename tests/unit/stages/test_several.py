"""Stages that make several records of one: split and unarchive; their counts, batches, positions and letters."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conduix.engine.api import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, TEXT, Batch, Counts, Format, Letter, Lines, Output
from conduix.engine.runtime.ledger import came_in
from conduix.engine.stretch import Port, Stretch, build_stretch
from conduix.errors import MappingError
from conduix.mapping.parts import MOST_PARTS, Part, index_of
from conduix.mapping.steps import OnError
from conduix.mapping.values import MAX_SIZE
from tests.unit.stages.bench import apply, batch, failures, lines_of, rows, steps, stretch, values_of

ROWS = Port("rows", offsets=True)

# split


def test_split_makes_a_record_of_each_item_and_keeps_the_place_of_the_field() -> None:
    output = apply("split", {"field": "i"}, {"n": 1, "i": [1, {"x": 2}, None], "z": 0}, {"i": ["a"]})
    assert lines_of(output) == b'{"n":1,"i":1,"z":0}\n{"n":1,"i":{"x":2},"z":0}\n{"n":1,"i":null,"z":0}\n{"i":"a"}\n'
    assert output.counts == {"node": Counts(passed=4, made=2)}


@pytest.mark.parametrize(
    ("options", "record", "made"),
    [
        ({"field": "o.i"}, {"o": {"i": [1, 2], "p": 0}}, [{"o": {"i": 1, "p": 0}}, {"o": {"i": 2, "p": 0}}]),
        (
            {"field": "i", "into": "o.x"},
            {"i": [1, 2], "o": {"z": 0}},
            [{"o": {"z": 0, "x": 1}}, {"o": {"z": 0, "x": 2}}],
        ),
        ({"field": "o.i", "into": "x"}, {"o": {"i": [1], "p": 0}}, [{"o": {"p": 0}, "x": 1}]),
        ({"field": "i", "only": True}, {"n": 1, "i": [1, {"x": 2}]}, [1, {"x": 2}]),
        ({"field": "i", "separator": "; "}, {"i": "a; b;c"}, [{"i": "a"}, {"i": "b;c"}]),
        ({"field": "i", "separator": ";"}, {"i": [1]}, [{"i": 1}]),
        ({"field": "i", "separator": ";"}, {"i": ""}, []),
        ({"field": "i"}, {"i": []}, []),
    ],
)
def test_what_split_makes(options: dict[str, Any], record: Any, made: list[Any]) -> None:
    output = apply("split", options, record)
    assert values_of(output) == made
    assert output.counts["node"] == Counts(len(made), filtered=not made, made=max(len(made) - 1, 0))


def test_a_record_without_items_goes_on_with_null_where_that_is_asked_for() -> None:
    output = apply("split", {"field": "i", "keep_empty": True}, {"i": []}, {"n": 1}, {"i": None}, {"i": [5]})
    assert values_of(output) == [{"i": None}, {"n": 1, "i": None}, {"i": None}, {"i": 5}]
    assert output.counts["node"] == Counts(4)


@pytest.mark.parametrize(
    ("options", "record", "said"),
    [
        ({"field": "o.i"}, {"o": {}}, "o.i: null is no list of items: an array is expected"),
        ({"field": "i"}, {"i": "a;b"}, 'i: "a;b" is no list of items: an array is expected'),
        ({"field": "i", "separator": ";"}, {"i": 5}, "i: 5 is no list of items: a text is expected"),
        ({"field": "i", "keep_empty": True}, {"i": 0}, "i: 0 is no list of items: an array is expected"),
        ({"field": "i"}, [1], "the record is an array, an object is expected"),
        ({"field": "i", "into": "o.x"}, {"i": [1], "o": 5}, "x: it cannot be set inside of 5"),
        ({"field": "i", "max_records": 2}, {"i": [1, 2, 3]}, "i would become 3 records, the limit is 2"),
    ],
)
def test_what_cannot_be_split_is_a_letter(options: dict[str, Any], record: Any, said: str) -> None:
    output = apply("split", options, record, {"i": ["x"], "o": {"i": ["x"]}})
    assert len(values_of(output)) == 1
    assert failures(output)[0].startswith(said)
    assert json.loads(output.dead[0].payload) == record
    assert output.dead[0].code == "RECORD_INVALID"


def test_records_for_which_when_does_not_hold_pass_as_they_are_arrays_too() -> None:
    given_records = [{"i": [1, 2], "n": 1}, {"i": [1, 2], "n": 2}, [1, 2], []]
    output = apply("split", {"field": "i"}, *given_records, when="this.n == 1")
    assert values_of(output) == [{"i": 1, "n": 1}, {"i": 2, "n": 1}, *given_records[1:]]
    assert output.counts["node"] == Counts(5, made=1)


def test_the_policies() -> None:
    records = [{"i": [1, 2]}, [3, 4], {"i": 5}]
    passed = apply("split", {"field": "i"}, *records, on_error="pass")
    assert values_of(passed) == [{"i": 1}, {"i": 2}, [3, 4], {"i": 5}]
    assert (passed.dead, passed.counts["node"]) == ([], Counts(4, made=1))
    dropped = apply("split", {"field": "i"}, *records, on_error="drop")
    assert dropped.counts["node"] == Counts(2, filtered=2, made=1)
    with pytest.raises(MappingError, match="an object is expected"):
        apply("split", {"field": "i"}, *records, on_error="fail")


@pytest.mark.parametrize(("kind", "body"), [("lines", b'a\n{"x":1}\n'), ("jsonl", b'"a"\n{"x":1}\n')])
def test_items_leave_in_the_form_that_the_port_wants(kind: Any, body: bytes) -> None:
    output = build_stretch(steps("split", {"field": "i", "only": True}), {"out": Port(kind, offsets=False)}).apply(
        rows({"i": ["a", {"x": 1}]})
    )
    assert lines_of(output) == body


@pytest.mark.parametrize("kind", ["lines", "jsonl"])
def test_an_item_that_cannot_be_written_makes_its_record_a_letter(kind: Any) -> None:
    output = build_stretch(steps("split", {"field": "i"}), {"out": Port(kind, offsets=False)}).apply(
        rows({"i": ["a", "\ud800"]}, {"i": ["b"]})
    )
    assert values_of(output) == [{"i": "b"}]
    assert len(output.dead) == 1
    assert output.counts["node"] == Counts(1, dead=1)


def test_what_comes_before_is_fused_and_metadata_is_that_of_the_record() -> None:
    before = steps("mapping", {"mapping": "root = this\nmeta from = this.n.string()"}, node="before")
    output = build_stretch([*before, *steps("split", {"field": "i"})], {"out": ROWS}).apply(
        batch(b'{"n":1,"i":[1,2]}\n{"n":2,"i":[3]}\n{"i":[4]}\n')
    )
    made = output.batches[0][1]
    assert made.meta is not None
    assert [meta["from"] for meta in made.meta] == ["1", "1", "2", "null"]
    assert output.counts == {"before": Counts(3), "node": Counts(4, made=1)}


# batches and positions


def test_batches_stay_within_their_size() -> None:
    many = apply("split", {"field": "i"}, {"i": list(range(2500))})
    assert [made.count for _, made in many.batches] == [MAX_BATCH_RECORDS, MAX_BATCH_RECORDS, 500]
    assert [v["i"] for _, b in many.batches for v in _values(b)] == list(range(2500))
    # each of the records holds a copy of what is around the items
    big = apply("split", {"field": "i"}, {"pad": "x" * 50_000, "i": list(range(20))})
    assert all(isinstance(b.body, Lines) and len(b.body.data) <= MAX_BATCH_BYTES for _, b in big.batches)
    assert sum(made.count for _, made in big.batches) == 20


def _values(made: Batch) -> list[Any]:
    assert isinstance(made.body, Lines)
    return [json.loads(line) for line in made.body.data.splitlines()]


def test_the_parts_of_parts_have_places_of_their_own() -> None:
    first = build_stretch(steps("split", {"field": "i"}), {"out": ROWS}).apply(
        batch(b'{"i":[[1,2],[3,"x"]]}\n', start=70)
    )
    second = build_stretch(steps("split", {"field": "i"}), {"out": ROWS}).apply(first.batches[0][1])
    third = build_stretch(steps("cast", {"fields": {"i": "bool"}}, node="last"), {"out": ROWS}).apply(
        second.batches[0][1]
    )
    assert [(letter.position, letter.index) for letter in third.dead] == [
        ({"offset": 70}, 1), ({"offset": 70}, MOST_PARTS), ({"offset": 70}, MOST_PARTS + 1)
    ]  # fmt: skip
    assert all(type(letter.position["offset"]) is int for letter in third.dead)


def test_an_index_stays_within_64_bits_and_apart_however_deep_the_parts_are() -> None:
    places = [
        Part(Part(Part(Part(Part(9, 5), a), MOST_PARTS - 1), MOST_PARTS - 1), b) for a in (0, 1) for b in range(50)
    ]
    assert len({place.index for place in places}) == 100
    assert all(place == 9 and 0 <= place.index < 2**63 for place in places)
    assert index_of(9) == 0


def test_a_seeded_sample_chooses_among_the_parts_of_a_record() -> None:
    parts = build_stretch(steps("split", {"field": "i"}), {"out": ROWS}).apply(
        batch(json.dumps({"i": list(range(400))}).encode() + b"\n")
    )
    sample = build_stretch(steps("sample", {"rate": 0.5, "seed": 1}), {"out": ROWS})
    kept = len(values_of(sample.apply(parts.batches[0][1])))
    assert 120 < kept < 280


# unarchive

PACKED = {"a.txt": b"hello", "dir/b.bin": b"\xff\x00", "c.json": '{"x":"é"}'.encode()}
MEMBERS = [
    {"name": "a.txt", "size": 5, "content": "hello", "encoding": "utf-8"},
    {"name": "dir/b.bin", "size": 2, "content": "/wA=", "encoding": "base64"},
    {"name": "c.json", "size": 10, "content": '{"x":"é"}', "encoding": "utf-8"},
]


def zipped(files: dict[str, bytes], *folders: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for folder in folders:
            archive.writestr(zipfile.ZipInfo(f"{folder}/"), b"")
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        folder = tarfile.TarInfo("dir")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def gzipped(raw: bytes) -> bytes:
    """The same bytes each time: tests are called after them."""
    return gzip.compress(raw, mtime=0)


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    ("options", "payload", "made"),
    [
        ({"format": "json"}, '[1,{"a":2}]', [1, {"a": 2}]),
        ({"format": "jsonl"}, '1\n\n {"a":2} \n', [1, {"a": 2}]),
        ({"format": "csv"}, 'a,b\n1,"x,y"\n2,z\n', [{"a": "1", "b": "x,y"}, {"a": "2", "b": "z"}]),
        ({"format": "csv"}, "", []),
        ({"format": "lines"}, "a\r\n\nb", ["a", "", "b"]),
        ({"format": "lines"}, "a\n", ["a"]),
        ({"format": "lines", "encoding": "base64"}, text("é\n".encode()), ["é"]),
        ({"format": "json", "compression": "gzip"}, text(gzipped(b"[1]")), [1]),
        ({"format": "jsonl", "compression": "bzip2"}, text(bz2.compress(b"1\n2\n")), [1, 2]),
        ({"format": "zip"}, text(zipped(PACKED, "dir")), MEMBERS),
        ({"format": "tar"}, text(tarred(PACKED)), MEMBERS),
        ({"format": "tar", "compression": "gzip"}, text(gzipped(tarred(PACKED))), MEMBERS),
    ],
)
def test_unarchive(options: dict[str, Any], payload: str, made: list[Any]) -> None:
    alone = apply("unarchive", {"field": "p.q", **options}, {"p": {"q": payload}, "n": 1})
    assert values_of(alone) == made
    beside = apply("unarchive", {"field": "p.q", "into": "row", **options}, {"p": {"q": payload}, "n": 1})
    assert values_of(beside) == [{"p": {}, "n": 1, "row": item} for item in made]
    assert beside.counts["node"] == Counts(len(made), filtered=not made, made=max(len(made) - 1, 0))


def test_a_line_of_text_may_itself_be_an_archive() -> None:
    output = stretch("unarchive", {"format": "json"}).apply(batch(b"[1,2]\n[3]\nx\n", TEXT))
    assert values_of(output) == [1, 2, 3]
    assert [letter.payload for letter in output.dead] == [b'"x"']


BOMB = zipped({"bomb": b"\0" * (MAX_SIZE + 1)})


@pytest.mark.parametrize(
    ("options", "payload", "said"),
    [
        ({"format": "json"}, '{"a":1}', "p: its JSON is no array"),
        ({"format": "json"}, "[1", "p: it is no json: "),
        ({"format": "jsonl"}, "1\n?\n", "p: its line 2 is no JSON"),
        ({"format": "csv"}, "a,b\n1\n", "p: record on line 2: wrong number of fields"),
        ({"format": "lines"}, 5, "p: 5 is no archive, a text is expected"),
        ({"format": "lines"}, None, "p: null is no archive, a text is expected"),
        ({"format": "zip"}, "é?", "p: it is no zip: "),
        ({"format": "zip"}, "abc", "p: it is no base64: "),
        ({"format": "zip"}, text(b"no zip"), "p: it is no zip: "),
        ({"format": "zip"}, text(zipped(PACKED)[:-30]), "p: it is no zip: "),
        ({"format": "tar"}, text(b"no tar"), "p: it is no tar: "),
        ({"format": "tar"}, text(tarred(PACKED)[:600]), "p: it is a tar that is damaged or cut off after 0 files"),
        ({"format": "tar"}, text(tarred({"a": b"x" * 2000})[:1000]), "p: it is a tar that is damaged"),
        ({"format": "zip"}, text(BOMB), f"p: what is in it is more than {MAX_SIZE} bytes"),
        (
            {"format": "lines", "compression": "gzip"},
            text(gzipped(b"\0" * (MAX_SIZE + 1))),
            "p: the result would be ",
        ),
        ({"format": "lines", "compression": "gzip"}, text(b"no gzip"), "p: gzip: "),
        ({"format": "zip", "max_records": 2}, text(zipped(PACKED)), "p: it holds more than 2 files"),
        ({"format": "json", "max_records": 2}, "[1,2,3]", "p would become 3 records, the limit is 2"),
    ],
)
def test_what_is_no_archive_or_too_much_of_one_is_a_letter(options: dict[str, Any], payload: Any, said: str) -> None:
    good = {"json": "[]", "jsonl": "", "csv": "", "lines": "", "zip": text(zipped({})), "tar": text(tarred({}))}
    fine = {} if "compression" in options else {"p": good[options["format"]]}
    output = apply("unarchive", {"field": "p", **options}, {"p": payload}, *([fine] if fine else []))
    assert failures(output)[0].startswith(said), failures(output)
    assert json.loads(output.dead[0].payload) == {"p": payload}
    assert output.counts["node"].filtered == bool(fine)


# the law of the ledger

RECORDS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a;b", "[1,2]", "x"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["i", "n", "o"]), inner, max_size=3),
    max_leaves=12,
)
POLICIES: st.SearchStrategy[OnError] = st.sampled_from(["dlq", "drop", "pass"])
WHENS = st.sampled_from([None, "this.n != 1", 'this.i.type() == "array"'])
MULTIPLIERS: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.sampled_from([
    ("split", {"field": "i"}),
    ("split", {"field": "i", "only": True}),
    ("split", {"field": "i", "separator": ";", "into": "o.p"}),
    ("split", {"field": "o.i", "keep_empty": True}),
    ("split", {"field": "i", "max_records": 2}),
    ("unarchive", {"format": "json", "field": "i"}),
    ("unarchive", {"format": "json", "field": "n", "into": "row"}),
])  # fmt: skip
OTHERS: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.sampled_from([
    ("cast", {"fields": {"i": "int", "n": "number"}}),
    ("filter", {"condition": "this.n != 2"}),
    ("filter", {"condition": "this.o"}),
    ("default", {"fields": {"i": [1, 2]}}),
    ("flatten", {}),
    ("delete", {"condition": "this.n == 1"}),
])  # fmt: skip


@st.composite
def chains(draw: st.DrawFn) -> list[Stretch]:
    """Two stretches that make several of one, fused with others, and a third one that does not."""
    made: list[Stretch] = []
    for number in range(3):
        kinds = [draw(OTHERS), *([draw(MULTIPLIERS)] if number < 2 else [])]
        together = [
            step
            for place, (stage, options) in enumerate(kinds)
            for step in steps(stage, options, node=f"{number}{place}", when=draw(WHENS), on_error=draw(POLICIES))
        ]
        made.append(build_stretch(together, {"out": ROWS}))
    return made


@settings(max_examples=150, deadline=None)
@given(chains(), st.lists(RECORDS, max_size=8), st.integers(1, 8))
def test_what_comes_in_and_is_made_passes_is_filtered_or_dies(
    chain: list[Stretch], records: list[Any], size: int
) -> None:
    at_once, letters = _through(chain, [rows(*records)] if records else [])
    cut = [rows(*records[at : at + size], start=at) for at in range(0, len(records), size)]
    in_parts, same_letters = _through(chain, cut)
    assert in_parts == at_once
    assert sorted(map(_place, letters)) == sorted(map(_place, same_letters))
    assert len(set(map(_place, letters))) == len(letters), "two letters have one id"


def _place(letter: Letter) -> tuple[Any, ...]:
    return letter.node, letter.position["offset"], letter.index, letter.code, letter.message


def _through(chain: Sequence[Stretch], batches: list[Batch]) -> tuple[list[Any], list[Letter]]:
    """What leaves the last stretch; every node's line is held against what came in and what left."""
    letters: list[Letter] = []
    for stage in chain:
        made: list[Batch] = []
        for each in batches:
            output = stage.apply(each)
            _check_counts(each.count, output)
            made += [left for _, left in output.batches]
            letters += output.dead
        batches = made
    return [value for each in batches for value in getattr(each.body, "values", ())], letters


def _check_counts(arrived: int, output: Output) -> None:
    for node, line in output.counts.items():
        assert came_in((line.passed, line.filtered, line.dead, line.made)) == arrived
        assert line.dead == sum(letter.node == node for letter in output.dead)
        assert min(line.passed, line.filtered, line.dead, line.made) >= 0
        arrived = line.passed
    assert arrived == sum(made.count for _, made in output.batches)


def test_csv_rows_can_be_split_too() -> None:
    made = stretch("split", {"field": "b", "separator": "|"}).apply(batch(b"1,x|y\n2,z\n", Format("csv", ("a", "b"))))
    assert values_of(made) == [{"a": "1", "b": "x"}, {"a": "1", "b": "y"}, {"a": "2", "b": "z"}]

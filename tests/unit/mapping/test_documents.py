"""Reading and writing documents: JSON, YAML, CSV, XML, MessagePack, URLs, forms, JSONPath."""

from __future__ import annotations

from typing import Any

import pytest

from conduix.errors import MappingError
from tests.unit.mapping.run import ev


def refused(expression: str, value: Any, part: str) -> None:
    with pytest.raises(MappingError) as caught:
        ev(expression, value)
    assert part in caught.value.message


class TestJson:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ('{"a":[1,2.5,null]}', {"a": [1, 2.5, None]}),
            (" 5 ", 5),
            ("12345678901234567", 12345678901234567),
            ('{"a":1} trailing', {"a": 1}),
            ('"x"', "x"),
        ],
    )
    def test_reading(self, text: str, value: Any) -> None:
        assert ev("this.parse_json()", text) == value

    @pytest.mark.parametrize("text", ["", "nope", "{", "NaN", "{'a': 1}", "[" * 2000])
    def test_what_is_no_json(self, text: str) -> None:
        refused("this.parse_json()", text, "failed to parse value as JSON")

    def test_writing(self) -> None:
        value = {"b": [1, {}], "a": "<é&>\u2028"}
        written = '{\n    "a": "\\u003cé\\u0026\\u003e\\u2028",\n    "b": [\n        1,\n        {}\n    ]\n}'
        assert ev("this.format_json().string()", value) == written
        assert ev('this.format_json("").string()', {"a": 1.0}) == '{"a":1}'
        assert ev("this.format_json(no_indent: true, escape_html: false).string()", {"a": "<"}) == '{"a":"<"}'


class TestYaml:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("a: 1\nb: [x, 2.5]", {"a": 1, "b": ["x", 2.5]}),
            ("- a\n- null", ["a", None]),
            ("1: x", {"1": "x"}),
            ("2020-08-14", "2020-08-14T00:00:00Z"),
            ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ],
    )
    def test_reading(self, text: str, value: Any) -> None:
        assert ev("this.parse_yaml()", text) == value

    @pytest.mark.parametrize("text", ["a: [", "!!python/object/apply:os.system [ls]", "a: b: c"])
    def test_what_is_no_yaml(self, text: str) -> None:
        refused("this.parse_yaml()", text, "failed to parse value as YAML")

    def test_aliases_that_explode(self) -> None:
        bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
        refused("this.parse_yaml()", bomb, "more than 200000 values")

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (
                {"b": [1, {"c": {"d": 1}, "e": 2}], "a": "yes"},
                'a: "yes"\nb:\n    - 1\n    - c:\n        d: 1\n      e: 2\n',
            ),
            ([["x", 1.5], [], {}, None, True], "- - x\n  - 1.5\n- []\n- {}\n- null\n- true\n"),
            (
                {"t": "two\nlines", "n": "5", "e": "", "c": "a: b", "u": "é"},
                'c: \'a: b\'\ne: ""\nn: "5"\nt: |-\n    two\n    lines\nu: é\n',
            ),
            ("plain", "plain\n"),
        ],
    )
    def test_writing(self, value: Any, text: str) -> None:
        assert ev("this.format_yaml().string()", value) == text
        assert ev("this.format_yaml().parse_yaml()", value) == value


class TestCsv:
    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
            ('"x ""y""",z', [['x "y"', "z"]]),
            ('"line\nbreak",2', [["line\nbreak", "2"]]),
            ("a\r\n\r\nb\r\n", [["a"], ["b"]]),
            ("a,\n,b", [["a", ""], ["", "b"]]),
        ],
    )
    def test_reading(self, text: str, rows: list[list[str]]) -> None:
        assert ev("this.parse_csv(false)", text) == rows

    def test_other_delimiters(self) -> None:
        assert ev('this.parse_csv(delimiter: ";")', "a;b\n1;2") == [{"a": "1", "b": "2"}]
        refused('this.parse_csv(delimiter: "ab")', "x", "exactly one character")

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("a,b\n1,2,3", "record on line 2: wrong number of fields"),
            ('a"b', 'bare " in non-quoted-field'),
            ('"a"b', 'extraneous or missing " in quoted-field'),
            ('"a', "quoted-field"),
            ("", "zero records"),
        ],
    )
    def test_wrong_rows(self, text: str, reason: str) -> None:
        refused("this.parse_csv(false)", text, reason)

    def test_lazy_quotes(self) -> None:
        assert ev("this.parse_csv(parse_header_row: false, lazy_quotes: true)", 'a "b",c\n"d"e",f') == [
            ['a "b"', "c"],
            ['d"e', "f"],
        ]


class TestXml:
    @pytest.mark.parametrize(
        ("text", "value"),
        [("<r><t>x</t><t>y</t></r>", {"r": {"t": ["x", "y"]}}),
        ('<r a="1" b=\'2\' c=3>t</r>', {"r": {"-a": "1", "-b": "2", "-c": "3", "#text": "t"}}),
         ("<?xml version='1.0'?><!-- c --><!DOCTYPE r [<!ENTITY x 'y'>]><r/>", {"r": ""}),
         ("<r><![CDATA[<x>&]]></r>", {"r": "<x>&"}), ("<r>&lt;&#65;&unknown;</r>", {"r": "<A&unknown;"}),
         ("<n:r xmlns:n='u'><n:a/></n:r>", {"r": {"-n": "u", "a": ""}})],
    )  # fmt: skip
    def test_reading(self, text: str, value: Any) -> None:
        assert ev("this.parse_xml()", text) == value

    def test_casting(self) -> None:
        assert ev("this.parse_xml(cast: true)", '<r id="9"><b>True</b><f>1.5</f><s>x</s></r>') == {
            "r": {"-id": 9, "b": True, "f": 1.5, "s": "x"}
        }

    @pytest.mark.parametrize("text", ["", "text", "<a>", "<a></b>", "<a", "<a><b></a></b>", "<a>" * 500])
    def test_what_is_no_xml(self, text: str) -> None:
        refused("this.parse_xml()", text, "failed to parse value as XML")

    def test_writing(self) -> None:
        value = {"r": {"-id": 1, "#text": "a<b", "l": [1, {"x": None}]}}
        assert ev("this.format_xml(no_indent: true).string()", value) == '<r id="1">a&lt;b<l>1</l><l><x/></l></r>'
        assert ev('this.format_xml("  ").string()', {"a": 1, "b": "x"}) == "<doc>\n  <a>1</a>\n  <b>x</b>\n</doc>"


class TestMsgpack:
    def test_round_trip(self) -> None:
        value = {"a": [1, -5, 2.5, "x", None, True], "b": {"c": "y"}}
        assert ev("this.format_msgpack().parse_msgpack()", value) == value

    def test_keys_become_text_and_unknown_types_are_refused(self) -> None:
        assert ev('this.decode("hex").parse_msgpack()', "810102") == {"1": 2}
        refused('this.decode("hex").parse_msgpack()', "d40100", "a value of type Ext")
        refused('this.decode("hex").parse_msgpack()', "81", "failed to parse value as MessagePack")


class TestUrls:
    def test_all_parts(self) -> None:
        assert ev("this.parse_url()", "HTTPS://bob:p%20w@example.com:8080/a%2Fb/c?x=1&y#f%20g") == {
            "scheme": "https", "opaque": "", "host": "example.com:8080", "path": "/a/b/c", "raw_path": "/a%2Fb/c",
            "raw_query": "x=1&y",
            "fragment": "f g", "raw_fragment": "", "user": {"name": "bob", "password": "p w"},
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("url", "name", "value"),
        [
            ("mailto:a@b.c", "opaque", "a@b.c"),
            ("/just/path", "path", "/just/path"),
            ("http://[::1]:80/", "host", "[::1]:80"),
            ("//host/x", "host", "host"),
            ("http://h", "path", ""),
            ("a/b?q", "raw_query", "q"),
        ],
    )
    def test_one_part(self, url: str, name: str, value: str) -> None:
        assert ev("this.parse_url()", url)[name] == value

    @pytest.mark.parametrize(
        ("url", "reason"),
        [("invalid %&# url", 'parse "invalid %&": invalid URL escape "%&"'),
        ("http://h:port/", 'invalid port ":port" after host'), (":x", "missing protocol scheme"),
        ("a:b:c/\x01", "control character"),
         ("1a:b", "first path segment in URL cannot contain colon")],
    )  # fmt: skip
    def test_a_wrong_one(self, url: str, reason: str) -> None:
        refused("this.parse_url()", url, reason)

    def test_forms(self) -> None:
        assert ev("this.parse_form_url_encoded()", "a=1&b=x+y%21&b=&c") == {"a": "1", "b": ["x y!", ""], "c": ""}
        refused("this.parse_form_url_encoded()", "a=%zz", "invalid URL escape")


BOOK = {
    "store": {
        "book": [{"t": "A", "p": 8, "tags": ["x"]}, {"t": "B", "p": 22}, {"t": "C", "p": 9, "isbn": "1"}],
        "bike": {"p": 20},
    }
}


class TestJsonPath:
    @pytest.mark.parametrize(
        ("path", "value"),
        [("$.store.book[0].t", "A"), ("$['store']['bike'].p", 20), ("$.store.book[-1].t", "C"),
        ("$.store.book[*].t", ["A", "B", "C"]), ("$..p", [8, 22, 9, 20]), ("$.store.book[0:2].t", ["A", "B"]),
         ("$.store.book[0,2].t", ["A", "C"]), ("$.store.book[?(@.p < 10)].t", ["A", "C"]),
         ("$.store.book[?(@.isbn)].t", ["C"]), ("$.store.book[?(@.p > 8 && @.p < 20)].t", ["C"]),
         ("$.store.book[?(@.t == 'A' || @.t == \"B\")].p", [8, 22]),
         ("$.store.book[?(@.p > $.store.bike.p)].t", ["B"]), ("$.store.book[?(!@.isbn)].t", ["A", "B"]),
         ("$.store.book[?(@.t =~ '^[AB]$')].t", ["A", "B"]), ("$.store['bike','none']", [{"p": 20}]), ("$", BOOK),
         ("$.store.bike.*", [20])],
    )  # fmt: skip
    def test_what_is_found(self, path: str, value: Any) -> None:
        assert ev(f'this.json_path("""{path}""")', BOOK) == value

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("$.nope", "unknown key"),
            ("store", "begins with `$`"),
            ("$.store[", "unexpected `[`"),
            ("$[?(x)]", "no condition"),
            ("$[0:1:0]", "cannot be 0"),
        ],
    )
    def test_a_wrong_path(self, path: str, reason: str) -> None:
        with pytest.raises(MappingError) as caught:
            ev("this.value.json_path(this.path)", {"value": BOOK, "path": path})
        assert reason in caught.value.message


class TestInnerMapping:
    def test_it_runs_on_the_target(self) -> None:
        assert ev("this.v.bloblang(this.m)", {"v": {"a": 1}, "m": "root.b = this.a + 1"}) == {"b": 2}
        assert ev('this.bloblang("let x = 1")', 5) == 5

    def test_a_wrong_one_is_a_mapping_error(self) -> None:
        refused("this.v.bloblang(this.m)", {"v": 1, "m": "root = ("}, "never closed")


def test_big_decimals() -> None:
    assert ev('this.decode("base64").parse_big_decimal(scale: 0)', "MDk=") == "12345"
    refused("this.parse_big_decimal(scale: 20000)", "x", "scale must be between")
    refused("this.parse_big_decimal(scale: 2)", "", "empty bytes")

"""VRL's own functions at their edges; their declarations have the usual cases as examples."""

from __future__ import annotations

from typing import Any

import pytest

from conduix.errors import MappingError
from conduix.mapping import parse_remap
from conduix.mapping.interpret import Interpreter
from conduix.mapping.values import plain
from tests.unit.mapping.run import same


def value_of(expression: str, value: Any = None) -> Any:
    return plain(Interpreter(parse_remap(f".r = {expression}")).run({"v": value}).value["r"])


_NGINX_ERROR = (
    '2021/04/01 13:02:31 [error] 31#32: *1 open() "/x" failed (2: No such file), client: 172.17.0.1, '
    'server: localhost, request: "POST /x HTTP/1.1", host: "localhost:8081"'
)

RESULTS: list[tuple[str, Any, Any]] = [
    # types
    ("is_integer(.v)", 1.0, False), ("is_float(.v)", 1.5, True), ("is_integer(.v)", True, False),
    ("is_nullish(.v)", "  ", True), ("is_nullish(.v)", 0, False), ("is_empty(.v)", {}, True),
    ("is_json(.v)", "{", False), ("is_null(.missing)", None, True),
    ("to_string!(.v)", None, ""), ("to_string!(.v)", True, "true"), ("to_int!(.v)", None, 0), ("to_int!(.v)", True, 1),
    ("to_int!(.v)", -2.9, -2), ("to_int!(.v)", "1e3", 1000), ("to_float!(.v)", "0.5", 0.5),
    ('to_int!(parse_timestamp!(.v, "%Y"))', "1971", 31_536_000), ("to_bool!(.v)", "Yes", True),
    ("to_bool!(.v)", "n", False), ("to_bool!(.v)", 0.0, False), ("to_bool!(.v)", None, False),
    ('to_int(.v) ?? "none"', [], "none"), ("float!(.v)", 1, 1), ("string(.v) ?? 0", 5, 0),
    # texts
    ('contains(.v, "STR", case_sensitive: false)', "Straße", True), ('contains(.v, "x")', "abc", False),
    ('starts_with(.v, "É", false)', "école", True), ('contains_all(.v, ["a", "z"])', "abc", False),
    ('replace(.v, "a", "b", 0)', "aa", "aa"), ('replace(.v, "a", "b", count: 1)', "aa", "ba"),
    ("replace(.v, r'(?P<x>[a-z])', \"<$x>\")", "a1", "<a>1"),
    ('split(.v, "")', "añ", ["a", "ñ"]), ('split(.v, ",", 1)', "a,b", ["a,b"]), ('split(.v, ",", 0)', "a", []),
    ("split(.v, r'\\s+', limit: 2)", "a  b c", ["a", "b c"]), ("split(.v, r'z')", "abc", ["abc"]),
    ('find(.v, "z")', "abc", -1), ('find(.v, "a", 1)', "aba", 2), ("truncate(.v, 9)", "abc", "abc"),
    ("truncate(.v, -1)", "abc", ""), ("strlen(.v)", "añ", 2), ("length(.v)", "añ", 3),
    ("snakecase(.v)", "HTTPServerName", "http_server_name"), ("camelcase(.v)", "", ""),
    ("kebabcase(.v)", "someID2go", "some-id-2-go"), ("basename!(.v)", "/a/b/", "b"), ("dirname!(.v)", "/a", "/"),
    ("dirname!(.v)", "a", "."), ("match_any(.v, [])", "a", False),
    ("parse_regex!(.v, r'(?P<a>x)|(?P<b>y)')", "y", {"a": None, "b": "y"}),
    ("parse_regex_all!(.v, r'(?P<a>z)')", "y", []), ("match(.v, r'^a\\d$')", "a1", True),
    # numbers
    ("round(.v, 1)", 2.25, 2.3), ("round(.v)", 5.5, 6), ("round(.v, precision: -1)", 25.5, 30), ("ceil(.v)", -0.5, 0),
    ("floor(.v, precision: 1)", -0.51, -0.6), ("mod(.v, 3)", 7.5, 1.5), ("mod(.v, -3)", -7, -1),
    ("format_int!(.v, 16)", -255, "-ff"), ("format_int!(.v)", 0, "0"), ("parse_int!(.v)", "0xff", 255),
    ("parse_int!(.v)", "-0b11", -3), ("parse_int!(.v)", "0755", 493), ("parse_int!(.v, 8)", "755", 493),
    ("format_number(.v)", 1234.5, "1234.5"), ("format_number(.v, 0)", -1.9, "-1"),
    ('format_number(.v, 3, grouping_separator: ",")', 1e6, "1,000,000.000"),
    ("format_number(.v)", 1e21, "1" + "0" * 21),
    ('parse_duration!(.v, "ms")', "1h 2s", 3_602_000), ('parse_duration!(.v, "h")', "90m", 1.5),
    ('to_unix_timestamp(.v, unit: "nanoseconds")', "1970-01-01T00:00:01Z", 10**9),
    ('from_unix_timestamp!(.v, "milliseconds")', 1500, "1970-01-01T00:00:01.5Z"),
    ('format_timestamp!(.v, "%H:%M", timezone: "Europe/Berlin")', "2020-08-14T00:00:00Z", "02:00"),
    # arrays and objects
    ('merge(.v, {"a": null})', {"a": {"b": 1}}, {"a": None}),
    ('flatten(.v, "_")', {"a": {"b": {"c": 1}}}, {"a_b_c": 1}),
    ("unflatten(.v)", {"a.b": 1, "a.c.d": 2, "e": {"f.g": 3}}, {"a": {"b": 1, "c": {"d": 2}}, "e": {"f": {"g": 3}}}),
    ("unflatten(.v, recursive: false)", {"e": {"f.g": 3}}, {"e": {"f.g": 3}}),
    ("compact(.v)", [None, "", 0, False, [], {"a": {}}], [0, False]),
    ("compact(.v, recursive: false, string: false)", ["", [None], None], ["", [None]]),
    ("compact(.v, nullish: true)", ["-", " ", "a"], ["a"]), ("includes(.v, 1)", [1.0], True),
    ("includes(.v, true)", [1], False), ("pop(.v)", [], []), ("chunks(.v, 2)", [1, 2, 3], [[1, 2], [3]]),
    ("zip(.v, [1])", ["a", "b"], [["a", 1]]),
    ("object_from_array(.v)", [["a", 1], [None, 2], ["b"]], {"a": 1, "b": None}),
    ('get!(.v, ["a", 0, "b"])', {"a": [{"b": 5}]}, 5), ('get!(.v, ["a", 9])', {"a": []}, None),
    ('get!(.v, ["a", "b"])', {"a": 5}, None), ('set!(.v, ["l", 2], 1)', {"l": [0]}, {"l": [0, None, 1]}),
    ('set!(.v, ["l", -1], 9)', {"l": [0, 1]}, {"l": [0, 9]}), ('set!(.v, ["a", "b"], 1)', {"a": 5}, {"a": {"b": 1}}),
    ('remove!(.v, ["l", 0])', {"l": [1, 2]}, {"l": [2]}), ('remove!(.v, ["x", "y"])', {"x": {}}, {"x": {}}),
    ('remove!(.v, ["a"])', {"a": None}, {}), ("join!(.v)", ["a", "b"], "ab"), ("unique(.v)", [1, 1, "1"], [1, "1"]),
    ("append(.v, [2])", [1], [1, 2]), ("keys(.v)", {"b": 1, "a": 2}, ["a", "b"]),
    # encodings and hashes
    ('encode_base64(.v, padding: false, charset: "url_safe")', "a?>>", "YT8-Pg"),
    ('decode_base64!(.v, charset: "url_safe")', "YT8-Pg", "a?>>"), ("decode_base64!(.v)", "/w==", "/w=="),
    ("decode_percent!(.v)", "a+b%20c", "a+b c"), ('encode_csv!(.v, "|")', ["a|b", None, 1.5], '"a|b"||1.5'),
    ("encode_logfmt(.v)", {"b": {"c": "x=y"}, "a": ""}, 'a="" b.c="x=y"'), ("encode_json(.v)", [1.0, "é"], '[1,"é"]'),
    ("encode_json(.v, pretty: true)", {"a": 1}, '{\n  "a": 1\n}'),
    ("sha2(.v)", "", "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a"),
    ('crc(.v, algorithm: "CRC_32_ISCSI")', "123456789", str(0xE3069283)),
    ("xxhash(.v)", "Nobody inspects the spammish repetition", 0xE2293B2F), ("xxhash(.v)", "abc", 0x32D153FF),
    ("decode_base16!(encode_base16(encode_gzip(.v))) == null", "x", False),
    ("decode_zstd!(encode_zstd(.v))", "añ", "añ"),
    # documents
    ("parse_csv!(.v)", "", []), ("parse_csv!(.v)", 'a,"b\nc"', ["a", "b\nc"]), ('parse_csv!(.v, ";")', "a;", ["a", ""]),
    ("parse_query_string(.v)", "a&b=&c=%20", {"a": "", "b": "", "c": " "}),
    ("parse_url!(.v)", "http://u:p%40@h:81?a=1&b", {
        "scheme": "http", "username": "u", "password": "p@", "host": "h", "port": 81, "path": "/",
        "query": {"a": "1", "b": ""}, "fragment": None}),
    ("parse_url!(.v, default_known_ports: true).port", "https://h/", 443),
    ("parse_key_value!(.v)", "a=1 a=2 b='x y' c", {"a": ["1", "2"], "b": "x y", "c": True}),
    ('parse_key_value!(.v, ":", ",")', ' a: 1, b : "x,y" ', {"a": "1", "b": "x,y"}),
    ("parse_logfmt!(.v)", 'k="a\\"b\\n" z=', {"k": 'a"b\n', "z": ""}),
    # logs
    ("parse_common_log!(.v)", '::1 - - [10/Oct/2000:13:55:36 +0000] "-" 408 -',
     {"host": "::1", "timestamp": "2000-10-10T13:55:36Z", "status": 408}),
    ('parse_apache_log!(.v, "combined")',
     '1.2.3.4 - bob [20/Jan/2021:12:00:03 +0000] "DELETE /x HTTP/2" 404 5 "http://r/" "Mozilla/5.0"',
     {"host": "1.2.3.4", "user": "bob", "timestamp": "2021-01-20T12:00:03Z", "message": "DELETE /x HTTP/2",
      "method": "DELETE", "path": "/x", "protocol": "HTTP/2", "status": 404, "size": 5, "referrer": "http://r/",
      "agent": "Mozilla/5.0"}),
    ('parse_apache_log!(.v, "error").timestamp',
     "[Wed Oct 11 14:32:52.000001 2000] [error] no", "2000-10-11T14:32:52.000001Z"),
    ('parse_nginx_log!(.v, "error")',
     _NGINX_ERROR,
     {"timestamp": "2021-04-01T13:02:31Z", "severity": "error", "pid": 31, "tid": "32", "cid": 1,
      "message": 'open() "/x" failed (2: No such file)', "client": "172.17.0.1", "server": "localhost",
      "request": "POST /x HTTP/1.1", "host": "localhost:8081"}),
    ("parse_syslog!(.v).message", "<34>Oct 11 22:14:15 mymachine su[230]: 'su root' failed", "'su root' failed"),
    ("parse_syslog!(.v)", '<165>1 2003-10-11T22:14:15Z - app - - [a@1 x="1\\]"][b y="2"]',
     {"facility": "local4", "severity": "notice", "version": 1, "timestamp": "2003-10-11T22:14:15Z", "appname": "app",
      "a@1": {"x": "1]"}, "b": {"y": "2"}}),
    # networks
    ('ip_cidr_contains!(["10.0.0.0/8", "::1/128"], .v)', "::1", True),
    ('ip_cidr_contains!("10.0.0.0/8", .v)', "11.0.0.1", False),
    ('ip_subnet!(.v, "/32")', "2404:6800:4003:c02::64", "2404:6800::"), ("is_ipv4(.v)", "1.2.3", False),
    ("ip_ntoa!(ip_aton!(.v))", "255.255.255.255", "255.255.255.255"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "value", "result"), RESULTS)
def test_a_result(expression: str, value: Any, result: Any) -> None:
    assert same(value_of(expression, value), result)


FAILURES: list[tuple[str, Any, str]] = [
    ("int!(.v)", 1.5, "expected integer value, got number"), ("timestamp!(.v)", "2020", "expected timestamp value"),
    ("to_string!(.v)", [], "expected string, number, boolean, timestamp or null"),
    ("to_int!(.v)", "x", "is not a number"),
    ("to_bool!(.v)", "maybe", '"maybe" is not a boolean'), ('assert!(.v == 1, "one!")', 2, "one!"),
    ("assert_eq!(.v, 1)", 2, "assertion failed: 2 == 1"), ('get_env_var!("HOME")', None, "is not allowed"),
    ("random_int(5, 5)", None, "max must be greater than min"), ("is_empty(.v)", 5, "expected string, array or object"),
    ("contains(.v, 5, true)", "a", "field substring: wrong argument type, expected string, got number"),
    ("parse_regex!(.v, r'z')", "a", "could not find any pattern matches"),
    ("split(.v, r'(')", "a", "error parsing regexp"),
    ("mod(.v, 0)", 1, "divisor of 0"), ("format_int!(.v, 37)", 1, "invalid base 37"),
    ("parse_int!(.v)", "1_0", "could not parse integer"), ("parse_int!(.v)", "9" * 30, "does not fit into 64 bits"),
    ('parse_duration!(.v, "s")', "1 fortnight", "unable to parse duration"),
    ('parse_duration!(.v, "w")', "1s", "unknown unit of a duration w"),
    ('to_unix_timestamp(.v, "days")', 1, "unknown unit days"), ("flatten(.v)", 5, "expected object value"),
    ("compact(.v)", 5, "expected array or object value"), ("chunks(.v, 0)", [], "at least 1"),
    ("object_from_array(.v)", [1], "a key and a value"),
    ("tally!(.v)", [1], "all values must be strings, found number"),
    ('set!(.v, ["a", 99999999], 1)', {}, "the limit is 10000000"), ("remove!(.v, [])", {}, "at least one name"),
    ("join!(.v)", [1], "all array items must be strings"), ('decode_base64!("?")', None, "illegal base64 data"),
    ('encode_base64("", charset: "x")', None, "unknown charset x"), ('decode_gzip!("abc")', None, "gzip: "),
    ('encode_csv!([], "ab")', None, "one character"), ('sha2("", "SHA-1")', None, "unknown variant SHA-1"),
    ('hmac("", "", "x")', None, "unknown variant x"), ('crc("", "x")', None, "unknown algorithm x"),
    ('xxhash("", "XXH3")', None, "unknown variant XXH3"), ("parse_csv!(.v)", '"a', "invalid csv record"),
    ("parse_url!(.v)", "no url", "relative URL without a base"),
    ("parse_url!(.v)", "http://h:x/", "unable to parse url"),
    ("parse_key_value!(.v)", "", "no key and value"), ("parse_key_value!(.v)", 'a="x', "never closed"),
    ("parse_key_value!(.v, accept_standalone_key: false)", "a", "`a` stands alone"),
    ("parse_common_log!(.v)", "no", "failed parsing common log line: no"),
    ('parse_apache_log!(.v, "json")', "", "unknown format json"), ("parse_syslog!(.v)", "no", "unable to parse syslog"),
    ("ip_aton!(.v)", "::1", "no address of version 4"), ("ip_ntoa!(.v)", -1, "from 0 to 4294967295"),
    ('ip_cidr_contains!("x", .v)', "::1", 'unable to parse CIDR "x"'),
    ("ip_version!(.v)", "x", 'unable to parse IP address "x"'),
    ("ipv6_to_ipv4!(.v)", "2001:db8::1", "not compatible with IPv4"),
    ("to_int!(.v)", 1e300, "does not fit into 64 bits"), ("parse_int!(.v)", "\u0663", "could not parse integer"),
    ("get!(.v, [{}])", [1], "expected number value, got object"), ("set!(.v, [null], 1)", [1], "expected number value"),
    ("set!({}, .v, 1)", ["a"] * 201, "a path of 201 names is longer than 200"),
    ("unflatten(.v)", {".".join("a" * 300): 1}, "a path of 300 names is longer than 200"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "value", "part"), FAILURES)
def test_a_failure_says_why(expression: str, value: Any, part: str) -> None:
    with pytest.raises(MappingError) as caught:
        value_of(expression, value)
    assert part in caught.value.message
    assert caught.value.line == 1


def test_many_pairs_take_time_by_their_number_only() -> None:
    assert value_of("parse_key_value!(.v)", "a " * 30_000) == {"a": [True] * 30_000}
    assert value_of("parse_query_string(.v)", "a=1&" * 30_000) == {"a": ["1"] * 30_000}


def test_random_values_stay_in_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUIX_ALLOW_ENV", "REGION")
    monkeypatch.setenv("REGION", "eu")
    assert all(3 <= value_of("random_int(3, 5)") < 5 for _ in range(20))
    assert all(0 <= value_of("random_float(0, 0.5)") <= 0.5 for _ in range(20))
    assert value_of("random_bool()") in {True, False}
    assert value_of('get_env_var!("REGION")') == "eu"

"""Reading documents out of texts, and writing values as documents."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import orjson

from conduix.errors import MappingError
from conduix.mapping.functions import csv_form, pair_form, url_form, xml_form
from conduix.mapping.functions.adoption import adopt
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.functions.jsonpath import finder
from conduix.mapping.functions.url_text import unescape_url_query
from conduix.mapping.values import NOTHING, WrongType, data, encode_json, plain, refuse_giant, text

family = Family("parsing")


@family.method("parse_json", "The value of a JSON text.",
               Parameter("use_number", "bool", "Kept for mappings that give it; numbers are exact anyway.", None),
               examples=(("root.a = this.a.parse_json()", '{"a":"{\\"b\\":1}"}', '{"a":{"b":1}}'),))  # fmt: skip
def parse_json(value: Any, _use_number: bool | None = None) -> Any:
    """The first value of the text; what follows it is not looked at."""
    raw = data(value)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _first_value(raw, error)


def _first_value(raw: bytes, whole: orjson.JSONDecodeError) -> Any:
    try:
        decoded = raw.decode("utf-8").lstrip(" \t\r\n")
        _, end = json.JSONDecoder().raw_decode(decoded)
        return orjson.loads(decoded[:end])
    except (ValueError, RecursionError):
        raise MappingError(f"failed to parse value as JSON: {whole}") from whole


@family.method("format_json", "The value as JSON bytes, indented by four spaces.",
               Parameter("indent", "string", "What each level is indented by.", "    "),
               Parameter("no_indent", "bool", "Whether all stands in one line.", False),
               Parameter("escape_html", "bool", "Whether `<`, `>` and `&` are escaped.", True),
               examples=(("root.a = this.a.format_json(no_indent: true).string()", '{"a":{"b":1}}',
                          '{"a":"{\\"b\\":1}"}'),))  # fmt: skip
def format_json(value: Any, indent: str, no_indent: bool, escape_html: bool) -> bytes:
    """The JSON, keys sorted."""
    if no_indent or not indent:
        written = encode_json(value, sort_keys=True).decode()
    else:
        encode_json(value)  # refuses what is no JSON with the same words
        written = json.dumps(plain(value), indent=indent, sort_keys=True, ensure_ascii=False)
    if escape_html:
        for character in "<>&":
            written = written.replace(character, f"\\u{ord(character):04x}")
    written = written.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    refuse_giant(len(written))
    return written.encode()


@family.method("parse_yaml", "The value of a YAML text.",
               examples=(("root.a = this.a.parse_yaml()", '{"a":"b: [1, x]"}', '{"a":{"b":[1,"x"]}}'),))  # fmt: skip
def parse_yaml(value: Any) -> Any:
    """The value of the one document."""
    from conduix.mapping.functions.yaml_form import read  # noqa: PLC0415 - few mappings need YAML, and it loads slowly

    return read(data(value))


@family.method("format_yaml", "The value as YAML bytes.",
               examples=(("root.a = this.a.format_yaml().string()", '{"a":{"b":1}}', '{"a":"b: 1\\n"}'),))  # fmt: skip
def format_yaml(value: Any) -> bytes:
    """The YAML, keys sorted."""
    from conduix.mapping.functions.yaml_form import write  # noqa: PLC0415 - see parse_yaml

    return write(plain(value))


@family.method("parse_msgpack", "The value of MessagePack bytes.",
               examples=(('root.a = this.a.decode("hex").parse_msgpack()', '{"a":"81a1620a"}',
                         '{"a":{"b":10}}'),))  # fmt: skip
def parse_msgpack(value: Any) -> Any:
    """The value."""
    try:
        decoded = msgspec.msgpack.decode(data(value))
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise MappingError(f"failed to parse value as MessagePack: {error}") from error
    return adopt(decoded)


@family.method("format_msgpack", "The value as MessagePack bytes.",
               examples=(('root.a = this.a.format_msgpack().encode("hex")', '{"a":{"b":10}}',
                         '{"a":"81a1620a"}'),))  # fmt: skip
def format_msgpack(value: Any) -> bytes:
    """The bytes."""
    try:
        return msgspec.msgpack.encode(plain(value))
    except (OverflowError, ValueError, RecursionError) as error:
        raise MappingError(f"the value cannot be written as MessagePack: {error}") from error


_TREE = Parameter("cast", "bool", "Whether numbers and bools are read from their texts.", False)


@family.method("parse_xml", "The elements of an XML text as objects: attributes are `-name`, text beside them `#text`.",
               _TREE,
               examples=(("root.a = this.a.parse_xml()", '{"a":"<r><t>x</t></r>"}', '{"a":{"r":{"t":"x"}}}'),
                         ("root.a = this.a.parse_xml(true)", '{"a":"<r id=\\"9\\">1</r>"}',
                          '{"a":{"r":{"-id":9,"#text":1}}}')))  # fmt: skip
def parse_xml(value: Any, cast: bool) -> dict[str, Any]:
    """The root element."""
    return xml_form.read(text(value), cast=cast)


@family.method("format_xml", "The value as XML bytes, indented by four spaces.",
               Parameter("indent", "string", "What each level is indented by.", "    "),
               Parameter("no_indent", "bool", "Whether all stands in one line.", False),
               examples=(("root.a = this.a.format_xml(no_indent: true).string()", '{"a":{"r":{"t":"x"}}}',
                          '{"a":"<r><t>x</t></r>"}'),))  # fmt: skip
def format_xml(value: Any, indent: str, no_indent: bool) -> bytes:
    """The XML, keys sorted."""
    return xml_form.write(value, None if no_indent else indent).encode()


@family.method("parse_csv", "The rows of a CSV text, as objects by the names in the first row.",
               Parameter("parse_header_row", "bool", "Whether the first row holds names; else rows are arrays.", True),
               Parameter("delimiter", "string", "The character between fields.", ","),
               Parameter("lazy_quotes", "bool", "Whether quotes may stand within fields.", False),
               examples=(("root.a = this.a.parse_csv()", '{"a":"x,y\\n1,2"}', '{"a":[{"x":"1","y":"2"}]}'),
                         ("root.a = this.a.parse_csv(false)", '{"a":"1,2"}', '{"a":[["1","2"]]}')))  # fmt: skip
def parse_csv(value: Any, parse_header_row: bool, delimiter: str, lazy_quotes: bool) -> list[Any]:
    """One object or array a row; rows of another length than the first are an error."""
    if len(delimiter) != 1:
        raise MappingError("delimiter value must be exactly one character")
    rows = csv_form.read(text(value), delimiter, lazy=lazy_quotes)
    if not rows:
        raise MappingError("zero records were parsed")
    if not parse_header_row:
        return list(rows)
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


@family.method("parse_form_url_encoded", "The fields of a URL-encoded form; several values of one name as an array.",
               examples=(("root.a = this.a.parse_form_url_encoded()", '{"a":"x=1&y=2&y=3"}',
                          '{"a":{"x":"1","y":["2","3"]}}'),))  # fmt: skip
def parse_form_url_encoded(value: Any) -> dict[str, Any]:
    """One field a name."""
    form = text(value)
    if ";" in form:
        raise MappingError("failed to parse value as url-encoded data: invalid semicolon separator in query")
    unescape_url_query(form)  # refuses wrong escapes
    found: dict[str, Any] = {}
    refuse_giant(form.count("&") * 100)
    for name, item in parse_qsl(form, keep_blank_values=True):
        found.setdefault(name, []).append(item)
    return {name: items[0] if len(items) == 1 else items for name, items in found.items()}


@family.method("parse_url", "The parts of a URL.",
               examples=(("root.a = this.a.parse_url().host", '{"a":"https://example.com/x"}',
                         '{"a":"example.com"}'),))  # fmt: skip
def parse_url(value: Any) -> dict[str, Any]:
    """scheme, opaque, host, path, raw_path, raw_query, fragment, raw_fragment, and user where it has one."""
    return url_form.read(text(value))


@family.method("json_path", "What a JSONPath finds in the value.",
               Parameter("expression", "string", "The path, such as `$.items[?(@.n > 1)]`."),
               prepare=finder,
               examples=(("root.a = this.json_path(\"$.b[?(@.t=='x')].n\")", '{"b":[{"t":"x","n":1},{"t":"y"}]}',
                          '{"a":[1]}'),))  # fmt: skip
def json_path(value: Any, expression: str) -> Any:
    """One value for a plain path, an array where the path may find several."""
    return finder(expression)(value)


@lru_cache(maxsize=32)
def _inner(source: str) -> Any:
    from conduix.mapping import parse_mapping  # noqa: PLC0415 - the language needs its functions first
    from conduix.mapping.interpret import Interpreter  # noqa: PLC0415 - as above

    return Interpreter(parse_mapping(source))


@family.method("bloblang", "Runs a mapping that is itself a value.", Parameter("mapping", "string", "Its text."),
               examples=(('root.a = this.a.bloblang("root = this.b")', '{"a":{"b":1}}', '{"a":1}'),))  # fmt: skip
def bloblang(value: Any, source: str) -> Any:
    """What the mapping makes of the target; the target where it assigns nothing."""
    made = _inner(source).run(value).value
    return value if made is NOTHING else made


@family.method("parse_big_decimal", "The decimal of big-endian two's complement bytes, as Kafka Connect writes it.",
               Parameter("scale", "integer", "How many digits stand after the point."),
               examples=(('root.a = this.a.decode("base64").parse_big_decimal(scale: 2)', '{"a":"MDk="}',
                          '{"a":"123.45"}'),))  # fmt: skip
def parse_big_decimal(value: Any, scale: int) -> str:
    """The decimal as text."""
    if not 0 <= scale <= 16383:
        raise MappingError(f"scale must be between 0 and 16383, got {scale}")
    raw = data(value)
    if not raw:
        raise MappingError("cannot parse empty bytes as big decimal")
    if len(raw) > 1024:
        raise MappingError(f"a decimal of {len(raw)} bytes is longer than 1024")
    unscaled = int.from_bytes(raw, "big", signed=True)
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    point = len(digits) - scale
    sign = "-" if unscaled < 0 else ""
    return f"{sign}{digits[:point]}.{digits[point:]}" if scale else f"{sign}{digits}"


_NONCHARACTER = re.compile("[\ufdd0-\ufdef]|" + "|".join(f"[{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}]"
                                                          for plane in range(0, 0x110000, 0x10000)))  # fmt: skip


@family.method("is_unicode", "Whether bytes are valid UTF-8 without noncharacters.",
               examples=(('root.a = this.a.decode("base64").is_unicode()', '{"a":"//4A"}',
                         '{"a":false}'),))  # fmt: skip
def is_unicode(value: Any) -> bool:
    """Whether they are."""
    try:
        return _NONCHARACTER.search(data(value).decode("utf-8")) is None
    except UnicodeDecodeError:
        return False
    except WrongType as error:
        raise WrongType("bytes", value) from error


@family.method("parse_logfmt", "The pairs of a text of logfmt.",
               examples=(("root = this.a.parse_logfmt()", '{"a":"level=info msg=\\"hello world\\" dur=1.5s"}',
                          '{"level":"info","msg":"hello world","dur":"1.5s"}'),))  # fmt: skip
def parse_logfmt(value: Any) -> dict[str, str]:
    """Texts by key; a key that stands alone has an empty one, of a key that comes twice the last one holds."""
    line = text(value)
    refuse_giant(len(line))
    return {key: found or "" for key, found in pair_form.pairs(" ".join(line.splitlines()), "=", " ")}

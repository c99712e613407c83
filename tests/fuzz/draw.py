"""Draws JSON: the values, and the lines of bytes that stand for records, good and bad."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

TEXTS = (
    "", "a", "active", "x y", "a,b;c", "a.b", "a-b-c", "Straße", "é\u2028", "\U0001f600", "e\u0301", "\x00", "\x7f",
    "12", "-1.5", "007", " 5", "1e3", "0x1F", "NaN", "true", "null", '{"a":1}', "[1,2]", "<a b='1'>c</a>",
    "x=1&y=2&x=3", "a: 1\nb: [2]", "a,b\n1,2\n", "https://u:p@h:80/p?q=1#f", "aGVsbG8=", "68656c6c6f", "%41+b",
    "&lt;b&gt;", "\\n\\u0041", "2020-08-14T05:54:23Z", "2020-08-14T05:54:23.371+02:00", "2025-02-30T02:24:01Z",
    "2025-04-17", "1h30m", "P1DT2H", "10.0.0.1", "8ade3f1f-0000-4000-8000-000000000000", "$1", "(a", "İ", "\ufeffx",
    "a" * 300,
)  # fmt: skip
"""Texts that some function reads as something else."""

NUMBERS = (
    "0", "-0", "-0.0", "1", "-1", "2", "10", "1.0", "1.50", "2.5", "-2.5", "0.1", "0.30000000000000004", "1e3",
    "1E-7", "1e15", "1e16", "1e21", "1e22", "1e308", "5e-324", "2.2250738585072011e-308", "9007199254740991",
    "9007199254740992", "9007199254740993", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
    "123456789012345678901234567890", "1e400", "-1e400", "1.7976931348623159e308", "0.49999999999999994",
    "4503599627370497.5", "1e-400", "100", "255", "256",
)  # fmt: skip
"""Numbers as they stand in JSON, at every edge."""

BAD_NUMBERS = (
    "01",
    "1.",
    ".5",
    "+1",
    "1e",
    "NaN",
    "Infinity",
    "-",
    "0x10",
    "1_000",
    "1e99999999",
    "9" * 400,
    "9" * 5000,
)
BAD_LINES = (
    b"", b"  ", b"\t", b"nope", b"{", b"}", b"[1,", b'{"s":', b'{"s":"a"}{"s":"b"}', b'{"s":"a"} x', b'{"s" "a"}',
    b"{'s':1}", b'\xef\xbb\xbf{"n":1}', b"\x00", b'{"n":1}\x00', b'{"s":"a\x01"}', b'{"s":"\\x41"}',
    b'{"s":"\\u12"}', b'"\\ud800"', b'{"s":"\xff"}', b'{"zz":"\xff","s":"a","n":1}', b'{"\xff":1}', b"\xff",
    b'{"s":"\xed\xa0\x80"}', b'{"s":"a",}', b"[1,]", b'{"n":1e400}', b'{"zz":1e400,"n":1,"s":"a"}', b"null", b"true",
    b"1", b'"text"', b"[]", b"{}", b"// x", b'{"s":"a"}\r', b"\r", b"[" * 300 + b"]" * 300,
    b'{"o":' * 300 + b"1" + b"}" * 300, b"[" * 5000, b'{"items":' + b"[" * 1200 + b"]" * 1200 + b"}",
    b'{"zz":' + b"[" * 1100 + b"]" * 1100 + b',"n":1,"s":"a"}', b'{"s":"\xc3"}', b'{"n":"\\ud83d"}',
    b'{"s":"\\udc00\\ud800"}',
)  # fmt: skip
"""Lines that are no record, or only half of one."""

ESCAPES = (
    "\\u0000",
    "\\ud800",
    "\\udfff",
    "\\ud83d\\ude00",
    "\\u00e9",
    "\\/",
    "\\n",
    "\\u007f",
    "\\\\",
    '\\"',
    "\\u2028",
)


def text(rng: Random) -> str:
    """A text."""
    if rng.random() < 0.75:
        return rng.choice(TEXTS)
    return "".join(chr(_point(rng)) for _ in range(rng.randrange(8)))


def _point(rng: Random) -> int:
    """A character that UTF-8 can write."""
    most = rng.choice((0x7F, 0x7F, 0xFF, 0x2FFF, 0x10FFFF))
    point = rng.randrange(most)
    return 0x61 if 0xD800 <= point <= 0xDFFF else point


def number(rng: Random) -> int | float:
    """A number that JSON can write and 64 bits can hold."""
    roll = rng.random()
    if roll < 0.4:
        return rng.randrange(-20, 120)
    if roll < 0.6:
        return round(rng.uniform(-100, 100), 2)
    found = float(rng.choice(NUMBERS)) if roll < 0.65 else json.loads(rng.choice(NUMBERS))
    return found if -1e308 < found < 1e308 and (isinstance(found, float) or -(2**63) <= found < 2**64) else 7


def value(rng: Random, depth: int = 3) -> Any:
    """Any JSON value."""
    roll = rng.randrange(10 if depth else 6)
    if roll < 6:
        scalars: Sequence[Callable[[], Any]] = (
            lambda: None, lambda: rng.random() < 0.5,
            lambda: number(rng), lambda: number(rng), lambda: text(rng), lambda: text(rng),
        )  # fmt: skip
        return scalars[roll]()
    size = rng.randrange(4)
    if roll < 8:
        return [value(rng, depth - 1) for _ in range(size)]
    return {rng.choice(KEYS): value(rng, depth - 1) for _ in range(size)}


KEYS = ("s", "t", "n", "m", "b", "o", "a", "x y", 'q"k', "0", "", "é", "a.b", "items", "p", "q")


def _item(rng: Random) -> Any:
    return {"p": _mostly(rng, number), "q": _mostly(rng, number), "s": _mostly(rng, text)}


def _fields(rng: Random) -> dict[str, Any]:
    """The fields that mappings read, each mostly of its type."""
    return {
        "s": _mostly(rng, text),
        "t": _mostly(rng, text),
        "n": _mostly(rng, number),
        "m": _mostly(rng, number),
        "b": _mostly(rng, lambda drawn: drawn.random() < 0.5),
        "ns": _mostly(rng, lambda drawn: [number(drawn) for _ in range(drawn.randrange(5))]),
        "items": _mostly(rng, lambda drawn: [_mostly(drawn, _item) for _ in range(drawn.randrange(4))]),
        "o": _mostly(rng, lambda drawn: {"s": text(drawn), "n": number(drawn), "d": {"t": text(drawn)}}),
        "at": _mostly(rng, lambda drawn: drawn.choice(TIMES)),
        "any": value(rng),
    }


TIMES = (
    "2020-08-14T05:54:23Z", "2025-04-17T02:24:01Z", "2025-04-17T02:24:01.5+02:00", "1999-12-31T23:59:60Z",
    "2024-02-29T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2025-04-17", "2025-13-01T00:00:00Z",
    1597405526, 1597405526.371, -1, "10:00",
)  # fmt: skip


def _mostly(rng: Random, usual: Callable[[Random], Any]) -> Any:
    roll = rng.random()
    return usual(rng) if roll < 0.88 else None if roll < 0.92 else value(rng, 2)


def record(rng: Random) -> Any:
    """A record: mostly an object with the fields that mappings read, in their order or another, some missing."""
    roll = rng.random()
    if roll > 0.95:
        return value(rng)
    fields = list(_fields(rng).items())
    if roll > 0.3:
        fields = [pair for pair in fields if rng.random() < 0.9]
    if roll > 0.6:
        rng.shuffle(fields)
    return dict(fields)


def line(rng: Random) -> bytes:
    """A line: mostly a record, sometimes with odd spelling, sometimes none."""
    roll = rng.random()
    if roll < 0.12:
        return rng.choice(BAD_LINES)
    drawn = record(rng)
    if roll < 0.6:
        return json.dumps(drawn, ensure_ascii=rng.random() < 0.3).encode("utf-8", "surrogatepass")
    written = _written(rng, drawn).encode("utf-8", "surrogatepass")
    return _damaged(rng, written) if roll > 0.94 else written


def _written(rng: Random, drawn: Any) -> str:
    """JSON as others may write it: white space, escapes, keys twice, numbers at the edges."""
    space = " " if rng.random() < 0.1 else ""
    if isinstance(drawn, dict):
        pairs = [f'"{_escaped(rng, key)}":{space}{_written(rng, item)}' for key, item in drawn.items()]
        if pairs and rng.random() < 0.08:
            pairs.append(f"{rng.choice(pairs).split(':')[0]}:{_written(rng, value(rng, 1))}")
        return f"{{{space}{f',{space}'.join(pairs)}{space}}}"
    if isinstance(drawn, list):
        return f"[{space}{','.join(_written(rng, item) for item in drawn)}{space}]"
    if isinstance(drawn, str):
        return f'"{_escaped(rng, drawn)}"'
    if isinstance(drawn, int | float) and not isinstance(drawn, bool) and rng.random() < 0.3:
        return rng.choice(NUMBERS if rng.random() < 0.97 else BAD_NUMBERS)
    return json.dumps(drawn)


def _escaped(rng: Random, drawn: str) -> str:
    body = json.dumps(drawn, ensure_ascii=rng.random() < 0.5)[1:-1]
    return body + rng.choice(ESCAPES) if rng.random() < 0.06 else body


def _damaged(rng: Random, written: bytes) -> bytes:
    """A byte too many, too few, or another one."""
    at = rng.randrange(len(written) + 1)
    new = bytes([rng.choice((0, 9, 13, 34, 44, 58, 91, 92, 93, 123, 125, 128, 195, 237, 255, rng.randrange(256)))])
    new = b"" if new == b"\n" else new
    return written[:at] + new + written[at + rng.randrange(3) :]


def lines(rng: Random, most: int) -> list[str]:
    """Lines as a case holds them."""
    return [line(rng).decode("latin-1") for _ in range(rng.randrange(1, most + 1))]

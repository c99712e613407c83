"""Functions on text. Lengths and positions count bytes of UTF-8, as the reference counts them."""

from __future__ import annotations

import html
import posixpath
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.functions.formatting import formatter, go_quote, go_unquote
from conduix.mapping.values import MAX_SIZE, WrongType, array, equal, refuse_giant, text, to_text

family = Family("strings")

_VALUE = Parameter("value", "string", "The text to look for.")
_WORD = re.compile(r"\w+(?:['\u2019.:\u00b7]\w+)*")


def _textual(value: Any, on_text: Callable[[str], Any], on_bytes: Callable[[bytes], Any]) -> Any:
    if isinstance(value, str):
        return on_text(value)
    if isinstance(value, bytes):
        return on_bytes(value)
    raise WrongType("string", value)


@family.method("uppercase", "The text in upper case.",
               examples=(("root.a = this.a.uppercase()", '{"a":"hello"}', '{"a":"HELLO"}'),))  # fmt: skip
def uppercase(value: Any) -> Any:
    """Text in upper case; bytes stay bytes."""
    return _textual(value, _upper, lambda raw: _upper(text(raw)).encode())


@family.method("lowercase", "The text in lower case.",
               examples=(("root.a = this.a.lowercase()", '{"a":"HELLO"}', '{"a":"hello"}'),))  # fmt: skip
def lowercase(value: Any) -> Any:
    """Text in lower case; bytes stay bytes."""
    return _textual(value, _lower, lambda raw: _lower(text(raw)).encode())


def _upper(value: str) -> str:
    raised = value.upper()
    # one letter stays one letter: "ß" has no single capital and stays as it is
    return raised if len(raised) == len(value) else "".join(_single(letter, letter.upper()) for letter in value)


def _lower(value: str) -> str:
    lowered = value.lower()
    # Python alone writes a capital sigma at the end of a word in another way
    if len(lowered) == len(value) and "Σ" not in value:
        return lowered
    return "".join(_single(letter, letter.lower()) for letter in value)


def _single(letter: str, changed: str) -> str:
    return changed if len(changed) == 1 else letter


@family.method("capitalize", "The text with each word beginning with a capital and going on in lower case.",
               examples=(("root.a = this.a.capitalize()", '{"a":"the foo bar"}', '{"a":"The Foo Bar"}'),))  # fmt: skip
def capitalize(value: Any) -> Any:
    """Text in title case; bytes stay bytes."""
    return _textual(value, _title, lambda raw: _title(text(raw)).encode())


def _title(value: str) -> str:
    return _WORD.sub(lambda word: _capital(word[0].lower()), value)


def _capital(word: str) -> str:
    for position, letter in enumerate(word):
        if letter.isalpha():
            return word[:position] + letter.title() + word[position + 1 :]
    return word


@family.method("length", "How many bytes a text, items an array, or keys an object has.",
               examples=(("root.n = this.a.length()", '{"a":"hello"}', '{"n":5}'),
                         ("root.n = this.a.length()", '{"a":[1,2]}', '{"n":2}')))  # fmt: skip
def length(value: Any) -> int:
    """The length."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, bytes | list | dict):
        return len(value)
    raise WrongType("string, array or object", value)


@family.method("contains", "Whether a text has a part, or an array or object a value.",
               Parameter("value", "any", "The part or value."),
               examples=(('root.a = this.t.contains("foo")', '{"t":"a foo"}', '{"a":true}'),
                         ("root.a = this.t.contains(20)", '{"t":[10.3,20.0]}', '{"a":true}')))  # fmt: skip
def contains(value: Any, part: Any) -> bool:
    """Whether it is in there; numbers by value."""
    if isinstance(value, str):
        return to_text(part) in value
    if isinstance(value, bytes):
        return to_text(part).encode() in value
    if isinstance(value, list):
        return any(equal(part, item) for item in value)
    if isinstance(value, dict):
        return any(equal(part, item) for item in value.values())
    raise WrongType("string, array or object", value)


@family.method("has_prefix", "Whether the text begins with another.", _VALUE,
               examples=(('root.a = this.a.has_prefix("foo")', '{"a":"foobar"}', '{"a":true}'),))  # fmt: skip
def has_prefix(value: Any, prefix: str) -> bool:
    """Whether the text begins with `prefix`."""
    return bool(_textual(value, lambda t: t.startswith(prefix), lambda raw: raw.startswith(prefix.encode())))


@family.method("has_suffix", "Whether the text ends with another.", _VALUE,
               examples=(('root.a = this.a.has_suffix("bar")', '{"a":"foobar"}', '{"a":true}'),))  # fmt: skip
def has_suffix(value: Any, suffix: str) -> bool:
    """Whether the text ends with `suffix`."""
    return bool(_textual(value, lambda t: t.endswith(suffix), lambda raw: raw.endswith(suffix.encode())))


@family.method("index_of", "Where a part begins in the text, -1 if nowhere.", _VALUE,
               examples=(('root.i = this.a.index_of("bar")', '{"a":"foobar"}', '{"i":3}'),))  # fmt: skip
def index_of(value: Any, part: str) -> int:
    """The position in bytes."""
    return int(_textual(value, lambda t: t.encode().find(part.encode()), lambda raw: raw.find(part.encode())))


@family.method("trim", "The text without white space, or without the given characters, at both ends.",
               Parameter("cutset", "string", "Which characters to cut off.", None),
               examples=(('root.a = this.a.trim("!?")', '{"a":"!!hey!?"}', '{"a":"hey"}'),
                         ("root.a = this.a.trim()", '{"a":"  hey "}', '{"a":"hey"}')))  # fmt: skip
def trim(value: Any, cutset: str | None) -> Any:
    """The trimmed text."""
    return _textual(
        value, lambda t: t.strip(cutset), lambda raw: raw.strip(None if cutset is None else cutset.encode())
    )


@family.method("trim_prefix", "The text without a prefix, if it has it.",
               Parameter("prefix", "string", "What to cut off."),
               examples=(('root.a = this.a.trim_prefix("foo_")', '{"a":"foo_bar"}', '{"a":"bar"}'),))  # fmt: skip
def trim_prefix(value: Any, prefix: str) -> Any:
    """The text without the prefix."""
    return _textual(value, lambda t: t.removeprefix(prefix), lambda raw: raw.removeprefix(prefix.encode()))


@family.method("trim_suffix", "The text without a suffix, if it has it.",
               Parameter("suffix", "string", "What to cut off."),
               examples=(('root.a = this.a.trim_suffix("_bar")', '{"a":"foo_bar"}', '{"a":"foo"}'),))  # fmt: skip
def trim_suffix(value: Any, suffix: str) -> Any:
    """The text without the suffix."""
    return _textual(value, lambda t: t.removesuffix(suffix), lambda raw: raw.removesuffix(suffix.encode()))


@family.method("repeat", "The text several times in a row.", Parameter("count", "integer", "How many times."),
               examples=(("root.a = this.a.repeat(2)", '{"a":"na"}', '{"a":"nana"}'),))  # fmt: skip
def repeat(value: Any, count: int) -> Any:
    """The repeated text; nothing at all for a count below one."""
    if isinstance(value, str | bytes):
        refuse_giant(len(value) * max(count, 0))
    times = min(count, MAX_SIZE)  # of what is empty there may be any number
    return _textual(value, lambda t: t * times, lambda raw: raw * times)


@family.method("reverse", "The text from its end to its beginning.",
               examples=(("root.a = this.a.reverse()", '{"a":"abc"}', '{"a":"cba"}'),))  # fmt: skip
def reverse(value: Any) -> Any:
    """Characters of text, or bytes, in reverse."""
    return _textual(value, lambda t: t[::-1], lambda raw: raw[::-1])


@family.method("replace_all", "The text with every occurrence of a part replaced.",
               Parameter("old", "string", "The part."), Parameter("new", "string", "What stands there then."),
               aliases=("replace",),
               examples=(('root.a = this.a.replace_all("foo", "dog")', '{"a":"a foo"}', '{"a":"a dog"}'),))  # fmt: skip
def replace_all(value: Any, old: str, new: str) -> Any:
    """The changed text."""
    if len(new) > len(old) and isinstance(value, str | bytes):
        refuse_giant(len(value) // max(len(old), 1) * len(new))
    return _textual(value, lambda t: t.replace(old, new), lambda raw: raw.replace(old.encode(), new.encode()))


@family.method("replace_all_many", "The text with several parts replaced, one after the other.",
               Parameter("values", "array", "Pairs: a part, then what stands there then."), aliases=("replace_many",),
               examples=(('root.a = this.a.replace_all_many(["<", "(", ">", ")"])', '{"a":"<i>"}',
                         '{"a":"(i)"}'),))  # fmt: skip
def replace_all_many(value: Any, values: list[Any]) -> Any:
    """The changed text."""
    if len(values) % 2:
        raise MappingError(f"invalid arg, replacements should be in pairs and must therefore be even: {len(values)}")
    value = value if isinstance(value, bytes) else text(value)
    for old, new in zip(values[::2], values[1::2], strict=True):
        value = replace_all(value, text(old), text(new))
    return value


@family.method("split", "The parts of a text, or of an array, between delimiters.",
               Parameter("delimiter", "any", "The text, or for an array the value, between the parts."),
               Parameter("empty_as_null", "bool", "Whether empty parts are nulls.", False),
               examples=(('root.a = this.a.split(",")', '{"a":"x,y"}', '{"a":["x","y"]}'),
                         ('root.a = this.a.split(",", true)', '{"a":"x,,y"}', '{"a":["x",null,"y"]}'),
                         ("root.a = this.a.split(0)", '{"a":[1,0,2]}', '{"a":[[1],[2]]}')))  # fmt: skip
def split(value: Any, delimiter: Any, empty_as_null: bool) -> list[Any]:
    """The parts; an empty delimiter cuts text into its characters."""
    made = _split(value, delimiter)
    return [part or None for part in made] if empty_as_null else made


def _split(value: Any, delimiter: Any) -> list[Any]:
    if isinstance(value, list):
        return _parts(value, lambda item: equal(item, delimiter))
    between = text(delimiter)
    if isinstance(value, bytes):
        pieces: list[Any] = value.split(between.encode()) if between else [bytes((byte,)) for byte in value]
        return pieces
    if isinstance(value, str):
        return list(value.split(between)) if between else list(value)
    raise WrongType("string or array", value)


@family.method("split_by", "The parts of an array, or of a text by its characters, between items that fit a query.",
               Parameter("query", "query", "Whether an item lies between parts."),
               examples=(("root.a = this.a.split_by(x -> x > 50)", '{"a":[1,100,3]}', '{"a":[[1],[3]]}'),
                         ('root.a = this.a.split_by(c -> c == " ")', '{"a":"x yz"}', '{"a":["x","yz"]}')))  # fmt: skip
def split_by(value: Any, query: Callable[[Any], Any]) -> list[Any]:
    """The parts."""
    if isinstance(value, list):
        return _parts(value, lambda item: _fits(query, item))
    if isinstance(value, str):
        return ["".join(part) for part in _parts(list(value), lambda item: _fits(query, item))]
    raise WrongType("string or array", value)


def _fits(query: Callable[[Any], Any], item: Any) -> bool:
    found = query(item)
    if not isinstance(found, bool):
        raise WrongType("bool", found)
    return found


def _parts(items: list[Any], between: Callable[[Any], bool]) -> list[list[Any]]:
    parts: list[list[Any]] = [[]]
    for item in items:
        if between(item):
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


@family.method("join", "The texts of an array as one.",
               Parameter("delimiter", "string", "What stands between two of them.", ""),
               examples=(('root.a = this.a.join(", ")', '{"a":["x","y"]}', '{"a":"x, y"}'),))  # fmt: skip
def join(value: Any, delimiter: str) -> str:
    """The joined text."""
    parts: list[str] = []
    for position, item in enumerate(array(value)):
        if not isinstance(item, str | bytes):
            raise MappingError(f"failed to join element {position}: {WrongType('string', item).message}")
        parts.append(text(item))
    refuse_giant(sum(map(len, parts)) + len(delimiter) * len(parts))
    return delimiter.join(parts)


@family.method("format", "The text with its verbs (`%v`, `%s`, `%d`, `%5.2f`, …) filled with the arguments.",
               variadic=True,
               examples=(('root.a = "%s(%v)".format(this.n, this.x)', '{"n":"lance","x":37}',
                         '{"a":"lance(37)"}'),))  # fmt: skip
def format_text(value: Any, *arguments: Any) -> str:
    """The filled text."""
    filled = formatter(text(value))(arguments)
    refuse_giant(len(filled))
    return filled


@family.method("quote", "The text in double quotes, with escapes.",
               examples=(("root.a = this.a.quote()", '{"a":"x\\ny"}', '{"a":"\\"x\\\\ny\\""}'),))  # fmt: skip
def quote(value: Any) -> str:
    """The quoted text."""
    return go_quote(text(value))


@family.method("unquote", "The text within double quotes, its escapes resolved.",
               examples=(("root.a = this.a.unquote()", '{"a":"\\"x\\\\ny\\""}', '{"a":"x\\ny"}'),))  # fmt: skip
def unquote(value: Any) -> str:
    """The text without quotes. Raises MappingError where it has none."""
    return go_unquote(text(value))


@family.method("escape_html", "The text with `<`, `>`, `&`, `'` and `\"` as entities.",
               examples=(("root.a = this.a.escape_html()", '{"a":"a & b"}', '{"a":"a &amp; b"}'),))  # fmt: skip
def escape_html(value: Any) -> str:
    """The escaped text."""
    return html.escape(text(value)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


@family.method("unescape_html", "The text with entities resolved.",
               examples=(("root.a = this.a.unescape_html()", '{"a":"a &amp; b"}', '{"a":"a & b"}'),))  # fmt: skip
def unescape_html(value: Any) -> str:
    """The text without entities."""
    return html.unescape(text(value))


# what is never closed takes the rest of the text with it: so every pattern moves on and the time stays linear
_TAG = re.compile(r"<!--(?:.*?-->|.*)|<![^<>]*>|</?([a-zA-Z][a-zA-Z0-9-]*)[^<>]*>", re.DOTALL)
_WITH_CONTENT = re.compile(r"<(script|style)\b[^<>]*>(?:.*?</\1\s*>|.*)", re.DOTALL | re.IGNORECASE)


@family.method("strip_html", "The text without HTML tags.",
               Parameter("preserve", "array", "Names of elements that stay.", None),
               examples=(("root.a = this.a.strip_html()", '{"a":"<p>plain <b>text</b></p>"}', '{"a":"plain text"}'),
                         ('root.a = this.a.strip_html(["b"])', '{"a":"<p><b>x</b></p>"}',
                          '{"a":"<b>x</b>"}')))  # fmt: skip
def strip_html(value: Any, preserve: list[Any] | None) -> Any:
    """The text; scripts and styles go with what is in them."""
    kept = frozenset(text(name).lower() for name in preserve or ())
    return _textual(value, lambda t: _strip_tags(t, kept), lambda raw: _strip_tags(text(raw), kept).encode())


def _strip_tags(value: str, kept: frozenset[str]) -> str:
    value = _WITH_CONTENT.sub("", value)

    def replacement(tag: re.Match[str]) -> str:
        name = (tag[1] or "").lower()
        return f"<{'/' if tag[0].startswith('</') else ''}{name}>" if name in kept else ""

    return _TAG.sub(replacement, value)


@family.method("filepath_join", "The parts of an array as one file path.",
               examples=(("root.a = this.a.filepath_join()", '{"a":["/foo/","bar.txt"]}',
                         '{"a":"/foo/bar.txt"}'),))  # fmt: skip
def filepath_join(value: Any) -> str:
    """The path, without doubled slashes and dots."""
    parts = [text(part) for part in array(value)]
    joined = "/".join(part for part in parts if part)
    return posixpath.normpath(re.sub("^//+", "/", joined)) if joined else ""


@family.method("filepath_split", "The directory and the file name of a path.",
               examples=(("root.a = this.a.filepath_split()", '{"a":"/foo/bar.txt"}',
                         '{"a":["/foo/","bar.txt"]}'),))  # fmt: skip
def filepath_split(value: Any) -> list[str]:
    """Both parts; the directory keeps its slash."""
    directory, slash, name = text(value).rpartition("/")
    return [directory + slash, name]


@family.method("slug", "The text as it may stand in an address: lower case, words joined by hyphens.",
               Parameter("lang", "string", "Kept for mappings that give it; it changes nothing.", "en"),
               examples=(("root.a = this.a.slug()", '{"a":"Gopher & Benthos"}',
                         '{"a":"gopher-and-benthos"}'),))  # fmt: skip
def slug(value: Any, _lang: str) -> str:
    """The slug."""
    spelled = text(value).replace("&", " and ").replace("@", " at ")
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")

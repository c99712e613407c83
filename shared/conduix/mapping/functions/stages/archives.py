"""Archives and texts of several records, taken apart within limits: a small one may become anything."""

from __future__ import annotations

import base64
import binascii
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from conduix.errors import MappingError, RecordInvalid
from conduix.mapping.functions import csv_form
from conduix.mapping.functions.declare import STAGE, Family, Parameter
from conduix.mapping.functions.encoding import decompress
from conduix.mapping.functions.stages.casting import told
from conduix.mapping.functions.stages.shapes import spread, taken
from conduix.mapping.values import MAX_SIZE, data

family = Family("archives", prefix=STAGE)

_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, NotImplementedError, RuntimeError,
    EOFError, OSError, ValueError, LookupError,
)  # fmt: skip
"""What the libraries raise for archives that are damaged, encrypted or packed in a way that they do not know."""


@family.method("unarchive", "The records that an archive or a text holds.",
               Parameter("field", "array", "The names of the field; empty: the record itself, a text."),
               Parameter("into", "array", "The names of the field that holds each; empty: it is the record."),
               Parameter("format", "string", "One of the formats."),
               Parameter("encoding", "string", "`text` or `base64`."),
               Parameter("compression", "string", "An algorithm of `decompress`; empty: none."),
               Parameter("most", "integer", "How many records one may become."))  # fmt: skip
def unarchive(  # noqa: PLR0917 - a method's parameters stand in their order
    record: Any, field: list[str], into: list[str], form: str, encoding: str, compression: str, most: int
) -> list[Any]:
    """The records. Raises RecordInvalid where it is no such archive, or becomes too much."""
    path = ".".join(field) or "the record"
    value = taken(record, field)
    if not isinstance(value, str):
        raise RecordInvalid(f"{path}: {told(value)} is no archive, a text is expected")
    try:
        raw = base64.b64decode(value, validate=True) if encoding == "base64" else data(value)
        raw = decompress(raw, compression) if compression else raw
        items = _FORMATS[form](raw, most)
    except MappingError as error:
        raise RecordInvalid(f"{path}: {error.message}") from error
    except binascii.Error as error:
        raise RecordInvalid(f"{path}: it is no base64: {error}; write encoding: text if it is none") from error
    except _BROKEN as error:
        raise RecordInvalid(f"{path}: it is no {form}: {error}") from error
    return spread(record, field, into, items, most)


def _lines(raw: bytes, _most: int) -> list[Any]:
    lines = raw.decode().split("\n")
    return [line.removesuffix("\r") for line in (lines if lines[-1] else lines[:-1])]


def _csv(raw: bytes, _most: int) -> list[Any]:
    rows = csv_form.read(raw.decode(), ",", lazy=False)
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]] if rows else []


def _json(raw: bytes, _most: int) -> list[Any]:
    value = orjson.loads(raw)
    if not isinstance(value, list):
        raise RecordInvalid("its JSON is no array; lines of JSON are format: jsonl")
    return value


def _jsonl(raw: bytes, _most: int) -> list[Any]:
    made: list[Any] = []
    for number, line in enumerate(raw.split(b"\n"), 1):
        if line.strip():
            try:
                made.append(orjson.loads(line))
            except ValueError as error:
                raise RecordInvalid(f"its line {number} is no JSON: {error}") from error
    return made


def _zip(raw: bytes, most: int) -> list[Any]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return _members(((each.filename, archive.open(each)) for each in archive.infolist() if not each.is_dir()), most)


def _tar(raw: bytes, most: int) -> list[Any]:
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
        files = ((each.name, archive.extractfile(each)) for each in archive if each.isreg())
        made = _members(((name, file) for name, file in files if file is not None), most)
        # where a header is damaged or cut off the library stops as if that were the end
        if raw[archive.offset :].strip(b"\0"):
            raise RecordInvalid(f"it is a tar that is damaged or cut off after {len(made)} files")
    return made


def _members(files: Iterator[tuple[str, Any]], most: int) -> list[Any]:
    """Name, size and content of each file, as long as all of them are within the limits."""
    made: list[Any] = []
    room = MAX_SIZE
    for name, file in files:
        with file:
            content: bytes = file.read(room + 1)
        room -= len(content)
        if room < 0:
            raise RecordInvalid(f"what is in it is more than {MAX_SIZE} bytes")
        if len(made) == most:
            raise RecordInvalid(f"it holds more than {most} files")
        made.append(_member(name, content))
    return made


def _member(name: str, content: bytes) -> dict[str, Any]:
    try:
        text, encoding = content.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = base64.b64encode(content).decode(), "base64"
    return {"name": name, "size": len(content), "content": text, "encoding": encoding}


_FORMATS: Mapping[str, Callable[[bytes, int], list[Any]]] = {
    "lines": _lines, "csv": _csv, "json": _json, "jsonl": _jsonl, "zip": _zip, "tar": _tar,
}  # fmt: skip
"""By name: the records of the bytes, no more than so many of an archive's files."""

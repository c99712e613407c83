"""Options of the file source and the file sink, and what a file's name says about its format."""

from __future__ import annotations

import glob
import re
from typing import Annotated, Literal, Self

from annotated_types import Gt
from pydantic import BeforeValidator, Field, field_validator, model_validator

from conduix.engine.connectors.csvoptions import Columns, Delimiter
from conduix.spec.options import Options, Size

FormatName = Literal["jsonl", "json", "csv", "lines"]
Packing = Literal["none", "gzip", "zip"]

_FORMATS: dict[str, FormatName] = {
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
    "csv": "csv",
    "tsv": "csv",
    "txt": "lines",
    "log": "lines",
}
_PACKINGS: dict[str, Packing] = {"gz": "gzip", "zip": "zip"}
_EXTENSION = re.compile(r"\.([A-Za-z0-9]+)$")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
SHARD = "{shard}"


def _extensions(path: str) -> tuple[str, Packing]:
    """The extension that tells the format, in lower case, and how the file is packed, both by its name."""
    packing: Packing = "none"
    found = _EXTENSION.search(path)
    if found and found[1].lower() in _PACKINGS:
        packing = _PACKINGS[found[1].lower()]
        found = _EXTENSION.search(path[: found.start()])
    return (found[1].lower() if found else ""), packing


def packing_of(path: str, option: Literal["auto", "none", "gzip", "zip"]) -> Packing:
    """How a file is packed: as the option says, else by its name."""
    return _extensions(path)[1] if option == "auto" else option


def format_of(path: str, option: FormatName | None) -> FormatName:
    """The format of a file: as the option says, else by its name.

    Raises:
        ValueError: the name does not tell; says what to write.
    """
    name = option or _FORMATS.get(_extensions(path)[0])
    if name is None:
        raise ValueError(f"the name {path!r} does not tell the format; write format: jsonl, json, csv or lines")
    return name


def delimiter_of(path: str, option: str | None) -> str:
    """What stands between two csv fields: as the option says, else a tab for .tsv and a comma otherwise."""
    return option or ("\t" if _extensions(path)[0] == "tsv" else ",")


class SplitOptions(Options):
    """When and how an uncompressed jsonl or lines file is cut into ranges."""

    size: Annotated[Size, Gt(0)] = Field(64 * 1024 * 1024, description="Bytes of a range.", examples=["64MiB"])
    above: Size = Field(
        128 * 1024 * 1024, description="Smaller files are read whole, as one shard.", examples=["128MiB"]
    )


def _short_split(value: object) -> object:
    return {"size": value, "above": 0} if isinstance(value, str | int) and not isinstance(value, bool) else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class FileSourceOptions(Options):
    """Options of the file source."""

    path: str | None = Field(
        None,
        min_length=1,
        description="The file to read; may hold `*`, `?`, `[…]` and `**`.",
        examples=["orders.jsonl"],
    )
    paths: Annotated[tuple[str, ...] | None, BeforeValidator(_as_list)] = Field(
        None, min_length=1, description="Several files or patterns, read in this order.", examples=[["data/*.jsonl"]]
    )
    format: FormatName | None = Field(
        None,
        description="`jsonl`: a JSON value a line; `json`: one document, whose records are the items of its array; "
        "`csv`; `lines`: each line is a text. Unset: by the extension.",
        examples=["jsonl"],
    )
    csv_header: bool = Field(True, description="csv: the first record of each file holds the names of the columns.")
    csv_columns: Columns | None = Field(
        None,
        description="csv: names of the columns, in place of those in the header. Without header and names they are "
        "`column_1`, `column_2`, …",
        examples=[["id", "name"]],
    )
    csv_delimiter: Delimiter | None = Field(
        None, description="csv: what stands between fields. Unset: a comma, in .tsv files a tab.", examples=[";"]
    )
    split: Annotated[SplitOptions, BeforeValidator(_short_split)] = Field(
        SplitOptions(),
        description="Ranges that large jsonl and lines files are cut into; a size alone cuts every file.",
        examples=[{"size": "64MiB", "above": "128MiB"}, "64KiB"],
    )
    compression: Literal["auto", "none", "gzip", "zip"] = Field(
        "auto", description="How the file is packed; `auto`: by the extension (.gz, .zip with one member)."
    )

    @property
    def patterns(self) -> tuple[str, ...]:
        """Paths and patterns, in the order in which they are read."""
        return self.paths if self.paths is not None else (self.path or "",)

    @model_validator(mode="after")
    def _one_way_to_name_files(self) -> Self:
        if (self.path is None) == (self.paths is None):
            raise ValueError("write either path: FILE or paths: [FILE, …]")
        return self

    @model_validator(mode="after")
    def _format_is_known(self) -> Self:
        for pattern in self.patterns:
            if not glob.has_magic(pattern.rpartition("/")[2]):
                format_of(pattern, self.format)
        return self


class FileSinkOptions(Options):
    """Options of the file sink."""

    path: str = Field(
        min_length=1,
        description="The file to write. With `{shard}` in it, one file for each shard of the source.",
        examples=["out/orders.jsonl", "out/{shard}.jsonl"],
    )
    format: FormatName | None = Field(
        None,
        description="`jsonl`: a JSON value a line; `json`: one array; `csv`; `lines`: texts, one a line. "
        "Unset: by the extension.",
        examples=["jsonl"],
    )
    mode: Literal["overwrite", "append"] | None = Field(
        None,
        description="What happens to a file that is there already. Unset: `overwrite` in batch, `append` in realtime.",
    )
    visibility: Literal["committed", "immediate"] | None = Field(
        None,
        description="`committed`: records are written to PATH.part, which takes the place of PATH when the run is "
        "complete; `immediate`: they are seen as they are written. Unset: `committed` if overwriting in batch.",
    )
    compression: Literal["auto", "none", "gzip"] = Field(
        "auto",
        description="`gzip`: one gzip member for each checkpoint, read by every tool as one file; `auto`: by the "
        "extension (.gz).",
    )
    csv_header: bool = Field(True, description="csv: begin the file with the names of the columns.")
    csv_columns: Columns | None = Field(
        None,
        description="csv: the columns, in order. Unset: the keys of the first record. A record with a key that is no "
        "column is a dead letter; a missing key is an empty field.",
        examples=[["id", "name"]],
    )
    csv_delimiter: Delimiter | None = Field(
        None, description="csv: what stands between fields. Unset: a comma, in .tsv files a tab.", examples=[";"]
    )
    mkdir: bool = Field(False, description="Make the directory of the file if it is missing.")

    @field_validator("path")
    @classmethod
    def _names_a_file(cls, path: str) -> str:
        if path.endswith("/"):
            raise ValueError(f"{path!r} is a directory; name a file in it, like {path}out.jsonl")
        for name in _PLACEHOLDER.findall(path):
            if name != "shard":
                raise ValueError(f"{{{name}}} in {path!r} is not known; the only placeholder is {SHARD}")
        return path

    @model_validator(mode="after")
    def _can_be_written_so(self) -> Self:
        name = format_of(self.path, self.format)
        if self.mode == "append" and self.visibility == "committed":
            raise ValueError("what is appended is seen at once; write visibility: immediate, or mode: overwrite")
        if self.mode == "append" and name == "json":
            raise ValueError("a json file is one array and cannot be appended to; write format: jsonl")
        if packing_of(self.path, self.compression) == "zip":
            raise ValueError("zip files can be read, not written; name the file .gz or write compression: none")
        return self

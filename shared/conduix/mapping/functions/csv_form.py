"""CSV after RFC 4180, with the strictness of Go's reader."""

from __future__ import annotations

from conduix.errors import MappingError


def read(content: str, delimiter: str, *, lazy: bool) -> list[list[str]]:
    """The rows; empty lines are left out, and every row has as many fields as the first."""
    rows: list[list[str]] = []
    at, line = 0, 1
    while at < len(content):
        start_line = line
        row, at, line = _row(content, at, line, delimiter, lazy=lazy)
        if row == [""]:
            continue
        if rows and len(row) != len(rows[0]):
            raise MappingError(f"record on line {start_line}: wrong number of fields")
        rows.append(row)
    return rows


def _row(content: str, at: int, line: int, delimiter: str, *, lazy: bool) -> tuple[list[str], int, int]:
    fields: list[str] = []
    while True:
        if content.startswith('"', at):
            field, at, line = _quoted(content, at + 1, line, delimiter, lazy=lazy)
        else:
            field, at = _bare(content, at, line, delimiter, lazy=lazy)
        fields.append(field)
        if content.startswith(delimiter, at):
            at += 1
            continue
        if content.startswith("\r\n", at):
            at += 1
        return fields, at + 1, line + 1


def _bare(content: str, at: int, line: int, delimiter: str, *, lazy: bool) -> tuple[str, int]:
    end = content.find("\n", at)
    end = len(content) if end < 0 else end
    if content[at:end].endswith("\r"):
        end -= 1
    cut = content.find(delimiter, at, end)
    end = end if cut < 0 else cut
    if not lazy and '"' in content[at:end]:
        raise MappingError(f'parse error on line {line}: bare " in non-quoted-field')
    return content[at:end], end


def _quoted(content: str, at: int, line: int, delimiter: str, *, lazy: bool) -> tuple[str, int, int]:
    parts: list[str] = []
    while True:
        quote = content.find('"', at)
        if quote < 0:
            if not lazy:
                raise MappingError(f'parse error on line {line}: extraneous or missing " in quoted-field')
            parts.append(content[at:])
            return "".join(parts), len(content), line
        parts.append(content[at:quote])
        line += content.count("\n", at, quote)
        at = quote + 1
        if content.startswith('"', at):
            parts.append('"')
            at += 1
        elif at == len(content) or content.startswith((delimiter, "\n", "\r\n"), at):
            return "".join(parts), at, line
        elif lazy:
            parts.append('"')
        else:
            raise MappingError(f'parse error on line {line}: extraneous or missing " in quoted-field')

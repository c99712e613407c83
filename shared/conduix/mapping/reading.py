"""From text to checked tree: mappings and conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import tree
from conduix.mapping.access import IMPORTS, granted
from conduix.mapping.build import (
    Bare,
    Item,
    RawIf,
    RawImport,
    RawMap,
    RawWhole,
    is_expression,
    refuse,
    settle,
    statements_of,
)
from conduix.mapping.check import check_expression, check_statements
from conduix.mapping.functions import find
from conduix.mapping.parser import parse
from conduix.mapping.tree import Expr, Mapping, Mark

MAX_TEXT = 1_000_000
_MAX_IMPORTS = 50

Importer = Callable[[str], str]


def read_mapping(text: str, *, in_place: bool = False, read_import: Importer | None = None) -> Mapping:
    """See `conduix.mapping.parse_mapping`."""
    return _read_mapping(text, in_place=in_place, read_import=read_import, chain=())


def _read_mapping(text: str, *, in_place: bool, read_import: Importer | None, chain: tuple[str, ...]) -> Mapping:
    items = _items(text)
    first = items[0]
    if isinstance(first, RawWhole):
        return _from_file(first, in_place=in_place, read_import=read_import, chain=chain)
    if isinstance(first, Bare) and is_expression(first) and not (len(items) > 1 and isinstance(first.value, RawIf)):
        return _shorthand(items, first, text, in_place=in_place)
    maps = _maps(items, read_import, chain)
    statements = statements_of(tuple(item for item in items if not isinstance(item, RawMap | RawImport)))
    return Mapping(check_statements(statements), tuple(maps.values()), text, in_place)


def _items(text: str) -> tuple[Item, ...]:
    refuse_unreadable(text)
    items: tuple[Item, ...] = parse(text, "program", "mapping")
    if not items:
        raise MappingSyntaxError("the mapping is empty: write `root = this` to keep the record", line=1, column=1)
    return items


def refuse_unreadable(text: str) -> None:
    """Raises a MappingSyntaxError for a text that is longer than any person writes, or no Unicode."""
    if len(text) > MAX_TEXT:
        raise MappingSyntaxError(f"the text has {len(text)} characters, the limit is {MAX_TEXT}", line=1, column=1)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        line, at = text.count("\n", 0, error.start) + 1, error.start - text.rfind("\n", 0, error.start)
        message = f"the character {text[error.start]!a} is half of a pair and no text: write the whole character"
        raise MappingSyntaxError(message, line=line, column=at) from error


def _shorthand(items: tuple[Item, ...], first: Bare, text: str, *, in_place: bool) -> Mapping:
    """A mapping that is one expression means `root = expression`."""
    if len(items) > 1:
        refuse(
            "expected the mapping to end here as the beginning is shorthand for `root = …`, "
            "but this shorthand form cannot be followed with more assignments",
            items[1].mark,
        )
    value = check_expression(settle(first.value))
    assignment = tree.Assign(tree.Target("root", (), first.mark), value, first.mark)
    return Mapping((assignment,), (), text, in_place)


def _maps(items: tuple[Item, ...], read_import: Importer | None, chain: tuple[str, ...]) -> dict[str, tree.MapDecl]:
    maps: dict[str, tree.MapDecl] = {}
    for item in items:
        if isinstance(item, RawMap):
            statements = check_statements(statements_of(item.items, in_map=True))
            _add(maps, tree.MapDecl(item.name, statements, item.mark), item.mark)
        elif isinstance(item, RawImport):
            for declared in _imported(item, read_import, chain).values():
                _add(maps, declared, item.mark)
    return maps


def _add(maps: dict[str, tree.MapDecl], declared: tree.MapDecl, mark: Mark) -> None:
    if declared.name in maps:
        refuse(f"map name collision: {declared.name}: give each map its own name", mark)
    maps[declared.name] = declared


def _from_file(item: RawWhole, *, in_place: bool, read_import: Importer | None, chain: tuple[str, ...]) -> Mapping:
    text = _file(item, read_import, chain)
    try:
        return _read_mapping(text, in_place=in_place, read_import=read_import, chain=(*chain, item.path))
    except MappingSyntaxError as error:
        _refuse_import(item, error)


def _imported(item: RawImport, read_import: Importer | None, chain: tuple[str, ...]) -> dict[str, tree.MapDecl]:
    text = _file(item, read_import, chain)
    try:
        maps = _maps(_items(text), read_import, (*chain, item.path))
    except MappingSyntaxError as error:
        _refuse_import(item, error)
    if not maps:
        refuse(f"no maps to import from '{item.path}'", item.mark)
    return maps


def _file(item: RawImport | RawWhole, read_import: Importer | None, chain: tuple[str, ...]) -> str:
    if read_import is None:
        read_import = _allowed(item)
    if item.path in chain:
        refuse(f"`{item.path}` imports itself: {' -> '.join((*chain, item.path))}", item.mark)
    if len(chain) >= _MAX_IMPORTS:
        refuse(f"imports are nested deeper than {_MAX_IMPORTS}", item.mark)
    try:
        return read_import(item.path)
    except OSError as error:
        refuse(f"failed to read import: {item.path}: {error.strerror or error}", item.mark)
    except MappingError as error:
        refuse(error.message, item.mark)


def _allowed(item: RawImport | RawWhole) -> Importer:
    access = granted()
    if not access.imports:
        refuse(f"imports are not allowed here: write the maps into this mapping, or set {IMPORTS}", item.mark)
    return access.imported


def _refuse_import(item: RawImport | RawWhole, error: MappingSyntaxError) -> NoReturn:
    refuse(f"in `{item.path}`, line {error.line}, column {error.column}: {error.message}", item.mark)


def read_condition(text: str) -> Expr:
    """See `conduix.mapping.parse_condition`."""
    refuse_unreadable(text)
    if not text.strip():
        raise MappingSyntaxError(
            'the condition is empty: write one, such as `this.status == "active"`', line=1, column=1
        )
    raw = parse(text, "condition", "condition")
    return check_expression(settle(raw))


def is_deterministic(node: Mapping | Expr) -> bool:
    """See `conduix.mapping.is_deterministic`."""
    return all(_deterministic(below) for top in _tops(node) for below in tree.walk(top))


def _tops(node: Mapping | Expr) -> Iterator[Expr]:
    if not isinstance(node, Mapping):
        yield node
        return
    yield from tree.expressions(node.statements)
    for declared in node.maps:
        yield from tree.expressions(declared.statements)


def _deterministic(node: Expr) -> bool:
    if isinstance(node, tree.Method) and node.name == "bloblang":
        # its text may come with the record, and then anything may stand in it
        return isinstance(node.args[0], tree.Literal) and _inner_deterministic(node.args[0].value)
    if isinstance(node, tree.Call | tree.Method):
        declared = find("function" if isinstance(node, tree.Call) else "method", node.name)
        return declared is not None and declared.deterministic
    return True


def _inner_deterministic(text: str) -> bool:
    try:
        return is_deterministic(read_mapping(text))
    except MappingSyntaxError:
        return True  # it always fails the same way

"""Entries one after the other: each is a whole mapping, and what it defines is there for those that follow.

Kept are definitions, not values: a `let` is evaluated anew, for the record that is there then, before each entry that
uses it. All entries are lines of one text, so that the place of an error says which of them it is in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import tree
from conduix.mapping.compiler.bridge import strict_test
from conduix.mapping.compiler.values import jsonable
from conduix.mapping.interpret import Interpreter
from conduix.mapping.steps import sets_meta
from conduix.mapping.tree import Assign, Expr, Mapping
from conduix.mapping.values import DELETED, NOTHING
from conduix_tui.cli.map_forms import Form, parse
from conduix_tui.cli.repl.samples import Samples

_OWN = frozenset({"_", "_aborted", "_removed"})
"""Variables of a remap that its reading makes; they are nobody's definitions."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an entry."""

    value: Any = None
    deleted: bool = False
    silent: bool = False
    """It only defines maps: there is nothing to show."""
    meta: dict[str, Any] | None = None
    """The metadata, where the entry sets some."""
    kept: tuple[str, ...] = ()
    """What it defines for later entries: `$name`, `map name`."""
    passing: tuple[str, ...] = ()
    """Variables that are not kept: they read `root`, or a variable that is not kept either."""


class Wrong(Exception):
    """An entry that cannot be read, or that failed for the record."""

    def __init__(self, error: MappingError, line: str, origin: str, number: int) -> None:
        super().__init__(error.message)
        self.message = error.message
        self.remedy = error.remedy
        self.line = line
        """The line that is wrong; empty: not known."""
        self.column = error.column
        self.number = number
        """Its number in its entry, from 1."""
        self.origin = origin
        """Where that is: empty in this entry, else what it defined before."""


class Bench:
    """Runs entries of one form against the current record."""

    def __init__(self, form: Form, samples: Samples) -> None:
        self.form = form
        self.samples = samples
        self.last = ""
        """The last entry that could be read."""
        self._lines: list[str] = []
        self._lets: list[Assign] = []
        self._maps: dict[str, tree.MapDecl] = {}

    @property
    def variables(self) -> list[str]:
        """Names of the variables that are kept."""
        return list(dict.fromkeys(let.target.path[0] for let in self._lets))

    @property
    def maps(self) -> list[str]:
        """Names of the maps that are kept."""
        return list(self._maps)

    def definitions(self) -> list[str]:
        """The lines where what is kept begins, as they were entered."""
        marks = [let.target.mark for let in self._lets] + [each.mark for each in self._maps.values()]
        return [self._lines[line - 1] for line in sorted({mark.line for mark in marks})]

    def forget(self) -> None:
        """Keep nothing of the entries so far."""
        self._lets.clear()
        self._maps.clear()

    def read(self, text: str) -> Mapping | Expr:
        """The tree of an entry together with what it uses of earlier ones. Raises Wrong."""
        entry, _ = self._read(text)
        return self._with_kept(entry) if isinstance(entry, Mapping) else entry

    def run(self, text: str) -> Answer:
        """Run an entry against the current record. Raises Wrong."""
        entry, first = self._read(text)
        self.last = text
        try:
            if isinstance(entry, Mapping):
                return self._map(entry)
            return Answer(strict_test(entry, self.samples.value, self.samples.meta))
        except MappingError as error:
            raise self._placed(error, first) from error

    def _read(self, text: str) -> tuple[Mapping | Expr, int]:
        """The entry, with marks in the text of all entries, and the number of lines before it."""
        text = f"{text}\n"
        first = len(self._lines)
        try:
            parse(text, self.form)
        except MappingSyntaxError as error:
            lines = text.split("\n")
            line = lines[error.line - 1] if 0 < error.line <= len(lines) else ""
            raise Wrong(error, line, "", error.line) from error
        self._lines += text.split("\n")
        return parse("\n" * first + text, self.form), first

    def _with_kept(self, entry: Mapping) -> Mapping:
        declared = {each.name for each in entry.maps}
        maps = (*entry.maps, *(each for name, each in self._maps.items() if name not in declared))
        return replace(entry, statements=(*self._used(entry), *entry.statements), maps=maps)

    def _used(self, entry: Mapping) -> tuple[Assign, ...]:
        """The kept variables that the entry needs, in their order."""
        needed, everything = _variables(tree.expressions(entry.statements))
        used: list[Assign] = []
        for let in reversed(self._lets):
            name = let.target.path[0]
            if everything or name in needed:
                used.append(let)
                needed.discard(name)
                more, all_of_them = _variables((let.value,))
                needed |= more
                everything |= all_of_them
        return tuple(reversed(used))

    def _map(self, entry: Mapping) -> Answer:
        whole = self._with_kept(entry)
        defined = [each for each in entry.statements if isinstance(each, Assign) and each.target.kind == "var"]
        only_defines = self.form != "remap" and len(defined) == len(entry.statements)
        if only_defines:
            whole = replace(whole, statements=(*whole.statements, _shown(defined)))
        made = Interpreter(whole).run(self.samples.value, dict(self.samples.meta))
        kept, passing = self._keep(entry)
        meta = jsonable(made.meta) if sets_meta(entry) else None
        if made.value is DELETED:
            return Answer(deleted=True, meta=meta, kept=kept, passing=passing)
        value = self.samples.value if made.value is NOTHING else jsonable(made.value)
        return Answer(value, silent=not entry.statements, meta=meta, kept=kept, passing=passing)

    def _keep(self, entry: Mapping) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What of the entry is kept, and which variables are not."""
        kept: list[str] = []
        passing: list[str] = []
        for each in entry.statements:
            if not isinstance(each, Assign) or each.target.kind != "var" or each.target.path[0] in _OWN:
                continue
            known = {*self.variables}
            needs, _ = _variables((each.value,))
            reads_root = any(isinstance(node, tree.Root) for node in tree.walk(each.value))
            if reads_root or not needs <= known:
                passing.append(f"${each.target.path[0]}")
            else:
                self._lets.append(each)
                kept.append(f"${each.target.path[0]}")
        for declared in entry.maps:
            self._maps[declared.name] = declared
            kept.append(f"map {declared.name}")
        return tuple(dict.fromkeys(kept)), tuple(dict.fromkeys(passing))

    def _placed(self, error: MappingError, first: int) -> Wrong:
        if not 0 < error.line <= len(self._lines):
            return Wrong(error, "", "", 0)
        line = self._lines[error.line - 1]
        if error.line > first:
            return Wrong(error, line, "", error.line - first)
        return Wrong(error, line, "what was defined before", 0)


def _variables(expressions: Iterable[Expr]) -> tuple[set[str], bool]:
    """The variables that are read, and whether it may be any, by a name that is calculated."""
    names: set[str] = set()
    everything = False
    for node in (below for top in expressions for below in tree.walk(top)):
        if isinstance(node, tree.Var):
            names.add(node.name)
        everything |= isinstance(node, tree.Call) and node.name == "var"
    return names, everything


def _shown(defined: Iterable[Assign]) -> Assign:
    """A last statement that shows what variables hold; one that holds nothing is left out."""
    pairs: list[tuple[Expr, Expr]] = []
    for let in defined:
        mark, name = let.target.mark, let.target.path[0]
        absent = tree.Lambda("_", tree.Call("deleted", (), mark), mark)
        value = tree.Method(tree.Var(name, mark), "catch", (absent,), mark)
        pairs.append((tree.Literal(f"${name}", mark), value))
    mark = pairs[0][0].mark if pairs else tree.Mark(1, 1)
    return Assign(tree.Target("root", (), mark), tree.Object(tuple(pairs), mark), mark)

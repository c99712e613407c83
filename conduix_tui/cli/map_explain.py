"""What `conduix map --explain` says: the tree, what is decoded of a record, and the code that it is compiled to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from conduix.mapping import is_deterministic, tree
from conduix.mapping.inputs import JsonInput
from conduix.mapping.program import Program
from conduix.mapping.tree import Expr, Mapping
from conduix_tui.cli.map_forms import Form, step
from conduix_tui.cli.map_tree import Node, lines, outline
from conduix_tui.cli.terminal import Terminal

_DETERMINISTIC = {True: "the same record always gives the same", False: "the same record may come out different"}

_TO_BE_LEARNED = (
    "as Structs, whose shape and code are learned from the first batch (--input FILE shows them); "
    "records that do not fit run through the code below"
)
_LEARNED = "as Structs of the shape of these records; the code below is for those that fit, the others are done whole"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A mapping or condition and what becomes of it."""

    form: Form
    deterministic: bool
    tree: tuple[Node, ...]
    projection: str
    """What is decoded of a record, a path a line; empty: see `whole`."""
    whole: str
    """Why all of a record is decoded; empty: only what `projection` lists is."""
    learned: str
    """How its shape is learned from the records; empty: it is not."""
    interpreted: tuple[str, ...]
    """Why it is left to the interpreter; empty: it is compiled."""
    code: str

    @classmethod
    def of(cls, parsed: Mapping | Expr, form: Form, records: Sequence[dict[str, Any]] = ()) -> Explanation:
        """Compile it, for lines of JSON in and out; of records like these where that makes a difference."""
        program = Program([step(parsed)], {"out": "jsonl"}, JsonInput)
        function, learned = program.fast, ""
        if program.learns:
            kept = program.kept(records) if records else None
            function, learned = kept or function, _LEARNED if kept else _TO_BE_LEARNED
        left = function.interpreted
        whole = "" if program.projects else _why_whole(parsed, left)
        nodes = outline(parsed)
        return cls(form, is_deterministic(parsed), nodes, function.projection, whole, learned, left, function.source)

    def as_data(self) -> dict[str, Any]:
        """For `--output json`."""
        return {
            "form": self.form,
            "deterministic": self.deterministic,
            "tree": [node.as_data() for node in self.tree],
            "projection": None if self.whole else self.projection.splitlines(),
            "whole_because": self.whole or None,
            "learned": self.learned or None,
            "interpreted_because": list(self.interpreted),
            "code": self.code,
        }

    def lines(self, terminal: Terminal) -> list[str]:
        """For a person."""

        def title(text: str) -> str:
            return terminal.styled(text, "bold", out=True)

        compiled = f"left to the interpreter: {'; '.join(self.interpreted)}" if self.interpreted else "compiled"
        return [
            f"{title(self.form)}, {compiled}; {_DETERMINISTIC[self.deterministic]}",
            *("", title("tree"), *_indented(lines(self.tree))),
            *("", title("decoded of a record"), *_indented(self._decoded())),
            *("", title("code"), *_indented(self.code.splitlines())),
        ]

    def _decoded(self) -> list[str]:
        if self.whole:
            learned = [self.learned, *self.projection.splitlines()] if self.learned else []
            return [f"all of it: {self.whole}", *learned]
        return self.projection.splitlines() or ["nothing: no field is read"]


def _indented(shown: list[str]) -> list[str]:
    return [f"  {line}" for line in shown]


def _why_whole(parsed: Mapping | Expr, interpreted: tuple[str, ...]) -> str:
    if interpreted:
        return "the interpreter takes whole records"
    if isinstance(parsed, Mapping) and parsed.in_place:
        return "the record is changed in place, and what is not changed stays"
    tops = tree.expressions(parsed.statements) if isinstance(parsed, Mapping) else iter((parsed,))
    for used in (each for top in tops for each in _used_whole(top)):
        return f"`this` at {used.mark.line}:{used.mark.column} is more than a field that is known beforehand"
    return "the mapping may leave the record as it is"


def _used_whole(node: Expr) -> Iterator[tree.This]:
    """Where the record itself is used and not just a field of it; `this` of a query or a case is another one."""
    if isinstance(node, tree.This):
        yield node
    elif isinstance(node, tree.Match) and not isinstance(node.target, tree.This | None):
        yield from _used_whole(node.target)
    elif not (isinstance(node, tree.Lambda) and node.param is None):
        for child in tree.children(node):
            known = isinstance(node, tree.Match) or (isinstance(node, tree.Field) and not node.name.isdigit())
            if not (known and isinstance(child, tree.This)):
                yield from _used_whole(child)

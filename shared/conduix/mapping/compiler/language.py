"""The language as the generator sees it: expressions, maps and lists, which need each other."""

from __future__ import annotations

from conduix.mapping.compiler import expressions, statements, streams
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.values import Built, Plain, Scope, Stream, Value
from conduix.mapping.tree import Expr


class Bloblang:
    """Implements `generator.Language`."""

    def evaluate(self, gen: Generator, node: Expr, scope: Scope) -> Value:
        """The value of an expression."""
        return expressions.evaluate(gen, node, scope)

    def run_map(self, gen: Generator, label: str, target: Value, scope: Scope) -> Value:
        """The result of a declared map."""
        return statements.run_map(gen, label, target, scope)

    def build_list(self, gen: Generator, value: Stream, *, structs: bool) -> Built | Plain:
        """The list of a stream."""
        return streams.build_list(gen, value, structs=structs)

"""What loops within loops may do for one record; where that is spent, the reference refuses the record.

A loop that stands alone is as long as what it goes over, and costs nothing here. Of one inside another each round is
counted, as the interpreter counts: by the nodes that are evaluated, and by the length of what functions make.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from conduix.mapping import tree
from conduix.mapping.compiler.code import Code, call, const
from conduix.mapping.compiler.learning import Unfit
from conduix.mapping.compiler.values import T
from conduix.mapping.interpret import MAX_STEPS


class _Left:
    """The steps that are left for the record at hand."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def begin(self) -> None:
        """A loop that is in no other begins."""
        self.left = MAX_STEPS

    def loop(self, items: Any, weight: int) -> Any:
        """A loop within a loop goes over the items."""
        self.take(len(items) * weight)
        return items

    def made(self, value: Any) -> Any:
        """A function made the value within a loop."""
        if isinstance(value, str | bytes):
            self.take(1 + (len(value) >> 4))
        else:
            self.take(1 + (len(value) >> 3 if isinstance(value, list | dict) else 0))
        return value

    def take(self, count: int) -> None:
        """So many steps."""
        self.left -= count
        if self.left < 0:
            raise Unfit


class Steps:
    """Generates the counting."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._depth = 0
        left = _Left()
        # bound methods are new objects each time, and code knows what it is given by its identity
        self._begin, self._loop, self._made, self._take = left.begin, left.loop, left.made, left.take

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What is generated here runs once for each round of a loop."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def before_loop(self, items: ast.expr, bodies: Sequence[tree.Lambda]) -> ast.expr:
        """The items of a loop that is about to begin."""
        if not self._depth:
            if any(map(_may_loop, bodies)):
                self._code.do(call(self._code.bind(self._begin, "begin")))
            return items
        return call(self._code.bind(self._loop, "steps_of"), items, const(1 + sum(map(_weight, bodies))))

    def before_call(self, body: tree.Lambda) -> None:
        """At the begin of a function that a loop of ours or of an implementation calls; in `inside`."""
        if self._depth > 1:
            self._code.do(call(self._code.bind(self._take, "take"), const(_weight(body))))

    def made(self, result: ast.expr, types: T) -> ast.expr:
        """What a function makes."""
        if not self._depth or not types & (T.STR | T.LIST | T.DICT | T.OTHER):
            return result
        return call(self._code.bind(self._made, "counted"), result)


def _weight(body: tree.Lambda) -> int:
    return sum(1 for _ in tree.walk(body.body))


def _may_loop(body: tree.Lambda) -> bool:
    return any(isinstance(node, tree.Call | tree.Method | tree.Lambda) for node in tree.walk(body.body))

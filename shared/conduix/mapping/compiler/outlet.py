"""The end of a generated loop: records onto the lists of the ports, by routes where there are some."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Protocol

from conduix.mapping.compiler.bridge import json_text
from conduix.mapping.compiler.code import call, choose, const, is_type, name, negated
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.order import Order, PortKind
from conduix.mapping.compiler.values import Projected, T, Value, jsonable
from conduix.mapping.steps import RouteStep
from conduix.mapping.tree import Expr


class Writer(Protocol):
    """The loop around it."""

    takes: set[str]
    """What of each record it needs: `offset`, `line`, `meta`, `record`."""

    def test(self, condition: Expr, value: Value) -> ast.expr:
        """The code of a condition."""

    def drop(self, position: int) -> None:
        """Generate the end of a record that the step at `position` filters."""


class Outlet:
    """Generates what happens to records that leave."""

    def __init__(self, gen: Generator, order: Order, writer: Writer) -> None:
        self._gen = gen
        self._order = order
        self._writer = writer

    def emit(self, port: str, value: Value) -> None:
        """A record to a port, if that is connected."""
        if port not in self._order.ports:
            return
        self._append(port, self._leaving(self._order.ports[port], value))

    def _leaving(self, kind: PortKind, value: Value) -> ast.expr:
        """What is put on a port's list."""
        if kind == self._order.raw:
            self._writer.takes.add("line")
            return name("l")
        if kind == "jsonl":
            return self._gen.output(value)
        made = self._gen.plain(value)
        code = call(self._gen.bound(jsonable), made.code) if made.types & T.OTHER else made.code
        if kind == "rows":
            return code
        if made.types == T.STR:
            return code
        code = self._gen.code.keep(code)
        return choose(is_type(code, "str"), code, call(self._gen.bound(json_text), code))

    def _append(self, port: str, code: ast.expr) -> None:
        index = list(self._order.ports).index(port)
        self._gen.code.do(call(name(f"out{index}"), code))
        if self._order.offsets:
            self._writer.takes.add("offset")
            self._gen.code.do(call(name(f"off{index}"), name("o")))
        if self._order.meta:
            self._writer.takes.add("meta")
            self._gen.code.do(call(name(f"meta{index}"), name("meta")))

    def route(self, position: int, step: RouteStep, value: Value) -> None:
        """A record to the ports of its routes."""
        value = self._gen.settle_now(value) if not isinstance(value, Projected) else value
        if step.mode == "fan_out":
            self._give([route for route, _ in step.routes], value)
            return
        taken = self._gen.code.fresh("hit")
        tests: list[tuple[str, ast.expr]] = []
        if step.mode == "condition":
            self._first_route(position, step, list(step.routes), value)
            return
        for route, condition in step.routes:
            test = const(True) if condition is None else self._writer.test(condition, value)
            tests.append((route, self._gen.code.keep(test, "t")))
        self._gen.code.set(taken, ast.BoolOp(ast.Or(), [test for _, test in tests]) if len(tests) > 1 else tests[0][1])
        with self._gen.block() as unmatched:
            self._no_route(position, step, value)
        self._gen.code.emit(ast.If(negated(name(taken)), unmatched, []))
        leaving = {route: self._kept_leaving(route, value) for route, _ in tests if route in self._order.ports}
        for route, test in tests:
            if route in leaving:
                with self._gen.block() as body:
                    self._append(route, leaving[route])
                self._gen.code.emit(ast.If(test, body, []))

    def _kept_leaving(self, route: str, value: Value) -> ast.expr:
        return self._gen.code.keep(self._leaving(self._order.ports[route], value))

    def _give(self, routes: Iterable[str], value: Value) -> None:
        """The same record to several ports."""
        connected = [route for route in routes if route in self._order.ports]
        by_kind = {
            kind: self._gen.code.keep(self._leaving(kind, value))
            for kind in dict.fromkeys(self._order.ports[r] for r in connected)
        }
        for route in connected:
            self._append(route, by_kind[self._order.ports[route]])

    def _first_route(self, position: int, step: RouteStep, routes: list[tuple[str, Expr | None]], value: Value) -> None:
        if not routes:
            self._no_route(position, step, value)
            return
        route, condition = routes[0]
        if condition is None:
            self.emit(route, value)
            return
        test = self._writer.test(condition, value)
        with self._gen.branch() as yes:
            self.emit(route, value)
            if not self._gen.code.body:
                self._gen.code.emit(ast.Pass())
        with self._gen.branch() as no:
            self._first_route(position, step, routes[1:], value)
        self._gen.code.when(test, yes, no)

    def _no_route(self, position: int, step: RouteStep, value: Value) -> None:
        if step.default is not None and step.default in self._order.ports:
            self.emit(step.default, value)
            self._gen.code.emit(ast.Continue())
        elif step.no_match == "dlq":
            self._gen.code.refuse_unless(const(False))
        else:
            self._writer.drop(position)

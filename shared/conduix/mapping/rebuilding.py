"""The same node with other expressions below it: what every pass that changes a tree is made of."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from conduix.mapping.tree import (
    Array,
    Binary,
    Call,
    Context,
    Expr,
    Field,
    If,
    Lambda,
    Match,
    Method,
    Object,
    Unary,
)


def rebuilt(expr: Expr, below: list[Expr]) -> Expr:  # noqa: PLR0911 - one return a kind of node is the clearest table
    """`expr` with other expressions directly below it, as many and in the order that `tree.children` gives them."""
    at = iter(below)
    match expr:
        case Field():
            return replace(expr, target=next(at))
        case Method(args=args, named=named):
            target = next(at)
            return replace(expr, target=target, args=_take(at, args), named=_take_named(at, named))
        case Call(args=args, named=named):
            return replace(expr, args=_take(at, args), named=_take_named(at, named))
        case Unary():
            return replace(expr, operand=next(at))
        case Binary():
            return replace(expr, left=next(at), right=next(at))
        case Lambda():
            return replace(expr, body=next(at))
        case Context():
            return _rebuilt_context(expr, at)
        case Array(items=items):
            return replace(expr, items=_take(at, items))
        case If() | Match() | Object():
            return _rebuilt_branches(expr, at)
        case _:
            return expr


def _take(at: Iterator[Expr], old: tuple[Expr, ...]) -> tuple[Expr, ...]:
    return tuple(next(at) for _ in old)


def _take_named(at: Iterator[Expr], old: tuple[tuple[str, Expr], ...]) -> tuple[tuple[str, Expr], ...]:
    return tuple((name, next(at)) for name, _ in old)


def _rebuilt_context(expr: Context, at: Iterator[Expr]) -> Context:
    target, body = next(at), next(at)
    if not isinstance(body, Lambda):
        raise TypeError("the body of a context is a lambda")
    return replace(expr, target=target, body=body)


def _rebuilt_branches(expr: If | Match | Object, at: Iterator[Expr]) -> Expr:
    match expr:
        case If(branches=branches, otherwise=otherwise):
            made = tuple((next(at), next(at)) for _ in branches)
            return replace(expr, branches=made, otherwise=None if otherwise is None else next(at))
        case Match(target=target, cases=cases):
            matched = None if target is None else next(at)
            arms = tuple(
                replace(case, pattern=None if case.pattern is None else next(at), body=next(at)) for case in cases
            )
            return replace(expr, target=matched, cases=arms)
        case Object(items=items):
            return replace(expr, items=tuple((next(at), next(at)) for _ in items))

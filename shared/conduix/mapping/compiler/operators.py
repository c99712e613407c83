"""The operators in generated code: inline where the types are known or cheaply checked, else a call of the reference's.

Inline calculations hold within ±2**51 only, where ints and floats agree; beyond, the record goes to the reference.
"""

from __future__ import annotations

import ast

from conduix.mapping.arithmetic import BINARY, invert, negate, truth
from conduix.mapping.compiler.code import (
    between,
    binary,
    both,
    call,
    choose,
    compare,
    const,
    either,
    is_type,
    name,
    negated,
    refusal,
)  # fmt: skip
from conduix.mapping.compiler.generator import LIMIT, Generator
from conduix.mapping.compiler.values import Plain, Projected, T, Value, within
from conduix.mapping.values import equal

_COMPARE_NUMBERS = frozenset({"<", "<=", ">", ">="})


def operate(gen: Generator, operator: str, left: Value, right: Value) -> Plain:
    """`left operator right` for every operator that evaluates both sides."""
    if operator in {"==", "!="}:
        return equality(gen, operator, left, right)
    if operator in _COMPARE_NUMBERS:
        return comparison(gen, operator, left, right)
    if operator == "+":
        return addition(gen, left, right)
    if operator in {"-", "*"}:
        return calculation(gen, operator, number(gen, left), number(gen, right))
    if operator == "/":
        return division(gen, number(gen, left), number(gen, right))
    return by_reference(gen, operator, left, right)


def by_reference(gen: Generator, operator: str, left: Value, right: Value) -> Plain:
    """The reference's own function for the operator."""
    types = {"%": T.INT, "+": T.NUMBER | T.STR | T.OTHER}.get(operator, T.NUMBER)
    return Plain(call(gen.bound(BINARY[operator]), gen.plain_code(left), gen.plain_code(right)), types)


# numbers


def number(gen: Generator, value: Value) -> Plain:
    """The value as an operand: surely a number, or the record is unfit; any type where failures are recovered from."""
    if isinstance(value, Projected) and value.shape.leaf:
        _demand(gen, value)
    if isinstance(value, Plain) and value.raw:
        return Plain(gen.code.keep(value.code, "n"), T.NUMBER, raw=True, small=value.small)
    made = gen.plain(value)
    code = gen.code.keep(made.code, "n")
    types = gen.types(Plain(code, made.types))
    if within(types, T.NUMBER) or gen.guarded:
        return Plain(code, types, small=made.small)
    if types & T.NUMBER:
        gen.code.refuse_unless(either([is_type(code, "float"), is_type(code, "int")]))
    else:
        gen.code.refuse_unless(const(False))
    gen.prove(code, T.NUMBER)
    return Plain(code, T.NUMBER, small=made.small)


def _demand(gen: Generator, value: Projected) -> None:
    shape = value.shape
    if gen.guarded and not shape.lenient:
        shape.lenient = gen.learned.changed = True
    if not gen.guarded and not gen.optional and not shape.numeric:
        shape.numeric = gen.learned.changed = True


def _constant(value: Plain) -> int | float | None:
    found = value.code.value if isinstance(value.code, ast.Constant) else None
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def _small(value: Plain) -> bool:
    found = _constant(value)
    return value.small or (found is not None and abs(found) < LIMIT)


def calculation(gen: Generator, operator: str, left: Plain, right: Plain) -> Plain:
    """A sum, difference or product of numbers."""
    if not (within(left.types, T.NUMBER) and within(right.types, T.NUMBER)):
        return by_reference(gen, operator, left, right)
    result = gen.code.keep(binary(left.code, operator, right.code), "n")
    tests = [_within_limit(result)]
    if operator != "*" and not _small(left) and not _small(right):
        # integers beyond 64 bits count as floats, and a difference would hide that they were there
        tests.insert(0, _within_limit(left.code))
    gen.code.refuse_unless(both(tests))
    if within(left.types | right.types, T.INT):
        return Plain(result, T.INT, small=True)
    return Plain(result, T.NUMBER, raw=True, small=True)


def accumulate(gen: Generator, result: str, more: Plain) -> None:
    """`result += more`, of numbers; `result` is within the limit before and after."""
    if not within(more.types, T.NUMBER):
        gen.code.set(result, by_reference(gen, "+", Plain(name(result), T.NUMBER), more).code)
        return
    # what is added is within twice the limit if the sum is within it: one test does for both
    gen.code.take_back(refusal(_within_limit(more.code)))
    gen.code.increase(result, more.code)
    gen.code.refuse_unless(_within_limit(name(result)))


def _within_limit(value: ast.expr) -> ast.expr:
    return between(-LIMIT, value, LIMIT)


def division(gen: Generator, left: Plain, right: Plain) -> Plain:
    """A quotient; inline where the divisor is a constant, not zero."""
    divisor = _constant(right)
    if divisor is None or abs(divisor) < 1 or abs(divisor) >= LIMIT or not within(left.types, T.NUMBER):
        return by_reference(gen, "/", left, right)
    if not _small(left):
        gen.code.refuse_unless(_within_limit(left.code))
    return Plain(gen.code.keep(ast.BinOp(left.code, ast.Div(), right.code), "n"), T.NUMBER, raw=True, small=True)


def negation(gen: Generator, value: Value) -> Plain:
    """`-value`."""
    operand = number(gen, value)
    if not within(operand.types, T.NUMBER):
        return Plain(call(gen.bound(negate), gen.plain_code(operand)), T.NUMBER)
    return calculation(gen, "-", Plain(const(0), T.INT), operand)


def addition(gen: Generator, left: Value, right: Value) -> Plain:
    """`left + right`: numbers, or texts."""
    first, second = _types(gen, left), _types(gen, right)
    if within(first, T.STR) or within(second, T.STR):
        one, other = gen.plain(left), gen.plain(right)
        if within(one.types | other.types, T.JSON):
            # text added to anything but text raises, so that the reference decides
            return Plain(binary(one.code, "+", other.code), T.STR)
        return by_reference(gen, "+", one, other)
    if not first & T.STR or not second & T.STR:
        return calculation(gen, "+", number(gen, left), number(gen, right))
    one, other = gen.kept(left), gen.kept(right)
    texts = both([is_type(one.code, "str"), is_type(other.code, "str")])
    slow = by_reference(gen, "+", one, other)
    types = T.NUMBER | T.STR if within(one.types | other.types, T.JSON) else slow.types
    return Plain(choose(texts, binary(one.code, "+", other.code), slow.code), types)


def _types(gen: Generator, value: Value) -> T:
    """What is known of the value without needing it whole."""
    if isinstance(value, Projected):
        return T.NUMBER if value.shape.leaf and value.shape.number else T.JSON
    return gen.types(value) if isinstance(value, Plain) else T.LIST | T.DICT


# comparisons


def comparison(gen: Generator, operator: str, left: Value, right: Value) -> Plain:
    """`<`, `<=`, `>`, `>=`: two numbers, or two texts."""
    first, second = _types(gen, left), _types(gen, right)
    if within(first | second, T.JSON):
        if within(first, T.STR) or within(second, T.STR):
            # Python compares text with text only: anything else raises, so that the reference decides
            return Plain(compare(gen.plain_code(left), operator, gen.plain_code(right)), T.BOOL)
        if not first & T.STR or not second & T.STR:
            one, other = number(gen, left), number(gen, right)
            if within(one.types | other.types, T.NUMBER):
                return Plain(compare(one.code, operator, other.code), T.BOOL)
            left, right = one, other
    return Plain(by_reference(gen, operator, left, right).code, T.BOOL)


def equality(gen: Generator, operator: str, left: Value, right: Value) -> Plain:
    """`==` and `!=`, which compare anything with anything."""
    first, second = _types(gen, left), _types(gen, right)
    if within(first, T.NULL) or within(second, T.NULL):
        null, other = (left, right) if within(first, T.NULL) else (right, left)
        gen.evaluate(gen.plain_code(null))
        return Plain(compare(gen.plain_code(other), "is" if operator == "==" else "is not", const(None)), T.BOOL)
    one, other_value = gen.plain(left), gen.plain(right)
    first, second = gen.types(one), gen.types(other_value)
    if not within(first | second, T.JSON):
        return _by_equal(gen, operator, one, other_value)
    direct = compare(one.code, operator, other_value.code)
    if within(first, T.STR) or within(second, T.STR) or within(first | second, T.NUMBER):
        return Plain(direct, T.BOOL)
    return _mixed_equality(gen, operator, one, other_value)


def _mixed_equality(gen: Generator, operator: str, left: Plain, right: Plain) -> Plain:
    one, other = gen.kept(left), gen.kept(right)
    slow = _by_equal(gen, operator, one, other)
    direct = compare(one.code, operator, other.code)
    if within(other.types, T.NUMBER):
        return Plain(choose(is_type(one.code, "bool"), slow.code, direct), T.BOOL)
    if within(one.types, T.NUMBER):
        return Plain(choose(is_type(other.code, "bool"), slow.code, direct), T.BOOL)
    return Plain(choose(is_type(one.code, "str"), direct, slow.code), T.BOOL)


def _by_equal(gen: Generator, operator: str, left: Plain, right: Plain) -> Plain:
    test = call(gen.bound(equal), left.code, right.code)
    return Plain(test if operator == "==" else negated(test), T.BOOL)


# truth


def truth_of(gen: Generator, value: Value) -> ast.expr:
    """An operand of `&&` or `||`: a bool, or a number read as `!= 0`."""
    made = gen.plain(value)
    types = gen.types(made)
    if within(types, T.BOOL):
        return made.code
    if within(types, T.NUMBER):
        return compare(made.code, "!=", const(0))
    code = gen.code.keep(made.code)
    return choose(is_type(code, "bool"), code, call(gen.bound(truth), code))


def inversion(gen: Generator, value: Value) -> Plain:
    """`!value`, of bools only."""
    made = gen.plain(value)
    if within(gen.types(made), T.BOOL):
        return Plain(negated(made.code), T.BOOL)
    return Plain(call(gen.bound(invert), made.code), T.BOOL)


def condition(gen: Generator, value: Value) -> ast.expr:
    """A condition of `if`: a bool; null counts as false, anything else fails."""
    made = gen.plain(value)
    types = gen.types(made)
    if within(types, T.BOOL):
        return made.code
    code = gen.code.keep(made.code)
    gen.code.refuse_unless(either([is_type(code, "bool"), compare(code, "is", const(None))]))
    return code


def strict_condition(gen: Generator, value: Value) -> ast.expr:
    """The condition of a filter or a route: a bool, anything else fails."""
    made = gen.plain(value)
    if within(gen.types(made), T.BOOL):
        return made.code
    code = gen.code.keep(made.code)
    gen.code.refuse_unless(is_type(code, "bool"))
    return code

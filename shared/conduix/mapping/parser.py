"""Runs the grammar's tables over the tokens and says in words what is wrong with a text that does not fit."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

from conduix.errors import MappingSyntaxError
from conduix.mapping.lexer import Dialect, Token, tokenize
from conduix.mapping.reductions import reduce

Start = Literal["program", "condition"]


def parse(text: str, start: Start, dialect: Dialect) -> Any:
    """The raw nodes of `text`: a list of statements for a program, an expression for a condition.

    Raises:
        MappingSyntaxError: with line, column, what was found, what was expected and what to write instead.
    """
    tables = _tables()
    rules, states = tables["rules"], tables["states"]
    stack: list[int] = [tables["starts"][start]]
    values: list[Any] = []
    for token in tokenize(text, dialect):
        kind = "$END" if token.kind == "END" else token.kind
        # reductions that a wrong token sets off hide what could have stood in its place
        before = list(stack)
        while True:
            action = states[stack[-1]].get(kind)
            if action is None:
                raise _unexpected(token, _expected(states, before, rules), dialect)
            if action >= 0:
                break
            origin, length, name = rules[-1 - action]
            first = len(values) - length
            children = values[first:]
            del values[first:]
            del stack[len(stack) - length :]
            values.append(reduce(name, children))
            stack.append(states[stack[-1]][origin])
            if kind == "$END" and stack[-1] == tables["ends"][start]:
                return values[0]
        stack.append(action)
        values.append(token)
    raise AssertionError("the token END is always either accepted or refused")


@cache
def _tables() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("tables.json").read_bytes())
    return loaded


_WORDS = {
    "NEWLINE": "line break", "ASSIGN": "=", "LBRACE": "{", "RBRACE": "}", "LPAREN": "(", "RPAREN": "closing bracket",
    "RBRACKET": "closing bracket", "COMMA": "comma", "COLON": ":", "CASE": "=>", "NAME": "name", "STRING": "string",
    "ELSE": "else", "SEMICOLON": ";", "FUNCTION": "method", "$END": "end of the mapping",
}  # fmt: skip
_EXPRESSION_STARTS = frozenset({"NULL", "INTEGER", "THIS", "FUNCTION"})


def _unexpected(token: Token, expected: set[str], dialect: Dialect) -> MappingSyntaxError:
    if dialect != "remap":
        expected.discard("SEMICOLON")
    found = f"got: {token.text}" if token.kind != "END" else "but reached end of input"
    if token.kind == "NEWLINE":
        found = "got the end of the line"
    wanted = _describe(expected)
    hint = _hint(token, expected)
    return MappingSyntaxError(
        f"expected {wanted}, {found}{': ' + hint if hint else ''}", line=token.mark.line, column=token.mark.column
    )


def _expected(states: list[dict[str, int]], stack: list[int], rules: list[Any]) -> set[str]:
    """The terminals that would really be shifted next: a reduction alone proves nothing in merged states."""
    return {kind for kind in states[stack[-1]] if kind.isupper() and _would_shift(kind, states, list(stack), rules)}


def _would_shift(kind: str, states: list[dict[str, int]], stack: list[int], rules: list[Any]) -> bool:
    while (action := states[stack[-1]].get(kind)) is not None:
        if action >= 0:
            return True
        origin, length, _ = rules[-1 - action]
        del stack[len(stack) - length :]
        if origin not in states[stack[-1]]:
            return kind == "$END"
        stack.append(states[stack[-1]][origin])
    return kind == "$END" and stack[-1] in _tables()["ends"].values()


def _describe(expected: set[str]) -> str:
    if expected >= _EXPRESSION_STARTS:
        return "query"
    if expected == {"NAME", "STRING", "FUNCTION", "LPAREN"}:
        return "field path or method"
    names = sorted({_WORDS[kind] for kind in expected if kind in _WORDS})
    if "end of the mapping" in names and "line break" in names:
        names.remove("end of the mapping")
    if {"line break", "="} <= set(names):
        return "line break or ="
    return " or ".join(names[:4]) or "an operator"


_BINARY = frozenset({"PIPE", "AND", "OR", "PLUS", "STAR", "SLASH", "EQUAL", "UNEQUAL", "RESCUE"})
_WORD_OPERATORS = {"and": "&&", "or": "||", "not": "!", "is": "==", "elif": "else if", "elsif": "else if"}


def _hint(token: Token, expected: set[str]) -> str:
    if token.kind == "ASSIGN" and "EQUAL" in expected:
        return "write `==` to compare"
    if token.kind == "NAME" and token.value in _WORD_OPERATORS:
        return f"write `{_WORD_OPERATORS[token.value]}` instead of `{token.value}`"
    if token.kind == "NEWLINE" and ("COMMA" in expected or "RBRACE" in expected):
        return "put a comma between the items"
    if expected >= _EXPRESSION_STARTS and token.kind in _BINARY:
        return "an operator stands between two values; to go on in the next line, end the line before with it"
    if "PLUS" in expected and token.kind in {"NAME", "STRING", "INTEGER", "THIS", "ROOT"}:
        return "one statement a line; join values with an operator"
    if token.kind == "LBRACE" and "PLUS" in expected:
        return "a block follows `if` or `match`; write a space after the word, `if (a) {`"
    return ""

"""Strategies of hypothesis for records and for mappings that parse."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from conduix.mapping import registry
from conduix.mapping.functions.declare import Function

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["2020-08-14T05:54:23Z", "12", "-1.5e3", "true", "a.b", '{"a":1}', "<a>b</a>", "x=1&y=2", "é\u2028", "0x1F"]
    ),
)
NAMES = st.sampled_from(["a", "b", "c", "items", "name", "0", "x y"])
RECORDS: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)

_FUNCTIONS = [function for function in registry() if not function.name.startswith("[")]
_LITERALS = st.sampled_from(
    [
        "null",
        "true",
        "false",
        "0",
        "1",
        "-2",
        "3.5",
        '""',
        '"a"',
        '"a.b"',
        '"%v"',
        '"UTC"',
        '"hex"',
        '"2006-01-02"',
        "[]",
        "{}",
    ]
)
_ATOMS = st.one_of(
    _LITERALS,
    st.sampled_from(["this", "root", "@", "@a", "$v", "this.a", "this.items", "this.a.b.0", 'this."x y"',
    "this.items[0]",
                     "this.name[1:]", "deleted()", "nothing()", "content()", "a"]),
)  # fmt: skip


def _call(function: Function, target: str, arguments: list[str]) -> str:
    count = len(arguments) if function.variadic else len(function.parameters)
    given = ", ".join(
        f"(p{len(target)} -> {argument})" if position < len(function.parameters)
        and function.parameters[position].kind == "query" and "->" not in argument else argument
        for position, argument in enumerate(arguments[:count])
    )  # fmt: skip
    return f"{target}.{function.name}({given})" if function.kind == "method" else f"{function.name}({given})"


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", "|"]),
            inner,
        ),
        st.builds("(if {} {{ {} }} else {{ {} }})".format, inner, inner, inner),
        st.builds("(match {} {{ {} => {}, _ => {} }})".format, inner, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds('{{"k": {}, "l": {}}}'.format, inner, inner),
        st.builds("({}).(this.a | {})".format, inner, inner),
        st.builds("-{}".format, inner),
        st.builds("!{}".format, inner),
        st.builds(
            _call, st.sampled_from(_FUNCTIONS), st.builds("({})".format, inner), st.lists(inner, min_size=3, max_size=3)
        ),
    )


EXPRESSIONS: st.SearchStrategy[str] = st.recursive(_ATOMS, _compound, max_leaves=8)
TARGETS = st.sampled_from(["root", "root.a", "root.a.b", 'root."x y".z', "root.items.0", "meta a", "meta", "let v"])
MAPPINGS: st.SearchStrategy[str] = st.lists(
    st.builds("{} = {}".format, TARGETS, EXPRESSIONS), min_size=1, max_size=4
).map("\n".join)

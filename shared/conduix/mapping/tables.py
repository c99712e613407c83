"""Makes `tables.json` from `grammar.lark`: `python -m conduix.mapping.tables`.

lark works out the LALR(1) tables; the parser only runs them. Importing lark and building its tables takes longer
than everything else that `conduix map` does at its start, so this happens once, when the grammar changes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
GRAMMAR = _HERE / "grammar.lark"
TABLES = _HERE / "tables.json"
STARTS = ("program", "condition")


def build() -> dict[str, Any]:
    """The tables as JSON data.

    `rules`: [left side, length, function in reductions.py]. `states`: one object a state; a terminal gives the next
    state (>= 0) or the rule to reduce (-1 - index), a rule's left side gives the state to go on with.
    `starts` and `ends`: the first and the accepting state for each start symbol.
    """
    from lark import Lark  # noqa: PLC0415 - only whoever changes the grammar needs lark
    from lark.parsers.lalr_analysis import LALR_Analyzer, Shift  # noqa: PLC0415 - as above

    parser = Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer=_no_lexer(), start=list(STARTS))
    analyzer = LALR_Analyzer(parser.parser.parser_conf)
    analyzer.compute_lalr()  # type: ignore[no-untyped-call]  # lark has no annotation here
    table = analyzer.parse_table
    rules = list(parser.rules)
    rule_numbers = {rule: -1 - index for index, rule in enumerate(rules)}
    order = _reached(table)
    numbers = {state: index for index, state in enumerate(order)}
    states = [
        {
            name: numbers[argument] if action is Shift else rule_numbers[argument]
            for name, (action, argument) in sorted(table.states[state].items())
        }
        for state in order
    ]
    return {
        "rules": [[str(rule.origin.name), len(rule.expansion), rule.alias] for rule in rules],
        "states": states,
        "starts": {start: numbers[state] for start, state in table.start_states.items()},
        "ends": {start: numbers[state] for start, state in table.end_states.items()},
    }


def _reached(table: Any) -> list[Any]:
    """The states in the order in which they are reached, which, unlike lark's own, is the same in every process."""
    from lark.parsers.lalr_analysis import Shift  # noqa: PLC0415 - see build

    order = [table.start_states[start] for start in STARTS]
    for state in order:
        for _, (action, argument) in sorted(table.states[state].items(), key=lambda pair: str(pair[0])):
            if action is Shift and argument not in order:
                order.append(argument)
    return order


def _no_lexer() -> type:
    from lark.lexer import Lexer  # noqa: PLC0415 - as above

    class NoLexer(Lexer):
        """The tables are made without reading any text."""

        def __init__(self, _conf: object) -> None: ...

        def lex(self, *_arguments: object) -> Any:
            raise NotImplementedError

    return NoLexer


def main() -> None:
    """Writes the tables beside the grammar."""
    TABLES.write_text(json.dumps(build(), separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

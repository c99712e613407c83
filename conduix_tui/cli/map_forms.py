"""What a text may be for `conduix map`, like the stages that hold it: how each is read, and the step it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from conduix.errors import MappingSyntaxError, UsageError
from conduix_tui.cli.excerpt import excerpt

if TYPE_CHECKING:
    from conduix.mapping.steps import FilterStep, MapStep
    from conduix.mapping.tree import Expr, Mapping
    from conduix_tui.cli.terminal import Terminal

Form = Literal["mapping", "mutation", "condition", "remap"]
FORMS: tuple[Form, ...] = ("mapping", "mutation", "condition", "remap")
DOTTED: tuple[Form, ...] = ("condition", "remap")
"""Forms in which `.field` is a field of the record."""


def parse(text: str, form: Form) -> Mapping | Expr:
    """The checked tree. Raises MappingSyntaxError."""
    from conduix.mapping import parse_condition, parse_mapping, parse_remap  # noqa: PLC0415 - not for `--help`

    if form == "condition":
        return parse_condition(text)
    return parse_remap(text) if form == "remap" else parse_mapping(text, in_place=form == "mutation")


def read(text: str, form: Form, name: str, terminal: Terminal) -> Mapping | Expr:
    """The checked tree; what is wrong is shown with its line and a caret. Raises UsageError, which calls it `name`."""
    try:
        return parse(text, form)
    except MappingSyntaxError as error:
        show_place(text, error, terminal)
        raise UsageError(f"{name}:{error.line}:{error.column}: {error.message}", remedy=error.remedy) from error


def show_place(text: str, error: MappingSyntaxError, terminal: Terminal) -> None:
    """The line that the error names, with a caret under its column, to standard error."""
    lines = text.split("\n")
    if 0 < error.line <= len(lines):
        shown, blanks = excerpt(lines[error.line - 1], error.column)
        terminal.say(f"{shown}\n{' ' * blanks}{terminal.styled('^', 'bold', 'green')}")


def step(parsed: Mapping | Expr) -> MapStep | FilterStep:
    """The step of a pipeline that it is: a condition keeps the records for which it is true."""
    from conduix.mapping.steps import FilterStep, MapStep  # noqa: PLC0415 - the language, not for `conduix --help`
    from conduix.mapping.tree import Mapping  # noqa: PLC0415

    return MapStep("map", parsed) if isinstance(parsed, Mapping) else FilterStep("map", parsed)

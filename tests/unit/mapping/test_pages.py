"""The pages on mappings are true: each example gives what stands under it, by the command that a reader tries it with.

In a `coffee` block stands a mapping, in a `vrl` block a remap; then, as comments, records, each followed by what comes
out (`→`, `(nothing)` where the record ends there) or by a part of the error (`✗`).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conduix.errors import UsageError
from conduix.mapping.vrl import names as remap_names
from conduix_tui.cli import map_records
from conduix_tui.cli.map_forms import Form
from conduix_tui.cli.repl.bench import Bench
from conduix_tui.cli.repl.commands import Dialogue
from conduix_tui.cli.repl.samples import Samples
from tests.unit.cli.terminals import Screen

DOCS = Path(__file__).resolve().parents[3] / "docs"
BENTO, VRL = DOCS / "how-to/coming-from-bento.md", DOCS / "how-to/coming-from-vrl.md"
PAGES = [DOCS / "mapping-tutorial.md", BENTO, VRL]
FORMS: dict[str, Form] = {"coffee": "mapping", "vrl": "remap"}

_BLOCK = re.compile(r"^```(coffee|vrl)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_RECORD = re.compile(r'# [\[{"\d]')
_ROW = re.compile(r"^\| `(?P<text>[^`]+)` \| `(?P<record>[^`]+)` \| `(?P<result>[^`]+)` \|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """A mapping, a record, and the line that says what comes of it."""

    form: Form
    text: str
    record: str
    expected: str


def examples(page: Path) -> Iterator[Example]:
    """Those of the blocks, and those of the tables of a text, a record and a result."""
    content = page.read_text(encoding="utf-8")
    for kind, block in _BLOCK.findall(content):
        lines = block.splitlines()
        end = next((place for place, line in enumerate(lines) if _RECORD.match(line)), len(lines))
        assert end < len(lines), f"no record under\n{block}"
        record = ""
        for line in lines[end:]:
            if line.startswith(("# → ", "# ✗ ")):
                yield Example(FORMS[kind], "\n".join(lines[:end]) + "\n", record, line.removeprefix("# "))
            else:
                record = line.removeprefix("# ")
    for row in _ROW.finditer(content):
        text = row["text"].replace("\\|", "|")
        yield Example("remap" if page == VRL else "mapping", text, row["record"], f"→ {row['result']}")


EXAMPLES = [
    pytest.param(example, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, example in enumerate(examples(page), 1)
]


def mapped(example: Example) -> Screen:
    """What `conduix map` makes of it."""
    parser = argparse.ArgumentParser()
    map_records.add_arguments(parser)
    screen = Screen(stdin=example.record.encode() + b"\n")
    try:
        map_records.execute(parser.parse_args(["--as", example.form, "--", example.text]), screen.terminal)
    except UsageError as error:
        screen.terminal.fail(error)
    return screen


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_gives_what_it_says(example: Example) -> None:
    screen = mapped(example)
    if example.expected.startswith("✗ "):
        assert example.expected[2:] in screen.err
        assert screen.out == ""
    else:
        assert screen.err == ""
        assert (screen.out.rstrip("\n") or "(nothing)") == example.expected[2:]


def test_what_the_tutorial_types_at_the_prompt_is_answered_so() -> None:
    page = (DOCS / "mapping-tutorial.md").read_text(encoding="utf-8")
    (transcript,) = re.findall(r"^```\n\$ conduix map [^\n]*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    opening, *dialogue = transcript.split("mapping> ")
    samples, screen = Samples(), Screen()
    samples.typed(opening.splitlines()[-1])
    prompt = Dialogue(Bench("mapping", samples), screen.terminal, list, None)
    for turn in dialogue:
        entry, _, answer = turn.partition("\n")
        before = len(screen.out)
        prompt.enter(entry)
        assert screen.out[before:] == answer


def test_methods_that_the_tutorial_only_names_exist() -> None:
    from conduix.mapping.functions import find

    page = (DOCS / "mapping-tutorial.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"More of them: (.*?)\. A", page, re.DOTALL)
    assert [name for name in re.findall(r"`(\w+)`", listed) if find("method", name) is None] == []


def test_functions_on_the_page_about_vrl_are_those_of_a_remap() -> None:
    table = VRL.read_text(encoding="utf-8").partition("\n## Functions")[2]
    called = {name for row in _ROW.finditer(table) for name in re.findall(r"(\w+)!?\(", row["text"])}
    assert len(called) > 40
    assert called <= set(remap_names()) | {"d"}, "`d` is of a pattern"

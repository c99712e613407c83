"""When an entry needs another line."""

from __future__ import annotations

import pytest

from conduix_tui.cli.repl.scan import goes_on, scan


@pytest.mark.parametrize(
    "text",
    [
        "root = {",
        'root.a = match this.b {\n  "x" => 1',
        "root.a = this.b.map_each(i ->",
        "root.a = (1 + 2",
        "root.a = [1,\n 2",
        "root.a =",
        "root.a = this.b +",
        "root.a = this.b |",
        "root.a = this.b.",
        "root.a = this.b + # and",
        'root.a = """one\ntwo',
        "if this.a > 1 {\n  root.b = 1",
        "map m {",
        ".a = upcase(",
    ],
)
def test_an_open_entry_goes_on(text: str) -> None:
    assert goes_on(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "root = this",
        "root = {}",
        'root.a = "{"',
        'root.a = """{"""',
        "root.a = 1 # {",
        'root.a = "\\"("',
        "root.a = this.b)",
        "root.a = (this.b]",
        'root.a = "never closed {',
        "root.a = parse_regex(.b, r'(')",
        ".help slice",
        "root = {\n",
    ],
)
def test_a_whole_or_a_hopeless_entry_does_not(text: str) -> None:
    assert not goes_on(text)


def test_what_is_open_is_known_with_its_place() -> None:
    found = scan('root.a = this.b.map_each(i -> [i, "x')
    assert found.brackets == (("(", 24), ("[", 30))
    assert (found.inside, found.since) == ("string", 34)
    assert scan("root = this # why").inside == "comment"
    assert scan('root = """a').inside == "text"
    assert scan('root = "a" + ').inside == "code"

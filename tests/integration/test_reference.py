"""The reference pages say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.command import conduix

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def test_the_catalogue_page_is_what_the_command_prints() -> None:
    head, _, body = (REFERENCE / "catalogue.md").read_text(encoding="utf-8").partition("\n\n")
    assert head == "# Catalogue"
    assert body == conduix("stages", "--output", "markdown", cwd=REFERENCE).stdout, "run: make docs"


@pytest.mark.parametrize("verb", ["run", "validate", "explain", "map", "stages"])
def test_the_page_on_commands_knows_every_option(verb: str) -> None:
    shown = conduix(verb, "--help", cwd=REFERENCE).stdout.partition("examples:")[0]
    options = set(re.findall(r"--[a-z-]+", shown)) - {"--help"}
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    section = page.partition(f"## `conduix {verb}")[2].partition("\n## ")[0]
    assert options <= set(re.findall(r"--[a-z-]+", section))

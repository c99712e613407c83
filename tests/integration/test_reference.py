"""The reference pages say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conduix.spec import Code
from conduix.spec.settings import Settings
from tests.integration.command import conduix

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


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


def test_the_page_on_documents_knows_every_key_and_every_code() -> None:
    page = (REFERENCE / "document.md").read_text(encoding="utf-8")
    missing = [name for name in (*Code, *Settings.model_fields) if f"`{name}`" not in page]
    assert missing == []


def test_the_documents_on_the_page_validate() -> None:
    page = (REFERENCE / "document.md").read_text(encoding="utf-8")
    for document in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL):
        done = conduix("validate", "-", cwd=REFERENCE, stdin=document)
        assert done.returncode == 0, done.stdout


def test_what_the_readme_shows_is_what_is_printed() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```\n\$ conduix (.*?)\n(.*?)```", text, re.DOTALL)
    printed = conduix(*shown[0].split(), cwd=ROOT).stdout
    assert printed.startswith(shown[1])

"""The reference pages say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conduix.spec import Code
from conduix.spec.settings import Settings
from conduix_tui.cli.verbs import verbs
from tests.integration.command import conduix

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def test_the_catalogue_page_is_what_the_command_prints() -> None:
    head, _, body = (REFERENCE / "catalogue.md").read_text(encoding="utf-8").partition("\n\n")
    assert head == "# Catalogue"
    assert body == conduix("stages", "--output", "markdown", cwd=REFERENCE).stdout, "run: make docs"


@pytest.mark.parametrize("verb", [verb.name for verb in verbs()])
def test_the_page_on_commands_knows_every_option(verb: str) -> None:
    shown = help_of(verb)
    for command in re.findall(r"^    ([a-z-]+)(?: |$)", shown.partition("COMMAND\n")[2], re.MULTILINE):
        shown += help_of(verb, command)
    options = set(re.findall(r"--[a-z-]+", shown)) - {"--help"}
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    section = page.partition(f"## `conduix {verb}")[2].partition("\n## ")[0]
    assert section, "no section about it"
    common = page.partition("## Verbs of a server")[2].partition("\n## ")[0] if "--context" in options else ""
    assert options <= set(re.findall(r"--[a-z-]+", section + common))


def help_of(*words: str) -> str:
    """The options of a command; its examples may show those of others."""
    return conduix(*words, "--help", cwd=REFERENCE).stdout.partition("examples:")[0]


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

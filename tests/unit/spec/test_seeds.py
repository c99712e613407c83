"""Every YAML block of the founding documents, completed by what it leaves out, is read with its meaning.

The expected form of `tests/fixtures/seeds/NAME.yaml` is `NAME.json` beside it; `README.md` there says what was added to
each. `python -m tests.unit.spec.test_seeds` writes the forms anew: look at the difference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conduix.engine.catalog import Catalog, default_catalog
from conduix.spec.loading import Loaded, load
from conduix.spec.normal import normal_form
from tests.unit.spec.later_types import complete_catalog

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "seeds"
PATHS = sorted(FOLDER.glob("*.yaml"))
ENV = {"HTTP_USER": "u", "HTTP_PASS": "p", "API_TOKEN": "t", "OAUTH_CLIENT_ID": "i", "OAUTH_CLIENT_SECRET": "s"}
SHOWN = ("name", "version", "mode", "nodes", "supervision", "tree")

CHOICES = [
    ("readme-router", "stages.router-1.mode=filter"),
    ("readme-router", "stages.router-1.mode=condition", "stages.router-1.routes[0].when=this.big"),
    ("v2-4-1-file", "source.format=csv"),
    ("v2-4-1-file", "source.format=lines"),
    ("v2-4-2-sql", "source.driver=postgres"),
    ("v2-4-4-http-pages", "source.pagination.type=offset"),
    ("v2-4-4-http-pages", "source.pagination.type=cursor"),
    ("v2-4-5-http-auth", "source.auth.type=basic"),
    ("v2-4-5-http-auth", "source.auth.type=bearer"),
    ("v2-4-6-kafka", "source.start_offset=latest"),
    ("v2-6-output", "output.log_level=debug"),
    ("v2-6-output", "output.log_level=warn"),
    ("v2-6-output", "output.log_level=error"),
    ("v2-6-output", "output.log_format=text"),
]
"""Where a block names alternatives (`csv | lines`): those that its fixture does not hold, with what they need."""


def read(path: Path, catalog: Catalog, *overrides: str) -> Loaded:
    return load(path.read_bytes(), file=path.name, catalog=catalog, env=ENV, overrides=overrides)


def form(loaded: Loaded) -> dict[str, Any]:
    assert loaded.spec is not None, "\n".join(map(str, loaded.diagnostics))
    return {key: each for key, each in normal_form(loaded.spec, defaults=False).items() if key in SHOWN}


def rows() -> dict[str, Sequence[str]]:
    """Fixture → the other cells of its row: block, what was added, what is missing, how it runs."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `([\w-]+)` \| (.*) \|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split(" | ")] for name, cells in found}


def test_the_table_names_every_fixture() -> None:
    assert sorted(rows()) == [path.stem for path in PATHS]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_block_is_read_as_its_form(path: Path) -> None:
    loaded = read(path, complete_catalog())
    assert form(loaded) == json.loads(path.with_suffix(".json").read_bytes())


@pytest.mark.parametrize("choice", CHOICES, ids=" ".join)
def test_the_other_choices_of_a_block_are_read(choice: Sequence[str]) -> None:
    name, *overrides = choice
    path = FOLDER / f"{name}.yaml"
    assert form(read(path, complete_catalog(), *overrides)) != form(read(path, complete_catalog()))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_is_not_there_yet_is_said_and_stands_in_the_table(path: Path) -> None:
    """If this fails because a type is there now: take it out of the row, and say how the block runs."""
    loaded = read(path, default_catalog())
    missing = [re.findall(r"the (\w+ '\w+') is not there yet", each.message) for each in loaded.errors]
    assert all(missing), loaded.errors
    named = [words.replace("'", "") for found in missing for words in found]
    waits_for = rows()[path.stem][2]
    assert (", ".join(named) or "nothing") == waits_for


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_was_added_stands_in_the_table(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    marked = re.findall(r"(\w+)\"?:[^#\n]*#+ (?:added|chosen)", text)
    cell = rows()[path.stem][1]
    assert [key for key in marked if f"`{key}" not in cell] == []


def test_a_secret_of_the_environment_is_not_in_a_form() -> None:
    shown = form(read(FOLDER / "v2-4-5-http-auth.yaml", complete_catalog()))
    (source, _) = shown["nodes"]
    assert source["options"]["auth"]["password"] == "${HTTP_PASS}"  # noqa: S105 - as it is written


if __name__ == "__main__":
    for each in PATHS:
        text = json.dumps(form(read(each, complete_catalog())), indent=1, ensure_ascii=False)
        each.with_suffix(".json").write_text(f"{text}\n", encoding="utf-8")

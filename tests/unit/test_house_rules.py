"""Rules of the house that no linter knows: how long a module may be, that it says what it is for, the lock files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("shared/conduix", "conduix_server", "conduix_agent", "conduix_tui", "tests", "examples")
MOST_LINES = 500
SOFT_LINES = 350


def modules() -> Iterator[Path]:
    for folder in FOLDERS:
        # stubs are made from proto/, and read there
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "_pb2" not in path.name)


def test_modules_fit_on_a_few_screens() -> None:
    sizes = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in modules()}
    assert not [name for name, lines in sizes.items() if lines > MOST_LINES], "find the seam"
    long = [name for name, lines in sizes.items() if lines > SOFT_LINES]
    assert len(long) <= len(sizes) / 10, f"more than a tenth of the modules is over {SOFT_LINES} lines: {long}"


def test_every_module_says_what_it_is_for() -> None:
    """Ruff holds the same for all but tests."""
    bare = [path for path in modules() if not path.read_text(encoding="utf-8").startswith(('"""', 'r"""', "#!"))]
    assert bare == []


def pinned(lock: str) -> dict[str, Version]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", text, re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in found}


@pytest.mark.parametrize(("group", "lock"), [("dev", "requirements.lock"), ("examples", "examples/requirements.lock")])
def test_the_lock_holds_what_the_project_asks_for(group: str, lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = project["dependency-groups"][group] + (project["project"]["dependencies"] if group == "dev" else [])
    have = pinned(lock)
    stale = [
        text
        for requirement, text in ((Requirement(text), text) for text in asked)
        if not requirement.specifier.contains(have.get(canonicalize_name(requirement.name), Version("0")))
    ]
    assert not stale, f"run `make lock`: {lock} does not satisfy {stale}"


@pytest.mark.parametrize("lock", ["requirements.lock", "examples/requirements.lock"])
def test_the_lock_pins_hashes_and_names_no_registry(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    blocks = re.split(r"^(?=[A-Za-z0-9_.-]+==)", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)

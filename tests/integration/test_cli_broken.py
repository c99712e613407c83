"""Broken documents: what `conduix validate` prints for each, to the letter.

The expected text of `tests/fixtures/broken/NAME.yaml` is `NAME.txt` beside it. After a change that is meant, write it
anew there with `conduix validate NAME.yaml > NAME.txt`, and look at the difference.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.command import conduix

BROKEN = Path(__file__).resolve().parents[1] / "fixtures" / "broken"

WRONG_THERE = {
    "alias-bomb": (6, "YAML_ALIAS"),
    "bad-mapping": (9, "MAPPING_SYNTAX"),
    "bad-yaml": (3, "YAML_SYNTAX"),
    "cycle": (5, "CYCLE"),
    "duplicate-key": (4, "DUPLICATE_KEY"),
    "many": (2, "INVALID_VALUE"),
    "missing-input": (5, "UNKNOWN_INPUT"),
    "route-without-target": (10, "UNKNOWN_TARGET"),
    "stage-options": (4, "INVALID_VALUE"),
    "unknown-function": (6, "MAPPING_SYNTAX"),
    "unknown-key": (6, "UNKNOWN_KEY"),
    "unknown-stage": (4, "UNKNOWN_TYPE"),
    "unset-variable": (2, "VARIABLE_UNSET"),
    "wrong-type": (4, "WRONG_TYPE"),
}
"""Line and code of what is wrong: the golden files are held against it, so that they cannot be rewritten blindly."""


def test_every_broken_document_is_in_the_table() -> None:
    assert {path.stem for path in BROKEN.glob("*.yaml")} == WRONG_THERE.keys()


@pytest.mark.parametrize("name", sorted(WRONG_THERE))
def test_what_is_wrong_is_said_with_its_place(name: str) -> None:
    done = conduix("validate", f"{name}.yaml", cwd=BROKEN)
    assert done.returncode == 2
    assert done.stderr == ""
    assert done.stdout == (BROKEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(WRONG_THERE))
def test_the_same_as_data(name: str) -> None:
    done = conduix("validate", f"{name}.yaml", "--output", "json", cwd=BROKEN)
    assert done.returncode == 2
    (result,) = json.loads(done.stdout)
    assert (result["file"], result["valid"]) == (f"{name}.yaml", False)
    assert WRONG_THERE[name] in {(each["line"], each["code"]) for each in result["diagnostics"]}


def test_a_broken_document_is_not_run_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text((BROKEN / "unknown-key.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    done = conduix("run", "x.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "x.yaml:6:" in done.stderr
    assert "nothing was run" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["x.yaml"]

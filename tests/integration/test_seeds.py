"""The blocks of the founding documents run: those whose ends are here as they stand, others on files and made records.

What was completed of each stands in `tests/fixtures/seeds/README.md`; its last column is held against this file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command import conduix

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "seeds"

USERS = [
    {"id": 1, "name": "ann", "email": "a@x", "first_name": "Ann", "last_name": "Ash", "status": "active", "ssn": "7"},
    {"id": 2, "name": "bob", "email": "b@x", "first_name": "Bob", "last_name": "Birch", "status": "away"},
    {"id": 3, "name": "cy", "email": "c@x", "first_name": "Cy", "last_name": "Cedar", "status": "active"},
]
ACTIVE = [USERS[0], USERS[2]]
LEVELS = [{"level": "info"}, {"level": "warn"}]
MADE_UP = "pipeline.children[0].children[0].config={source_type: generate, count: 2, mapping: 'root.n = this.index'}"


@dataclass(frozen=True, slots=True)
class Run:
    """A fixture, what is put in other places, and the records that its sink must be given."""

    name: str
    overrides: Sequence[str]
    records: Sequence[object]
    warnings: Sequence[str] = ()


FLAT_ENDS = (
    "sources.kafka_input={type: file, path: logs.jsonl}",
    "sinks.elasticsearch={type: stub, inputs: [parse]}",
)
PICKED = [{key: user[key] for key in ("id", "name", "email")} for user in ACTIVE]
RUNS = [
    Run("readme-flat", FLAT_ENDS, LEVELS),
    Run("readme-actor", (MADE_UP,), [{"n": 0}, {"n": 1}], ("NO_SINK", "NO_EFFECT")),
    Run("readme-supervision", (MADE_UP,), [{"n": 0}, {"n": 1}], ("NO_SINK", "NO_EFFECT")),
    Run("v2-2-batch", (), ACTIVE, ("NO_EFFECT",)),
    Run("v2-4-1-file", ("source.path=data/users.json",), USERS),
    Run("v2-4-1-file", ("source.path=data/users.csv", "source.format=csv"), [{"id": "1", "name": "ann"}]),
    Run("v2-4-1-file", ("source.path=data/users.csv", "source.format=lines"), ["id,name", "1,ann"]),
    Run("v2-4-1-files", ('source.paths=["data/*.json"]',), [USERS[0], *USERS]),
    Run("v2-6-output", (), [{"id": 0}, {"id": 1}, {"id": 2}]),
    Run("v2-7-steps", ("steps.sample.sample=1",), PICKED),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the inputs."""
    write(tmp_path / "users.jsonl", *USERS)
    write(tmp_path / "logs.jsonl", *({"message": json.dumps(level)} for level in LEVELS))
    data = tmp_path / "data"
    data.mkdir()
    write(data / "users.json", USERS)
    write(data / "users-2.json", [USERS[0]])
    (data / "users.csv").write_text("id,name\n1,ann\n", encoding="utf-8")
    return tmp_path


def write(path: Path, *values: object) -> None:
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values), encoding="utf-8")


def shown(log: str) -> list[Any]:
    """The records that the stub sink logged, among the lines of standard error."""
    return [json.loads(line) for line in log.splitlines() if line.startswith(("{", '"'))]


def arguments(name: str, overrides: Sequence[str]) -> list[str]:
    return [str(FOLDER / f"{name}.yaml"), *(word for each in overrides for word in ("--set", each))]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: " ".join((run.name, *run.overrides)))
def test_a_block_runs(run: Run, folder: Path) -> None:
    done = conduix("run", *arguments(run.name, run.overrides), "--output", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert shown(done.stderr) == run.records
    assert re.findall(r": ([A-Z_]+): warning: ", done.stderr) == list(run.warnings)
    summary = json.loads(done.stdout)
    assert (summary["state"], summary["dead"]) == ("COMPLETED", 0)


def test_a_tenth_of_the_users_is_sampled_as_the_block_stands(folder: Path) -> None:
    write(folder / "users.jsonl", *(USERS[0] | {"id": number} for number in range(2000)))
    done = conduix("run", *arguments("v2-7-steps", ()), cwd=folder)
    numbers = [record["id"] for record in shown(done.stderr)]
    # chance leaves these bounds once in ten million million runs
    assert 100 < len(numbers) < 300
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("name", ["readme-router", "v2-2-realtime", "v2-4-6-kafka"])
def test_a_block_with_a_type_that_is_not_there_does_not_run(name: str, folder: Path) -> None:
    done = conduix("run", *arguments(name, ()), cwd=folder)
    assert done.returncode == 2
    assert "is not there yet, it comes in a later release" in done.stderr
    assert shown(done.stderr) == []


def test_the_table_says_what_runs() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \|.*\| (.*) \|$", text, re.MULTILINE)
    assert {name for name, runs in rows if runs != "no"} == {run.name for run in RUNS}


def test_explain_prints_the_normal_form_of_each_dialect(folder: Path) -> None:
    explained = {}
    for name, overrides in (("readme-flat", FLAT_ENDS), ("readme-actor", (MADE_UP,)), ("v2-7-steps", ())):
        done = conduix("explain", *arguments(name, overrides), "--output", "json", cwd=folder)
        explained[name] = json.loads(done.stdout)["normal_form"]
    linear = "name: a\nsource: {type: generate, count: 1}\nsink: {type: drop}\n"
    done = conduix("explain", "-", "--output", "json", cwd=folder, stdin=linear)
    explained["linear"] = json.loads(done.stdout)["normal_form"]
    assert {name: [node["id"] for node in form["nodes"]] for name, form in explained.items()} == {
        "readme-flat": ["kafka_input", "parse", "elasticsearch"],
        "readme-actor": ["KafkaSource", "stub"],
        "v2-7-steps": ["source", "parse", "active_only", "sample", "select_fields", "remove_sensitive", "stub"],
        "linear": ["source", "drop"],
    }
    tree = explained["readme-actor"]["tree"]
    assert (tree["name"], tree["supervision"]["max_restarts"]) == ("RootSupervisor", 3)
    assert tree["children"][0]["supervision"]["max_restarts"] == 5
    assert {name for name, form in explained.items() if "tree" in form} == {"readme-actor"}

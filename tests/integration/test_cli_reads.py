"""`conduix validate`, `explain`, `stages` and `map` as processes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.integration.command import CONDUIX, conduix, environment

DOCUMENT = """\
name: orders
source: {type: file, path: orders.jsonl}
stages:
  - {id: active, type: filter, config: {condition: 'this.status == "active"'}}
  - {id: shape, type: mapping, config: {mapping: 'root.id = this.id'}}
sink: {type: file, path: out/orders.jsonl}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "orders.yaml").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "orders.jsonl").write_text('{"id":1,"status":"active"}\n', encoding="utf-8")
    return tmp_path


# validate


def test_a_valid_document(folder: Path) -> None:
    done = conduix("validate", "orders.yaml", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "orders.yaml: valid, batch, 1 source, 2 stages, 1 sink\n"


def test_a_document_from_standard_input(folder: Path) -> None:
    done = conduix("validate", "-", cwd=folder, stdin=DOCUMENT.replace("filter", "fitler"))
    assert done.returncode == 2
    assert done.stdout.startswith("<stdin>:4:")


def test_a_file_that_cannot_be_read_does_not_hide_the_others(folder: Path) -> None:
    done = conduix("validate", "nope.yaml", "orders.yaml", cwd=folder)
    assert done.returncode == 2
    assert "nope.yaml: No such file or directory" in done.stderr
    assert "orders.yaml: valid" in done.stdout


def test_bytes_that_are_no_utf8(folder: Path) -> None:
    (folder / "latin.yaml").write_bytes("name: caf\xe9\n".encode("latin-1"))
    done = conduix("validate", "latin.yaml", cwd=folder)
    assert done.returncode == 2
    assert "latin.yaml:1:10: YAML_ENCODING" in done.stdout


def test_a_document_without_end_is_refused_and_not_read_to_its_end(folder: Path) -> None:
    done = conduix("validate", "/dev/zero", cwd=folder)
    assert done.returncode == 2
    assert "YAML_TOO_LARGE" in done.stdout


def test_values_can_be_put_in(folder: Path) -> None:
    done = conduix("validate", "orders.yaml", "--set", "sink.type=fiel", cwd=folder)
    assert done.returncode == 2
    assert "UNKNOWN_TYPE" in done.stdout


# explain


def test_an_explanation_names_actors_shards_and_guarantee(folder: Path) -> None:
    done = conduix("explain", "orders.yaml", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "active→shape" in done.stdout
    assert "fuses active, shape" in done.stdout
    assert "1 shard" in done.stdout
    assert "exactly once: every part keeps it" in done.stdout


@pytest.mark.parametrize(("form", "parse"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_the_same_as_data(folder: Path, form: str, parse: object) -> None:
    done = conduix("explain", "orders.yaml", "--output", form, cwd=folder)
    assert callable(parse)
    data = parse(done.stdout)
    assert [actor["nodes"] for actor in data["actors"]][:2] == [["source"], ["active", "shape"]]
    assert data["guarantee"]["promise"] == "exactly once"
    assert data["normal_form"]["name"] == "orders"


def test_the_weakest_link_is_named(folder: Path) -> None:
    weak = DOCUMENT.replace("{type: file, path: orders.jsonl}", "{type: stdin, format: jsonl}")
    done = conduix("explain", "-", cwd=folder, stdin=weak)
    assert "at most once" in done.stdout
    assert "weakest link: source: " in done.stdout


def test_a_source_that_is_not_there_yet_can_be_explained(folder: Path) -> None:
    (folder / "orders.jsonl").unlink()
    done = conduix("explain", "orders.yaml", cwd=folder)
    assert done.returncode == 0
    assert "cannot be cut now" in done.stdout


# stages


def test_the_catalogue_lists_every_kind(folder: Path) -> None:
    done = conduix("stages", cwd=folder)
    assert done.returncode == 0
    for word in ("sources", "stages", "sinks", "file", "generate", "router", "stdout"):
        assert word in done.stdout


def test_one_entry_shows_type_default_and_example(folder: Path) -> None:
    done = conduix("stages", "filter", cwd=folder)
    assert "condition: condition or object, required" in done.stdout
    assert "example: " in done.stdout


def test_both_ends_of_a_connector_are_shown(folder: Path) -> None:
    data = json.loads(conduix("stages", "file", "--output", "json", cwd=folder).stdout)
    assert [entry["role"] for entry in data] == ["source", "sink"]


def test_every_option_of_every_entry_is_described_with_an_example(folder: Path) -> None:
    data = json.loads(conduix("stages", "--output", "json", cwd=folder).stdout)
    bare = [f"{entry['type']}.{row['name']}" for entry in data for row in entry["options"] if not row["description"]]
    assert bare == []


def test_an_unknown_name_is_corrected(folder: Path) -> None:
    done = conduix("stages", "mappin", cwd=folder)
    assert done.returncode == 2
    assert "did you mean mapping?" in done.stderr


def test_the_schema_of_a_document(folder: Path) -> None:
    schema = json.loads(conduix("stages", "--schema", cwd=folder).stdout)
    assert "$schema" in schema or "$defs" in schema


# map


def test_records_are_mapped() -> None:
    done = conduix("map", "root.b = this.a * 10", cwd=Path.cwd(), stdin='{"a":1}\n{"a":2}\n')
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"b":10}\n{"b":20}\n', "")


def test_a_record_that_fails_is_named_by_its_line_and_stops_nothing() -> None:
    done = conduix("map", "root.b = this.a.uppercase()", cwd=Path.cwd(), stdin='{"a":"x"}\n{"a":1}\nhalf {\n{"a":"y"}')
    assert done.returncode == 1
    assert done.stdout == '{"b":"X"}\n{"b":"Y"}\n'
    first, second, total = done.stderr.splitlines()
    assert first.startswith("error: line 2: ")
    assert second.startswith("error: line 3: ")
    assert total == "2 records failed"


def test_a_deleted_record_is_left_out() -> None:
    done = conduix(
        "map", "root = if this.a > 1 { this } else { deleted() }", cwd=Path.cwd(), stdin='{"a":1}\n{"a":2}\n'
    )
    assert (done.returncode, done.stdout) == (0, '{"a":2}\n')


def test_a_mapping_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "m.blobl").write_text("root.b = this.a\n", encoding="utf-8")
    assert conduix("map", "--file", "m.blobl", cwd=tmp_path, stdin='{"a":1}').stdout == '{"b":1}\n'


def test_a_wrong_mapping_is_shown_with_a_caret(tmp_path: Path) -> None:
    done = conduix("map", "root.b = this.a *", cwd=tmp_path, stdin="")
    assert done.returncode == 2
    source, caret, error, *_ = done.stderr.splitlines()
    assert source == "root.b = this.a *"
    assert caret.strip() == "^"
    assert error.startswith("error: mapping:1:")


def test_results_come_while_input_is_still_open() -> None:
    with subprocess.Popen(
        [CONDUIX, "map", "root = this.a"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(Path.cwd())
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"a":1}\n{"a":')
        process.stdin.flush()
        assert process.stdout.readline() == b"1\n"
        process.stdin.write(b"2}\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"2\n"
        process.stdin.close()
        assert process.wait() == 0


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    script = f"yes '{{\"a\":1}}' | {CONDUIX} map 'root = this' | head -n 1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ('{"a":1}\n', "")


def test_a_mapping_can_be_explained() -> None:
    done = conduix("map", "--explain", "root.b = this.a * 10", cwd=Path.cwd())
    assert done.returncode == 0
    assert "a" in done.stdout


# what it costs


def cpu_seconds(command: list[str | Path], cwd: Path) -> float:
    """CPU seconds of one whole process."""
    # compiled modules are kept, as on a user's machine
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=cwd, env=env, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize(
    ("argv", "goal", "beside", "quiet"),
    [
        (["--help"], 0.150, "pass", 0.020),
        # the two libraries that nobody can do without who reads and checks a document
        (["validate", "orders.yaml"], 0.400, "import pydantic, yaml; pydantic.BaseModel", 0.150),
    ],
    ids=["help", "validate"],
)
def test_commands_answer_at_once(folder: Path, argv: list[str], goal: float, beside: str, quiet: float) -> None:
    """`goal` is for a quiet machine, where `beside` takes `quiet`; on a busy one both take longer, so compare.

    1.3 of slack, as every goal in seconds has: what this finds is a heavy import that was not there before.
    """
    command: list[str | Path] = [CONDUIX, *argv]
    cpu_seconds(command, folder)
    costs = [
        (cpu_seconds(command, folder), cpu_seconds([sys.executable, "-c", beside], folder))
        for _ in range(5)
    ]  # fmt: skip
    cost, reference = (min(column) for column in zip(*costs, strict=True))
    assert cost / reference <= 1.3 * goal / quiet, f"{cost:.3f} s, beside it {reference:.3f} s"

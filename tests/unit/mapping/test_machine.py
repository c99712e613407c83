"""What a mapping sees of the machine: what its owner allows, and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import parse_mapping
from conduix.mapping.inputs import JsonInput
from conduix.mapping.program import Program
from conduix.mapping.reference import Reference
from conduix.mapping.steps import MapStep
from tests.unit.mapping.run import ev, out


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is allowed, beside one that is not."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "limits.json").write_text('{"most":5}')
    (inside / "token").write_text("hunter2\n")
    (inside / "maps.blobl").write_text("map twice { root = this * 2 }\n")
    (inside / "whole.blobl").write_text('import "maps.blobl"\nroot.b = this.a.apply("twice")\n')
    (inside / "broken.blobl").write_text("root = = 1\n")
    (outside / "key").write_text("secret")
    (inside / "link").symlink_to(outside / "key")
    for name in ("CONDUIX_ALLOW_PATHS", "CONDUIX_ALLOW_MAPPING_IMPORTS", "CONDUIX_SECRETS_DIR"):
        monkeypatch.setenv(name, str(inside))
    return inside


def test_a_variable_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUIX_ALLOW_ENV", "REGION, STAGE")
    monkeypatch.setenv("REGION", "eu")
    assert ev('[env("REGION"), env("STAGE"), env(name: "REGION", no_cache: true)]') == ["eu", None, "eu"]
    assert ev("env(this.name)", {"name": "REGION"}) == "eu"


@pytest.mark.parametrize("name", ["PATH", "", "REGION,STAGE", "CONDUIX_ALLOW_ENV"])
def test_any_other_variable_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUIX_ALLOW_ENV", "REGION,STAGE")
    with pytest.raises(MappingError, match="is not allowed: its machine's owner adds it to CONDUIX_ALLOW_ENV"):
        ev("env(this)", name)


def test_files_and_secrets_within_what_is_allowed(roots: Path) -> None:
    assert ev('file("limits.json").parse_json().most') == 5
    assert ev("file(this).string()", str(roots / "limits.json")) == '{"most":5}'
    assert ev('secret("token")') == "hunter2"


@pytest.mark.parametrize(
    "mapping",
    ['root = secret("token").number()', 'root = throw("no " + secret("token"))', 'root = secret("spelled").number()'],
)
def test_a_letter_does_not_show_a_secret(mapping: str, roots: Path) -> None:
    (roots / "spelled").write_text('a"b\\c secret of many words')
    program = Program([MapStep("map", parse_mapping(mapping))], {"out": "jsonl"}, JsonInput)
    ((_, failure),) = program.run(JsonInput(b'{"a":1}\n', lambda: [0]), "all").failed
    assert failure.message.startswith("an error whose text shows a secret")
    with pytest.raises(MappingError, match="an error whose text shows a secret") as failed:
        Reference([MapStep("map", parse_mapping(mapping), on_error="fail")], ["out"]).run({}, {}, "all", 0)
    assert "hunter2" not in str(failed.value)


@pytest.mark.parametrize(
    "path", ["../outside/key", "link", "missing", "", ".", "/etc/passwd", "a\0b", "a" * 300, "a/" * 3000]
)
def test_nothing_is_read_beside_them(path: str, roots: Path) -> None:
    assert roots.exists()
    with pytest.raises(MappingError, match="no such file within what CONDUIX_ALLOW_PATHS allows"):
        ev("file(this)", path)


@pytest.mark.parametrize("name", ["../outside/key", "link", "a/b", "", "..", ".hidden"])
def test_a_secret_is_a_name_in_its_directory(name: str, roots: Path) -> None:
    assert roots.exists()
    with pytest.raises(MappingError, match=r"no such file within|the name of a secret has"):
        ev("secret(this)", name)


def test_without_permission_nothing_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CONDUIX_ALLOW_PATHS", raising=False)
    monkeypatch.setenv("CONDUIX_SECRETS_DIR", str(tmp_path))
    for expression in ('file("/etc/hostname")', 'secret("x")'):
        with pytest.raises(MappingError, match="no such file within what"):
            ev(expression)


def test_imports_within_what_is_allowed(roots: Path) -> None:
    assert roots.exists()
    assert out('import "maps.blobl"\nroot.b = this.a.apply("twice")', {"a": 2}) == {"b": 4}
    assert out('from "whole.blobl"', {"a": 3}) == {"b": 6}
    assert out(f'from "{roots}/whole.blobl"', {"a": 4}) == {"b": 8}


@pytest.mark.parametrize(
    ("mapping", "part"),
    [
        ('import "../outside/key"\nroot = this', "no such file within what CONDUIX_ALLOW_MAPPING_IMPORTS allows"),
        ('from "link"', "no such file within what CONDUIX_ALLOW_MAPPING_IMPORTS allows"),
        ('from "broken.blobl"', "in `broken.blobl`, line 1, column 8"),
    ],
)
def test_an_import_that_is_refused_says_so_at_its_place(mapping: str, part: str, roots: Path) -> None:
    assert roots.exists()
    with pytest.raises(MappingSyntaxError) as caught:
        parse_mapping(mapping)
    assert part in caught.value.message
    assert caught.value.line == 1


def test_imports_need_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONDUIX_ALLOW_MAPPING_IMPORTS", raising=False)
    with pytest.raises(MappingSyntaxError, match="imports are not allowed here"):
        parse_mapping('import "maps.blobl"\nroot = this')

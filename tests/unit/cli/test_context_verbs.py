"""`conduix context`: what is known here, without its secrets; needs no server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conduix_tui.cli.__main__ import main
from conduix_tui.client.contexts import Context, ContextFile, Session


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ContextFile:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = ContextFile(tmp_path / "conduix" / "contexts.yaml")
    file.put("local", Context("127.0.0.1:50051", user="ada", token="a-secret-token"))  # noqa: S106 - opens nothing
    session = Session("a-secret-access", 0.0, "a-secret-refresh", 4e9)
    file.put("prod", Context("conduix.example.com:50051", tls=True, user="ada", session=session))
    return file


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize("form", ["text", "json", "yaml"])
@pytest.mark.parametrize("command", [["list"], ["show"], ["show", "prod"]])
def test_secrets_are_not_shown(command: list[str], form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["context", *command, "--output", form]) == 0
    out = capsys.readouterr().out
    assert "50051" in out
    assert "secret" not in out


@pytest.mark.usefixtures("file")
def test_the_list_marks_the_current_one(capsys: pytest.CaptureFixture[str]) -> None:
    main(["context", "list"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["*", "local", "127.0.0.1:50051", "ada", "API", "token"]
    main(["context", "list", "-o", "json"])
    assert [(each["name"], each["current"]) for each in json.loads(capsys.readouterr().out)] == [
        ("local", True), ("prod", False),
    ]  # fmt: skip


def test_using_and_removing(file: ContextFile, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["context", "use", "prod"]) == 0
    assert file.read().current == "prod"
    assert main(["context", "remove", "prod"]) == 0
    assert list(file.read().contexts) == ["local"]
    assert "no context is the current one" in capsys.readouterr().err
    assert main(["context", "show"]) == 2
    assert "conduix context use" in capsys.readouterr().err


@pytest.mark.usefixtures("file")
def test_an_unknown_one_ends_with_2_and_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["context", "use", "locla"]) == 2
    assert "did you mean local?" in capsys.readouterr().err


def test_an_open_file_ends_with_2(file: ContextFile, capsys: pytest.CaptureFixture[str]) -> None:
    file.path.chmod(0o644)
    assert main(["context", "list"]) == 2
    assert "chmod 600" in capsys.readouterr().err


def test_guards_and_colour_are_set_one_by_one_and_shown(file: ContextFile, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["context", "set", "prod", "--colour", "red", "--protected"]) == 0
    assert main(["context", "set", "prod", "--read-only"]) == 0
    prod = file.get("prod")
    assert (prod.colour, prod.protected, prod.read_only, prod.user) == ("red", True, True, "ada")
    assert main(["context", "set", "prod", "--colour", "none", "--no-read-only"]) == 0
    prod = file.get("prod")
    assert (prod.colour, prod.protected, prod.read_only) == ("", True, False)
    capsys.readouterr()
    assert main(["context", "show", "prod", "-o", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["colour"], shown["protected"], shown["read_only"]) == (None, True, False)


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize("given", [["prod"], ["prdo", "--protected"]])
def test_what_cannot_be_set_ends_with_2(given: list[str]) -> None:
    assert main(["context", "set", *given]) == 2

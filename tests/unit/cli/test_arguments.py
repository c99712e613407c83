"""The command line: what is refused, and what is suggested instead."""

from __future__ import annotations

import pytest

from conduix_tui.cli.__main__ import main
from conduix_tui.cli.verbs import verbs

VERBS = [verb.name for verb in verbs()]


def refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main(argv)
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "required: COMMAND"),
        (["vaildate", "x.yaml"], "did you mean validate?"),
        (["run", "x.yaml", "--dryrun"], "did you mean --dry-run?"),
        (["run"], "required: FILE"),
        (["run", "x.yaml", "--resume", "--fresh"], "not allowed with"),
        (["run", "x.yaml", "--limit", "0"], "write for example 1000"),
        (["run", "x.yaml", "--limit", "-3"], "write for example 1000"),
        (["run", "x.yaml", "--metrics-port", "70000"], "a number from 0 to 65535"),
        (["run", "x.yaml", "--log-format", "jsno"], "did you mean json?"),
        (["validate", "x.yaml", "--out", "json"], "unrecognized arguments: --out"),
        (["map"], "is required"),
        (["map", "root = this", "--file", "x"], "not allowed with"),
        (["strat", "orders"], "did you mean start?"),
        (["start"], "required: NAME"),
        (["start", "orders", "--frsh"], "did you mean --fresh?"),
        (["start", "orders", "--timeout", "30"], "10s"),
        (["get"], "required: KIND"),
        (["get", "piplines"], "did you mean pipelines?"),
        (["get", "pipelines", "--limit", "0"], "from 1"),
        (["get", "pipelines", "--context", "a", "--server", "b"], "not allowed with"),
        (["scale", "orders", "many"], "write for example 3"),
        (["wait", "pipeline", "orders"], "required: --for"),
        (["wait", "pipeline", "orders", "--for", "compleet"], "did you mean completed?"),
        (["agents"], "required: COMMAND"),
        (["agents", "lsit"], "did you mean list?"),
        (["agents", "list", "--outptu", "json"], "did you mean --output?"),
        (["agents", "join-token", "a", "--label", "zone"], "zone=b"),
        (["tokens", "create", "ci", "--role", "viwer"], "did you mean viewer?"),
        (["users", "create", "ada"], "required: --role"),
        (["delete", "agent", "x"], "invalid choice"),
        (["up", "--grpc-port", "99999"], "a number from 0 to 65535"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_what_to_write(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    err = refused(argv, capsys)
    assert said in err
    assert err.startswith("error: ")
    assert "--help" in err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([verb, "--help"])
    out = capsys.readouterr().out
    assert end.value.code == 0
    assert "examples:" in out
    assert f"conduix {verb}" in out.partition("examples:")[2]


def test_help_names_every_verb_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(f"\n    {verb.name:<11} {verb.help}\n" in out for verb in verbs())
    assert "3 done with dead letters" in out

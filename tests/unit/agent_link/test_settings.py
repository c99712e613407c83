"""What an agent is told, and what it answers to nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest

from conduix.errors import MappingError, UsageError
from conduix.mapping.access import Access
from conduix.rpc.address import is_loopback
from conduix.settings import describe, leaves
from conduix_agent.arguments import flags, parse
from conduix_agent.host.process import own_environment
from conduix_agent.settings import ENVIRONMENT, FLAG_NAMES, AgentSettings, load_settings

FILE = """
servers: [one.example.com:50051, two.example.com:50051]
name: from-file
labels: {zone: eu}
spool: {max_bytes: 2MiB}
"""


def test_flag_then_environment_then_file_then_default(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(FILE)
    env = {"CONDUIX_AGENT_NAME": "from-env", "CONDUIX_HTTP_PORT": "9000", "CONDUIX_LABELS": "zone=us,disk=ssd"}
    given = flags(parse(["--http-port", "9001", "--label", "rack=7"]))
    loaded = load_settings(file, env, given)
    assert loaded.value.servers == ("one.example.com:50051", "two.example.com:50051")
    assert (loaded.value.name, loaded.value.http_port) == ("from-env", 9001)
    assert loaded.value.labels == {"rack": "7"}
    assert loaded.value.spool.max_bytes == 2 << 20
    assert loaded.origin("http_port") == "flag --http-port"
    assert loaded.origin("labels") == "flag --label"
    assert loaded.origin("name") == "environment CONDUIX_AGENT_NAME"
    assert loaded.origin("spool.max_bytes").startswith(str(file))
    assert loaded.origin("http_host") == "default"


def test_what_mappings_may_see_comes_to_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(f"allow: {{env: [REGION, STAGE], paths: [{tmp_path}]}}\n")
    loaded = load_settings(file, {"CONDUIX_ALLOW_MAPPING_IMPORTS": f"{tmp_path}, /maps"}, {})
    assert loaded.value.allow.mapping_imports == (tmp_path, Path("/maps"))
    (tmp_path / "x").write_text("here")
    for name, value in (loaded.value.allow.environment() | {"REGION": "eu"}).items():
        monkeypatch.setenv(name, value)
    worker = Access(own_environment())
    assert (worker.variable("REGION"), worker.file("x"), worker.imports) == ("eu", b"here", True)
    with pytest.raises(MappingError, match="HOME is not allowed"):
        worker.variable("HOME")


def test_a_directory_is_absolute() -> None:
    with pytest.raises(UsageError, match="'maps' must be an absolute path"):
        load_settings(None, {"CONDUIX_ALLOW_PATHS": "maps"}, {})


def test_servers_are_one_flag_with_commas() -> None:
    loaded = load_settings(None, {}, flags(parse(["run", "--servers", "a:1,b:2"])))
    assert loaded.value.servers == ("a:1", "b:2")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--servers", "nowhere"], "'nowhere' is not an address; write host:port"),
        (["--servers", "a:0"], "'a:0' is not an address"),
        (["--servers", ""], "servers"),
        (["--name", "my agent"], "write my-agent"),
        (["--http-port", "70000"], "http_port"),
        (["--label", "x=" + "v" * 300], "at most 255"),
    ],
)
def test_a_wrong_value_is_answered_by_a_right_one(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        load_settings(None, {}, {**flags(parse(words)), **({"servers": []} if words[1] == "" else {})})


def test_a_label_without_a_value_is_refused() -> None:
    with pytest.raises(UsageError, match="NAME=VALUE"):
        flags(parse(["--label", "zone"]))


def test_an_unknown_key_is_named_with_its_line_and_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text("name: a\nservrs: [a:1]\n")
    with pytest.raises(UsageError, match="servrs") as refused:
        load_settings(file, {}, {})
    assert "agent.yaml:2" in refused.value.message
    assert "servers" in refused.value.message


def test_secrets_are_masked_where_settings_are_shown() -> None:
    loaded = load_settings(None, {"CONDUIX_JOIN_TOKEN": "cdxj_secret"}, {})
    assert loaded.value.token() == "cdxj_secret"
    assert "cdxj_secret" not in describe(loaded)


def test_a_token_file_is_read_at_each_look(tmp_path: Path) -> None:
    file = tmp_path / "token"
    settings = load_settings(None, {"CONDUIX_JOIN_TOKEN_FILE": str(file)}, {}).value
    with pytest.raises(UsageError, match=str(file)):
        settings.token()
    file.write_text(" cdxj_x\n")
    assert settings.token() == "cdxj_x"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not text"):
        settings.token()


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("localhost:1", True),
        ("[::1]:1", True),
        ("10.0.0.1:1", False),
        ("localhost.example.com:1", False),
        ("127.0.0.1.example.com:1", False),
    ],
)
def test_only_this_machine_is_loopback(address: str, ours: bool) -> None:
    assert is_loopback(address) is ours


PAGE = Path(__file__).parents[3] / "docs" / "reference" / "agent.md"
NO_FLAG = {"join_token", "spool.max_bytes", "allow.env", "allow.paths", "allow.mapping_imports"}


@pytest.mark.parametrize(("key", "description"), [(key, info.description) for key, info in leaves(AgentSettings)])
def test_the_reference_page_has_every_setting(key: str, description: str) -> None:
    names = {known: name for name, known in ENVIRONMENT.items()}
    flag = "-" if key in NO_FLAG else f"`{FLAG_NAMES.get(key, '--' + key.replace('_', '-'))}`"
    row = f"| `{key}` | {flag} | `{names[key]}` | {description} |"
    assert row in PAGE.read_text(encoding="utf-8")

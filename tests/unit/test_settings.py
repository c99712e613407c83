"""Settings: which source wins, where a value came from, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr

from conduix.errors import UsageError
from conduix.settings import Loaded, Section, describe, leaves, load
from conduix.spec.options import Duration


class Tls(Section):
    certificate: Path | None = None


class Peer(Section):
    host: str
    port: int = 1


class Server(Section):
    port: int = Field(8080, ge=0, le=65535)
    grpc_port: int = Field(50051, ge=0, le=65535)
    tls: Tls = Tls()


class Root(Section):
    server: Server = Server()
    password: SecretStr = SecretStr("")
    url: str = ""
    grace: Duration = 10.0
    labels: dict[str, str] = Field(default_factory=dict)
    hosts: list[str] = Field(default_factory=list)
    peers: list[Peer] = Field(default_factory=list)


NAMES = {
    "CONDUIX_GRPC_PORT": "server.grpc_port",
    "GRPC_PORT": "server.grpc_port",
    "PASSWORD": "password",
    "HOSTS": "hosts",
    "LABELS": "labels",
    "GRACE": "grace",
    "URL": "url",
}


def loaded(tmp_path: Path, text: str | None = None, flags: dict[str, Any] | None = None, **env: str) -> Loaded[Root]:
    file = None
    if text is not None:
        file = tmp_path / "server.yaml"
        file.write_text(text)
    return load(Root, file=file, env=env, names=NAMES, flags=flags or {}, flag_names={"url": "--database-url"})


def test_a_flag_stands_above_the_environment_above_the_file_above_the_default(tmp_path: Path) -> None:
    text = "server:\n  grpc_port: 1\n  port: 2\n"
    assert loaded(tmp_path).value.server.grpc_port == 50051
    assert loaded(tmp_path).origin("server.grpc_port") == "default"
    file = loaded(tmp_path, text)
    assert (file.value.server.grpc_port, file.origin("server.grpc_port")) == (1, f"{tmp_path}/server.yaml:2")
    env = loaded(tmp_path, text, GRPC_PORT="3")
    assert (env.value.server.grpc_port, env.origin("server.grpc_port")) == (3, "environment GRPC_PORT")
    assert (env.value.server.port, env.origin("server.port")) == (2, f"{tmp_path}/server.yaml:3")
    flag = loaded(tmp_path, text, {"server.grpc_port": 4}, GRPC_PORT="3")
    assert (flag.value.server.grpc_port, flag.origin("server.grpc_port")) == (4, "flag --grpc-port")


def test_of_two_names_the_first_counts_and_an_empty_one_is_unset(tmp_path: Path) -> None:
    both = loaded(tmp_path, GRPC_PORT="3", CONDUIX_GRPC_PORT="4")
    assert (both.value.server.grpc_port, both.origin("server.grpc_port")) == (4, "environment CONDUIX_GRPC_PORT")
    assert loaded(tmp_path, GRPC_PORT="3", CONDUIX_GRPC_PORT="").value.server.grpc_port == 3
    assert loaded(tmp_path, flags={"server.grpc_port": None}).origin("server.grpc_port") == "default"


def test_lists_mappings_and_durations_from_one_word(tmp_path: Path) -> None:
    value = loaded(tmp_path, HOSTS="a:1, b:2", LABELS="env=prod,zone=eu", GRACE="1m").value
    assert (value.hosts, value.labels, value.grace) == (["a:1", "b:2"], {"env": "prod", "zone": "eu"}, 60.0)


def test_a_key_without_a_value_is_not_written(tmp_path: Path) -> None:
    none = loaded(tmp_path, "server:\n  port:\npassword:\n")
    assert (none.value.server.port, none.origin("server.port")) == (8080, "default")
    assert loaded(tmp_path, "").value == Root()
    assert loaded(tmp_path, "# nothing\n").value == Root()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "server:\n  grcp_port: 1\n",
            "server.grcp_port: there is no such setting ({file}:2); did you mean server.grpc_port?",
        ),
        ("sever: {}\n", "sever: there is no such setting ({file}:1); did you mean server?"),
        ("xyz: 1\n", "xyz: there is no such setting ({file}:1)"),
        ("server: 5\n", "server: input should be a valid dictionary or instance of Server ({file}:1)"),
        (
            "server:\n  port: 99999\n",
            "server.port: input should be less than or equal to 65535 ({file}:2)",
        ),
        ("grace: 5\n", "grace: 5 has no unit; write 5s or another of ms, s, m, h, d ({file}:1)"),
        ("peers:\n- host: a\n  prot: 2\n", "did you mean peers.0.port?"),
        ("peers:\n- port: 2\n", "peers.0.host: must be given ({file}:2)"),
        ("server: [\n", "{file}:"),
        ("- a\n", "a settings file is a mapping"),
        ("server:\n  port: 012\n", "{file}:2:9"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        loaded(tmp_path, text)
    assert said.format(file=tmp_path / "server.yaml") in refused.value.message


def test_what_is_wrong_elsewhere_is_said_with_its_name_and_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        loaded(tmp_path, "server: 5\n", {"grace": "soon"}, GRPC_PORT="many")
    assert "(flag --grace)" in refused.value.message
    assert "server: input should be a valid dictionary" in refused.value.message
    with pytest.raises(UsageError, match=r"server\.grpc_port: .*\(environment GRPC_PORT\)"):
        loaded(tmp_path, GRPC_PORT="many")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*/none\.yaml: No such file"):
        load(Root, file=tmp_path / "none.yaml", env={}, names={}, flags={})


def test_a_description_shows_everything_but_secrets(tmp_path: Path) -> None:
    text = describe(
        loaded(tmp_path, "labels: {env: prod}\n", {"url": "mysql://ann:canary@db/x"}, PASSWORD="canary2")  # noqa: S106
    )
    assert "canary" not in text
    assert "url: mysql://ann:********@db/x" in text
    assert "# flag --database-url" in text
    assert [line.partition(":")[0] for line in text.splitlines()] == [key for key, _ in leaves(Root)]
    lines = {line.partition(":")[0]: line for line in text.splitlines()}
    assert lines["password"].split() == ["password:", "********", "#", "environment", "PASSWORD"]
    assert lines["labels"].split("#")[1].strip() == f"{tmp_path}/server.yaml:1"
    assert lines["server.port"].split() == ["server.port:", "8080", "#", "default"]

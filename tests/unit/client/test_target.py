"""Which server a command speaks to, and with whose token."""

from __future__ import annotations

from pathlib import Path

import pytest

from conduix.errors import UsageError
from conduix.rpc.address import is_loopback
from conduix_tui.client.contexts import Context, ContextFile
from conduix_tui.client.target import parse_address, resolve


@pytest.fixture
def file(tmp_path: Path) -> ContextFile:
    file = ContextFile(tmp_path / "contexts.yaml")
    file.put("local", Context("127.0.0.1:50051", token="local-token"))
    file.put("prod", Context("conduix.example.com:50051", tls=True, token="prod-token"))
    return file


def test_the_current_context_unless_something_else_is_said(file: ContextFile) -> None:
    assert resolve(file, {}).name == "local"
    assert resolve(file, {"CONDUIX_CONTEXT": "prod"}).name == "prod"
    assert resolve(file, {"CONDUIX_CONTEXT": "prod"}, context="local").name == "local"
    assert resolve(file, {"CONDUIX_SERVER": "conduix.example.com"}, context="local").name == "local"


def test_an_address_finds_its_context(file: ContextFile) -> None:
    assert resolve(file, {}, server="conduix.example.com").name == "prod"
    assert resolve(file, {"CONDUIX_SERVER": "conduix.example.com:50051"}).name == "prod"


def test_tokens_of_a_context_do_not_go_to_another_server(file: ContextFile) -> None:
    found = resolve(file, {}, server="other.example.com:1")
    assert found.name == ""
    assert found.context.token is None
    assert found.context.tls


def test_a_token_of_the_environment_stands_before_the_stored_one(file: ContextFile) -> None:
    assert resolve(file, {"CONDUIX_TOKEN": "mine"}).context.token == "mine"
    assert resolve(file, {"CONDUIX_TOKEN": "mine"}, server="other:1").context.token == "mine"


def test_where_nothing_is_known_it_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no server is known") as refused:
        resolve(ContextFile(tmp_path / "none.yaml"), {})
    assert "conduix up" in refused.value.remedy


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("host", "host:50051"),
        ("host:7", "host:7"),
        ("host:007", "host:7"),
        ("[::1]:7", "[::1]:7"),
        ("[::1]", "[::1]:50051"),
    ],
)
def test_addresses(written: str, address: str) -> None:
    assert parse_address(written) == address


@pytest.mark.parametrize("written", ["", ":7", "host:0", "host:70000", "host:x", "http://host:7", "::1", "host:²"])
def test_what_is_no_address(written: str) -> None:
    with pytest.raises(UsageError, match="no address") as refused:
        parse_address(written)
    assert "HOST:PORT" in refused.value.remedy


@pytest.mark.parametrize(
    ("address", "stays"),
    [("127.0.0.1:1", True), ("127.3.2.1:1", True), ("localhost:1", True), ("[::1]:1", True), ("10.0.0.1:1", False),
     ("localhost.example.com:1", False)],
)  # fmt: skip
def test_what_stays_on_this_machine(address: str, stays: bool) -> None:
    assert is_loopback(address) is stays

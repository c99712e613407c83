"""Signing in to a server that speaks TLS, by the authority that signed it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.operator import Operator
from tests.programs import ADMIN, PASSWORD, Server
from tests.unit.rpc.certificates import Authority


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority("house")
    authority.write(folder / "ca.pem")
    Authority("another").write(folder / "another.pem")
    chain, key = authority.issue(folder, "server", hosts=["localhost"])
    server = Server(folder, environment={"CONDUIX_TLS_CERTIFICATE": str(chain), "CONDUIX_TLS_KEY": str(key)})
    server.prepare()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def operator(server: Server, tmp_path: Path) -> Operator:
    environment = {**server.environment, "XDG_CONFIG_HOME": str(tmp_path)}
    return Operator(server.folder, environment)


def sign_in(server: Server, *arguments: str | Path) -> tuple[str | Path, ...]:
    port = server.address.rpartition(":")[2]
    return ("login", f"localhost:{port}", "--username", ADMIN, "--password-file", "-", *arguments)


def test_the_authority_is_remembered_with_the_session(server: Server, operator: Operator) -> None:
    operator.do(*sign_in(server, "--ca", "ca.pem", "--context", "house"), stdin=PASSWORD + "\n")
    shown = operator.data("context", "show", "house")
    assert (shown["tls"], shown["authority"]) == (True, str(server.folder / "ca.pem"))
    assert operator.data("whoami")["username"] == ADMIN


@pytest.mark.parametrize("trust", [["--tls"], ["--ca", "another.pem"]])
def test_who_is_signed_by_somebody_else_is_not_trusted(server: Server, operator: Operator, trust: list[str]) -> None:
    said = operator.refused(*sign_in(server, *trust), stdin=PASSWORD + "\n", exit_status=1)
    assert "is not trusted" in said
    assert "--ca FILE" in said
    assert operator.data("context", "list") == []


def test_a_missing_authority_is_told_before_anything_is_sent(server: Server, operator: Operator) -> None:
    said = operator.refused(*sign_in(server, "--ca", "nowhere.pem"), stdin=PASSWORD + "\n", exit_status=2)
    assert "nowhere.pem" in said


def test_in_the_clear_such_a_server_does_not_answer(server: Server, operator: Operator) -> None:
    said = operator.refused(*sign_in(server), stdin=PASSWORD + "\n", exit_status=1)
    assert "no Conduix server answers" in said

"""Signing in and out, tokens, users: what is stored, what is shown, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.eventually import eventually_sync
from tests.integration.cli.operator import Operator
from tests.programs import Program

PASSWORD = "a horse in every pipeline"  # noqa: S105 - of a server that lives for these tests


@pytest.fixture
def elsewhere(operator: Operator, tmp_path: Path) -> Operator:
    """The same person at another machine: no context yet."""
    return Operator(tmp_path, {**operator.environment, "XDG_CONFIG_HOME": str(tmp_path / "config")})


@pytest.fixture(scope="session")
def ada(running: Program) -> str:
    operator = Operator(running.folder, running.environment)
    operator.do("users", "create", "ada", "--role", "operator", "--password-file", "-", stdin=PASSWORD + "\n")
    return "ada"


def stored(operator: Operator) -> dict[str, object]:
    """The contexts in the file."""
    path = Path(operator.environment["XDG_CONFIG_HOME"]) / "conduix" / "contexts.yaml"
    found: dict[str, object] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def test_a_password_signs_in_and_the_session_is_refreshed_and_ended(
    running: Program, elsewhere: Operator, ada: str
) -> None:
    address = running.ready["grpc"]
    done = elsewhere.run("login", address, "--username", ada, "--password-file", "-", stdin=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr
    assert f"signed in to {address} as ada" in done.stderr
    me = elsewhere.data("whoami")
    assert (me["username"], me["role"], me["credential"]) == ("ada", "OPERATOR", "SESSION")
    first = _age_session(elsewhere)
    assert elsewhere.data("whoami")["username"] == "ada"
    second = _session(stored(elsewhere))
    assert second["refresh_token"] != first["refresh_token"]
    elsewhere.do("logout")
    assert elsewhere.data("context", "show")["signed_in"] == "no"
    said = elsewhere.refused("whoami", exit_status=1)
    assert "conduix login" in said


def _session(contexts: dict[str, object]) -> dict[str, object]:
    (context,) = contexts["contexts"].values()  # type: ignore[attr-defined]
    found: dict[str, object] = context["session"]
    return found


def _age_session(operator: Operator) -> dict[str, object]:
    """As if a quarter of an hour had passed: the access token counts as over."""
    contexts = stored(operator)
    session = _session(contexts)
    session["access_expires_at"] = 0.0
    path = Path(operator.environment["XDG_CONFIG_HOME"]) / "conduix" / "contexts.yaml"
    path.write_text(json.dumps(contexts), encoding="utf-8")
    return session


def test_a_wrong_password_is_refused_and_nothing_is_stored(running: Program, elsewhere: Operator) -> None:
    said = elsewhere.refused(
        "login", running.ready["grpc"], "--username", "nobody", "--password-file", "-", stdin="wrong password\n",
        exit_status=1,
    )  # fmt: skip
    assert "(UNAUTHENTICATED)" in said
    assert "wrong password" not in said
    assert elsewhere.data("context", "list") == []


def test_tokens_are_made_used_listed_and_revoked(operator: Operator, elsewhere: Operator, running: Program) -> None:
    token = operator.do("tokens", "create", "ci", "--role", "viewer", "--expires", "1h").strip()
    address = running.ready["grpc"]
    done = elsewhere.run("login", address, "--token-file", "-", "--context", "ci", stdin=token + "\n")
    assert done.returncode == 0, done.stderr
    assert elsewhere.data("whoami")["role"] == "VIEWER"
    assert elsewhere.data("get", "pipelines") == operator.data("get", "pipelines")
    said = elsewhere.refused("users", "create", "eve", "--role", "admin", "--password-file", "-",
                             stdin=PASSWORD + "\n", exit_status=1)  # fmt: skip
    assert "(PERMISSION_DENIED)" in said
    operator.do("tokens", "revoke", "ci")
    (listed,) = [each for each in operator.data("tokens", "list") if each["name"] == "ci"]
    assert listed["revoked_at"] is not None
    said = eventually_sync(lambda: _refusal(elsewhere))
    assert "(TOKEN_REVOKED)" in said
    assert "conduix login" in said


def _refusal(operator: Operator) -> str:
    done = operator.run("whoami")
    return done.stderr if done.returncode == 1 else ""


def test_an_expired_token_says_so(operator: Operator, elsewhere: Operator, running: Program) -> None:
    token = operator.do("tokens", "create", "short", "--expires", "2s").strip()
    env = {"CONDUIX_TOKEN": token, "CONDUIX_SERVER": running.ready["grpc"]}

    def expired() -> str:
        done = elsewhere.run("whoami", env=env)
        return done.stderr if done.returncode == 1 else ""

    said = eventually_sync(expired)
    assert "(TOKEN_EXPIRED)" in said
    assert "remedy:" in said


def test_a_token_that_is_none_is_refused(elsewhere: Operator, running: Program) -> None:
    env = {"CONDUIX_TOKEN": "cdx_made-up", "CONDUIX_SERVER": running.ready["grpc"]}
    said = elsewhere.refused("whoami", exit_status=1, env=env)
    assert "(TOKEN_INVALID)" in said


def test_without_a_server_it_says_how_to_get_one(elsewhere: Operator) -> None:
    assert "conduix up" in elsewhere.refused("get", "pipelines", exit_status=2)
    said = elsewhere.refused("get", "pipelines", "--server", "127.0.0.1:1", exit_status=1)
    assert "no Conduix server answers at 127.0.0.1:1" in said
    assert "conduix up" in said


def test_another_machine_needs_tls(elsewhere: Operator) -> None:
    """With TLS nothing can be read on the way; the address answers to nobody, which is told, not waited for."""
    said = elsewhere.refused(
        "login",
        "127.0.0.1:1",
        "--tls",
        "--username",
        "ada",
        "--password-file",
        "-",
        stdin=PASSWORD + "\n",
        exit_status=1,
    )
    assert "no Conduix server answers" in said


def test_users_are_listed_and_taken_names_refused(operator: Operator, ada: str) -> None:
    assert {"admin", ada} <= {user["username"] for user in operator.data("users", "list")}
    said = operator.refused(
        "users", "create", "ada", "--role", "viewer", "--password-file", "-", stdin=PASSWORD + "\n", exit_status=1
    )
    assert "(USER_EXISTS)" in said
    said = operator.refused(
        "users", "create", "bob", "--role", "viewer", "--password-file", "-", stdin="short\n", exit_status=2
    )
    assert "password" in said
    assert "short" not in said.replace("is shorter", "")


def test_join_tokens_are_made_listed_and_revoked(operator: Operator) -> None:
    made = operator.data("agents", "join-token", "rack-3", "--uses", "5", "--expires", "1d", "--label", "zone=b")
    assert made["token"]
    assert made["join_token"]["labels"] == {"zone": "b"}
    assert made["join_token"]["max_uses"] == 5
    operator.do("agents", "revoke-join-token", "rack-3")
    (listed,) = [each for each in operator.data("get", "join-tokens") if each["name"] == "rack-3"]
    assert listed["revoked_at"] is not None
    assert "token" not in listed
    said = operator.refused("agents", "revoke-join-token", "rack-3", exit_status=1)
    assert "(JOIN_TOKEN_NOT_FOUND)" in said

"""The server as a program: how it starts, what it shows, how it ends, and what it says when it cannot do so."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2
from sqlalchemy import URL

from conduix.rpc.channel import open_channel
from conduix.rpc.errors import RemoteError, remote_errors
from conduix.v1 import auth_service_pb2 as pb_auth
from conduix.v1 import system_service_pb2 as pb_system
from conduix.v1.auth_service_pb2_grpc import AuthServiceStub
from conduix.v1.system_service_pb2_grpc import SystemServiceStub
from conduix_server.store import migrations
from conduix_server.store.engine import parse_url
from tests.eventually import eventually_sync
from tests.integration.server.world import SECRET, bearer
from tests.integration.store.conftest import address
from tests.programs import ADMIN, PASSWORD, Server, free_port
from tests.services.mariadb import MariaDB
from tests.services.mariadb import database as database_on
from tests.unit.rpc.certificates import Authority


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "server")
    yield made
    made.remove()


@pytest.fixture
async def own_maria() -> AsyncIterator[tuple[MariaDB, URL]]:
    """A MariaDB that may be killed, with one empty database."""
    maria = MariaDB.launched()
    on = database_on(maria.url)
    try:
        yield maria, await anext(on)
        await on.aclose()
    finally:
        maria.remove()


def run(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The program with a bare environment, to its end."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "conduix_server", "--state-dir", str(folder / "state"), *arguments],
        env={**kept, "JWT_SECRET": SECRET, **env},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - http on loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


async def test_a_life(server: Server) -> None:
    server.prepare()
    server.start()
    assert server.ready == {
        "grpc": server.address,
        "mesh": "-",
        "http": server.http.removeprefix("http://"),
    }
    async with open_channel(server.address, tls=None) as channel:
        with remote_errors():
            credentials = (
                await AuthServiceStub(channel).Login(pb_auth.LoginRequest(username=ADMIN, password=PASSWORD))
            ).credentials
            status = await SystemServiceStub(channel).GetClusterStatus(
                pb_system.GetClusterStatusRequest(), metadata=bearer(credentials.access_token)
            )
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            health = await check(health_pb2.HealthCheckRequest(service="conduix.v1.SystemService"))
    assert len(status.servers) == 1
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert get(f"{server.http}/health") == (200, '{"status": "ok"}')
    assert get(f"{server.http}/ready") == (200, '{"status": "ready"}')
    assert get(f"{server.http}/nothing")[0] == 404
    metrics = get(f"{server.http}/metrics")[1]
    assert 'conduix_server_rpc_total{code="OK",method="AuthService/Login"} 1.0' in metrics
    assert 'conduix_server_rpc_seconds_count{method="SystemService/GetClusterStatus"} 1.0' in metrics
    assert "process_resident_memory_bytes" in metrics
    assert server.stop() == 0
    assert PASSWORD not in server.log
    assert credentials.access_token not in server.log
    server.start()
    assert server.end(signal.SIGINT) == 0


def test_two_servers_do_not_share_one_sqlite(server: Server) -> None:
    server.start()
    second = run(server.folder, "--grpc-port", "0", "--port", "0")
    assert second.returncode == 1
    assert f"held by another server (pid {server.pid})" in second.stderr
    assert "(STATE_BUSY)" in second.stderr
    assert "remedy:" in second.stderr
    server.kill()
    server.start()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for flag, other in (("--grpc-port", "--port"), ("--port", "--grpc-port")):
            ended = run(tmp_path, flag, port, other, "0")
            assert ended.returncode == 2, ended.stderr
            assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
            assert ended.stdout == ""
        checked = run(tmp_path, "--check", "--port", port, "--grpc-port", str(free_port()))
    assert checked.returncode == 1
    assert "ok    database: sqlite" in checked.stdout
    assert f"FAIL  ports: cannot listen on 127.0.0.1:{port}" in checked.stdout


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("", "there is no secret"),
        ("short", "has 5 bytes, and needs 32"),
        ("your-secret-key-your-secret-key-your", "looks like an example"),
        ("a" * 40, "repeats a few characters"),
    ],
)
def test_without_a_good_secret_nothing_is_served(tmp_path: Path, secret: str, said: str) -> None:
    ended = run(tmp_path, "--grpc-port", "0", "--port", "0", JWT_SECRET=secret)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "openssl rand" in ended.stderr
    assert secret == "" or secret not in ended.stderr
    checked = run(tmp_path, "--check", "--grpc-port", "0", "--port", "0", JWT_SECRET=secret)
    assert f"FAIL  secret: {'the' if secret else 'there is no'}" in checked.stdout


def test_a_setting_that_does_not_exist_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "server.yaml"
    file.write_text("server:\n  grcp_port: 1\n")
    ended = run(tmp_path, "--config", str(file))
    assert ended.returncode == 2
    assert f"server.grcp_port: there is no such setting ({file}:2); did you mean server.grpc_port?" in ended.stderr


def test_in_the_clear_it_stays_on_loopback(tmp_path: Path) -> None:
    ended = run(tmp_path, "--host", "0.0.0.0")  # noqa: S104 - what is refused
    assert ended.returncode == 2
    assert "tls.certificate" in ended.stderr


def test_its_settings_are_shown_without_secrets(tmp_path: Path) -> None:
    shown = run(tmp_path, "--print-config", "--grpc-port", "1", DATABASE_URL="mysql://ann:canary@db/conduix", PORT="2")
    assert shown.returncode == 0
    assert SECRET not in shown.stdout + shown.stderr
    assert "canary" not in shown.stdout + shown.stderr
    lines = {line.partition(":")[0]: line.split() for line in shown.stdout.splitlines()}
    assert lines["server.grpc_port"][1:] == ["1", "#", "flag", "--grpc-port"]
    assert lines["server.port"][1:] == ["2", "#", "environment", "PORT"]
    assert lines["auth.jwt_secret"][1:] == ["********", "#", "environment", "JWT_SECRET"]


def test_an_admin_is_made_once(tmp_path: Path) -> None:
    made = run(tmp_path, "--create-admin", "Ann")
    assert made.returncode == 0
    assert "admin ann may sign in, with this password, shown once: " in made.stdout
    again = run(tmp_path, "--create-admin", "ann")
    assert (again.returncode, "(USER_EXISTS)" in again.stderr) == (1, True)
    weak = tmp_path / "weak"
    weak.write_text("short\n")
    refused = run(tmp_path, "--create-admin", "bob", "--password-file", str(weak))
    assert (refused.returncode, "12 to 1024 characters" in refused.stderr) == (2, True)


def test_a_database_that_is_away_at_the_start_is_said(tmp_path: Path) -> None:
    url = f"mysql://conduix:canary@127.0.0.1:{free_port()}/conduix"
    for arguments in ((), ("--migrate",), ("--create-admin", "ann")):
        ended = run(tmp_path, "--database-url", url, "--grpc-port", "0", "--port", "0", *arguments)
        assert ended.returncode == 1
        assert "the database does not answer" in ended.stderr
        assert "(DATABASE_UNAVAILABLE)" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert "canary" not in ended.stderr
        assert ended.stdout == ""


async def test_a_schema_of_another_time_is_refused_until_it_is_migrated(
    own_maria: tuple[MariaDB, URL], tmp_path: Path
) -> None:
    url = address(own_maria[1])
    ended = run(tmp_path, "--database-url", url, "--grpc-port", "0", "--port", "0")
    assert (ended.returncode, "(SCHEMA_MISMATCH)" in ended.stderr, "--migrate" in ended.stderr) == (1, True, True)
    done = run(tmp_path, "--database-url", url, "--migrate")
    assert done.returncode == 0
    assert done.stdout == f"the schema is {migrations.history()[-1]}, it was empty\n"
    assert run(tmp_path, "--database-url", url, "--migrate").stdout == f"the schema is {migrations.history()[-1]}\n"
    free = ("--grpc-port", str(free_port()), "--port", str(free_port()))
    checked = run(tmp_path, "--database-url", url, "--check", *free)
    assert checked.returncode == 0, checked.stdout
    assert len(checked.stdout.splitlines()) == 4


async def test_a_database_that_goes_away_takes_nothing_with_it(own_maria: tuple[MariaDB, URL], tmp_path: Path) -> None:
    maria, url = own_maria
    server = Server(tmp_path / "server", database_url=address(url))
    server.prepare()
    server.start()
    try:
        async with open_channel(server.address, tls=None) as channel:
            auth, system = AuthServiceStub(channel), SystemServiceStub(channel)
            login = pb_auth.LoginRequest(username=ADMIN, password=PASSWORD)
            who = bearer((await auth.Login(login)).credentials.access_token)
            maria.kill()
            eventually_sync(lambda: get(f"{server.http}/ready")[0] == 503)
            causes = json.loads(get(f"{server.http}/ready")[1])["causes"]
            assert "DATABASE_UNAVAILABLE" in causes["database"]
            assert get(f"{server.http}/health")[0] == 200
            with pytest.raises(RemoteError) as away, remote_errors():
                await system.GetClusterStatus(pb_system.GetClusterStatusRequest(), metadata=who)
            assert (away.value.status, away.value.code) == ("UNAVAILABLE", "DATABASE_UNAVAILABLE")
            assert away.value.retry_after
            assert (await system.GetInfo(pb_system.GetInfoRequest())).version
            maria.start()
            eventually_sync(lambda: get(f"{server.http}/ready")[0] == 200)
            with remote_errors():
                await system.GetClusterStatus(pb_system.GetClusterStatusRequest(), metadata=who)
        assert server.stop() == 0
        assert "Traceback" not in server.log
    finally:
        server.remove()


def test_sqlite_in_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    ended = run(tmp_path, "--database-url", f"sqlite:///{tmp_path}/none/x.db", "--grpc-port", "0", "--port", "0")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert f"{tmp_path}/none" in ended.stderr


def test_a_schema_that_is_newer_is_left_alone(tmp_path: Path) -> None:
    assert run(tmp_path, "--migrate").returncode == 0
    path = parse_url(f"sqlite:///{tmp_path}/state/conduix.db").database
    subprocess.run(
        [sys.executable, "-c", NEWER, str(path)],
        check=True,
    )
    for arguments in ((), ("--migrate",), ("--check",)):
        ended = run(tmp_path, "--grpc-port", "0", "--port", "0", *arguments)
        assert (ended.returncode, "newer than this server" in ended.stderr + ended.stdout) == (1, True)


NEWER = """import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    database.execute("UPDATE alembic_version SET version_num = '9999'")
"""


def test_with_certificates_agents_have_a_listener_of_their_own(tmp_path: Path) -> None:
    certificate, key = Authority("root").issue(tmp_path, "server", hosts=["localhost"])
    file = tmp_path / "server.yaml"
    file.write_text(f"tls: {{certificate: {certificate}, key: {key}}}\n")
    server = Server(tmp_path / "server", environment={})
    server.command += ["--config", str(file)]
    try:
        server.start()
        assert server.ready["mesh"] == f"127.0.0.1:{server.ports['mesh-port']}"
        assert (server.state / "agent-authority.crt").exists()
        assert server.stop() == 0
    finally:
        server.remove()
    file.write_text(f"tls: {{certificate: {certificate}, key: {certificate}}}\n")
    ended = run(tmp_path, "--config", str(file), "--grpc-port", "0", "--mesh-port", "0", "--port", "0")
    assert (ended.returncode, "are no certificate and its key" in ended.stderr) == (2, True)
    checked = run(tmp_path, "--config", str(file), "--grpc-port", "0", "--mesh-port", "0", "--port", "0", "--check")
    assert "FAIL  listeners: " in checked.stdout

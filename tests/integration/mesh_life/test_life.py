"""The example's script, as it stands; and the same server as other people's tools see it: grpcurl and buf."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.mesh_life.conftest import Up

SERVICES = {"Agent", "Auth", "Mesh", "Operation", "Pipeline", "Run", "System", "User"}
SECONDS = 150

pytestmark = pytest.mark.slow


def run(up: Up, *command: str | Path, timeout: float = SECONDS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=up.folder,
        env=up.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def lived(up: Up) -> subprocess.CompletedProcess[str]:
    return run(up, "examples/mesh/life.sh")


def test_the_script_runs_to_its_end(lived: subprocess.CompletedProcess[str]) -> None:
    assert lived.returncode == 0, f"{lived.stdout[-4000:]}\n{lived.stderr[-4000:]}"
    assert "Done" in lived.stdout


def test_both_halves_tapped_records_and_left_files(lived: subprocess.CompletedProcess[str], up: Up) -> None:
    by_conduix, by_grpc = lived.stdout.split("== By gRPC")
    assert by_conduix.count('"shop"') >= 3
    assert by_grpc.count('\\"shop\\"') >= 3
    files = sorted((up.folder / "out").iterdir())
    assert len(files) == 2, "one for each shard"
    for file in files:
        shops = {json.loads(line)["shop"] for line in file.read_text().splitlines()}
        assert len(shops) == 1, "a shard is a shop"


def test_nothing_is_left_of_the_pipeline(lived: subprocess.CompletedProcess[str], up: Up) -> None:
    assert lived.returncode == 0
    assert "live-orders" not in run(up, "conduix", "get", "pipelines").stdout


@pytest.fixture
def token(up: Up) -> str:
    return run(up, "conduix", "tokens", "create", "tools").stdout.strip()


def test_grpcurl_finds_all_by_reflection(up: Up, token: str) -> None:
    plain = ["-plaintext", "-H", f"authorization: Bearer {token}"]
    listed = run(up, up.environment["GRPCURL"], *plain, up.address, "list").stdout.split()
    assert {f"conduix.v1.{name}Service" for name in SERVICES} <= set(listed)
    described = run(up, up.environment["GRPCURL"], *plain, up.address, "describe", "conduix.v1.Pipeline").stdout
    assert "string etag" in described


def test_buf_curl_calls_by_reflection(up: Up, token: str) -> None:
    buf = Path(sys.executable).with_name("buf")
    flags = ["--protocol", "grpc", "--http2-prior-knowledge", "-H", f"authorization: Bearer {token}"]
    listed = run(up, buf, "curl", *flags, "--list-methods", f"http://{up.address}").stdout.split()
    assert "conduix.v1.RunService/RetryRun" in listed
    called = run(up, buf, "curl", *flags, "-d", "{}", f"http://{up.address}/conduix.v1.AuthService/GetMe")
    assert called.returncode == 0, called.stderr
    assert json.loads(called.stdout)["role"] == "ROLE_ADMIN"


def test_a_call_without_a_token_is_refused_by_name(up: Up) -> None:
    refused = run(up, up.environment["GRPCURL"], "-plaintext", "-d", "{}", up.address, "conduix.v1.AuthService/GetMe")
    assert refused.returncode != 0
    assert "Unauthenticated" in refused.stderr

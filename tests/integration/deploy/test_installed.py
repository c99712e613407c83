"""The wheel, installed as a person would, runs by the units' own command lines, without any privilege.

What systemd sets before it starts a program is set here too as far as one process can: another user where he may use
this Python, no capabilities, no new privileges, no memory that is both written and run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from secrets import token_urlsafe
from urllib.request import urlopen

import pytest

from conduix.v1 import pipeline_service_pb2 as pb
from tests.client import signed_in
from tests.integration.deploy.units import PROGRAMS, UNITS, Unit
from tests.programs import ADMIN, PASSWORD, Program, free_port

NOBODY = 65534
CONFINED = "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
"""65 is PR_SET_MDWE: what MemoryDenyWriteExecute= is, on kernels that know it."""
DOCUMENT = """\
name: installed
source: {{type: generate, count: 100, mapping: 'root.n = count("n")'}}
sink: {{type: file, path: "{out}"}}
"""


class Service:
    """A unit in a folder of its own: credentials, state, and the program that it starts."""

    def __init__(self, name: str, instance: str, folder: Path, programs: Path, credentials: dict[str, str]) -> None:
        (path,) = (unit for unit in UNITS if unit.name.startswith(name))
        self.unit = Unit(path.read_text(), instance)
        self.folder = Path(tempfile.mkdtemp(prefix=name, dir=folder))
        self.folder.chmod(0o755)
        for part in ("credentials", "state"):
            (self.folder / part).mkdir(parents=True)
        for key, value in credentials.items():
            (self.folder / "credentials" / key).write_text(value)
        self.environment = {
            "CREDENTIALS_DIRECTORY": str(self.folder / "credentials"),
            "STATE_DIRECTORY": str(self.folder / "state"),
            "HOME": "/nonexistent",
        }
        self.command = [word.replace(PROGRAMS, str(programs)) for word in self.unit.command(self.environment)]
        self.program = Program(name, [*_confined(), *self.command], self.folder, self.environment)
        if _user():
            for found in (self.folder, *self.folder.rglob("*")):
                os.chown(found, NOBODY, NOBODY)

    def credentials_are_loaded(self) -> set[str]:
        """Names that the unit loads."""
        return {value.partition(":")[0] for value in self.unit.all("LoadCredential")}


def _confined() -> list[str]:
    capabilities = ["--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    return ["setpriv", *_user(), *capabilities, "--no-new-privs", sys.executable, "-I", "-c", CONFINED]


@cache
def _user() -> tuple[str, ...]:
    """Nobody; root where only root may read what Python is made of."""
    nobody = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    # by a shell in between: setpriv itself still has root's rights when it starts something
    python = ["sh", "-c", f"exec {sys.executable} -I -c ''"]
    tried = subprocess.run(["setpriv", *nobody, "--bounding-set=-all", *python], capture_output=True, check=False)
    return nobody if tried.returncode == 0 else ()


@pytest.fixture
def server(open_folder: Path, programs: Path) -> Iterator[Service]:
    settings = f"""\
server: {{host: 127.0.0.1, port: {free_port()}, grpc_port: {free_port()}}}
auth: {{jwt_secret: {token_urlsafe(48)}}}
"""
    made = Service("conduix-server", "", open_folder, programs, {"server.yaml": settings})
    password = made.folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    admin = [*made.program.command, "--create-admin", ADMIN, "--password-file", str(password)]
    done = subprocess.run(
        admin, env=made.program.environment, cwd=made.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    yield made
    made.program.remove()


@pytest.fixture
def agent_settings(server: Service) -> str:
    server.program.start()
    return f"servers: [{server.program.ready['grpc']}]\nhttp_port: {free_port()}\n"


async def test_a_server_and_an_agent_run_by_the_units_own_lines(
    server: Service, agent_settings: str, open_folder: Path, programs: Path
) -> None:
    out = open_folder / "data"
    out.mkdir(mode=0o777)
    out.chmod(0o777)
    async with signed_in(server.program.ready["grpc"]) as client:
        credentials = {"agent.yaml": agent_settings, "join-token": await client.join_token()}
        agent = Service("conduix-agent@", "rack-3", open_folder, programs, credentials)
        assert agent.credentials_are_loaded() == set(credentials)
        try:
            await agent.program.started()
            assert agent.program.ready["name"] == "rack-3"
            await client.apply(DOCUMENT.format(out=out / "n.jsonl"))
            await client.start("installed")
            await client.reaches("installed", pb.PIPELINE_STATE_COMPLETED)
            assert (out / "n.jsonl").read_text().count("\n") == 100
            for service in (server, agent):
                with urlopen(f"http://{service.program.ready['http']}/health", timeout=10) as answer:  # noqa: ASYNC210 - our own, on loopback
                    assert answer.status == 200
            assert agent.program.stop() == 0, agent.program.log
        finally:
            agent.program.remove()
    assert server.program.stop() == 0, server.program.log


def test_every_credential_of_the_unit_is_given_to_the_server(server: Service) -> None:
    assert server.credentials_are_loaded() == {"server.yaml"}
    assert server.command[0].startswith(str(server.folder.parent))

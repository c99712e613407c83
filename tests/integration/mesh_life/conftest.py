"""`conduix up`, as a person starts it, in a folder of its own."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.eventually import eventually_sync
from tests.programs import READY_SECONDS, Program, free_port
from tests.services import grpcurl

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Up:
    """What runs, and the environment of another terminal."""

    program: Program
    address: str
    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("up")
    shutil.copytree(ROOT / "examples" / "mesh", folder / "examples" / "mesh")
    port = free_port()
    words = ["up", "--grpc-port", str(port), "--http-port", str(free_port())]
    program = Program("conduix up", [BIN / "conduix", *words], folder)
    program.spawn()
    address = f"127.0.0.1:{port}"

    def serving() -> bool:
        assert program.running, f"conduix up ended: {program.output}{program.log}"
        return re.search(r"ready|up\b.*" + re.escape(address), program.output + program.log) is not None

    eventually_sync(serving, READY_SECONDS)
    found = program.environment["PATH"]
    environment = {
        **program.environment,
        "PATH": f"{BIN}:{grpcurl.install().parent}:{found}",
        "CONDUIX_SERVER": address,
        "GRPCURL": str(grpcurl.install()),
    }
    yield Up(program, address, folder, environment)
    program.stop()

"""What several tests of deploying need: secrets as an installation makes them, and the wheel, installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.deploy.units import DEPLOY, ROOT

BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like `deploy/compose`, after its script has run."""
    folder = tmp_path_factory.mktemp("compose")
    shutil.copy(DEPLOY / "compose" / "make_secrets.sh", folder)
    subprocess.run([folder / "make_secrets.sh"], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter: pytest's own are for one."""
    folder = Path(tempfile.mkdtemp(prefix="cdx-deploy-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def programs(open_folder: Path) -> Path:
    """The folder of the commands of the wheel, in a fresh environment of its own, as the images install it."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(open_folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = open_folder.glob("*.whl")
    installed = open_folder / "conduix"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", installed], check=True)
    python = installed / "bin" / "python"
    lock = ["--constraints", str(ROOT / "requirements.lock")]
    done = subprocess.run(
        [BIN / "uv", "pip", "install", "--quiet", "--python", python, *lock, f"conduix[sql] @ {wheel.as_uri()}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return installed / "bin"

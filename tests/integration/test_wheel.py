"""The wheel holds everything that running needs: data files, type marker, the command."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys, conduix; from conduix_tui.cli.__main__ import main; print(conduix.__file__); sys.exit(main())"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_the_command_runs_from_the_wheel_alone(unpacked: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "map", "root.b = this.a.uppercase()"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        input='{"a":"x"}\n',
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    where, record = done.stdout.splitlines()
    assert Path(where).is_relative_to(unpacked)
    assert record == '{"b":"X"}'


def test_it_says_that_it_is_typed_and_under_which_licence(unpacked: Path) -> None:
    assert (unpacked / "conduix" / "py.typed").is_file()
    assert list(unpacked.glob("*.dist-info/licenses/LICENSE"))


def test_it_brings_no_tests_and_no_second_copy_of_the_library(unpacked: Path) -> None:
    assert not (unpacked / "tests").exists()
    assert not (unpacked / "shared").exists()


def test_it_brings_the_documents_of_the_demo(unpacked: Path) -> None:
    brought = {path.name for path in (unpacked / "conduix_tui" / "demo").iterdir()}
    assert brought == {path.name for path in (ROOT / "examples" / "demo").iterdir()}
    assert "big-orders.yaml" in brought

"""The units for systemd, judged by systemd itself: nothing unknown in them, and little that they expose."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.deploy.units import UNITS, installed_copy
from tests.services import systemd

EXPOSURE = 30
"""Tenths; 0 is a service that may do nothing, 100 one that may do all that root may."""


@pytest.fixture(scope="module")
def analyze() -> Path:
    return systemd.analyze()


def run(analyze: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([analyze, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_understands_every_line(analyze: Path, unit: Path, tmp_path: Path) -> None:
    done = run(analyze, "verify", installed_copy(unit, tmp_path, programs=Path("/bin")))
    # an unknown key is a warning only: exit status 0, and a line on standard error
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_line_that_it_does_not_understand_is_found(analyze: Path, tmp_path: Path) -> None:
    copy = installed_copy(UNITS[0], tmp_path, programs=Path("/bin"))
    copy.write_text(copy.read_text().replace("[Install]", "ProtectEverything=yes\n[Install]"))
    assert "ProtectEverything" in run(analyze, "verify", copy).stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_little_is_exposed(analyze: Path, unit: Path, tmp_path: Path) -> None:
    copy = installed_copy(unit, tmp_path, programs=Path("/bin"))
    done = run(analyze, "security", "--offline=true", f"--threshold={EXPOSURE}", copy)
    assert done.returncode == 0, done.stdout
    assert "Overall exposure level" in done.stdout


def test_the_threshold_would_be_noticed(analyze: Path, tmp_path: Path) -> None:
    copy = installed_copy(UNITS[0], tmp_path, programs=Path("/bin"))
    bare = [
        line for line in copy.read_text().splitlines() if not line.startswith(("Protect", "Private", "Capab", "Sys"))
    ]
    copy.write_text("\n".join(bare))
    assert run(analyze, "security", "--offline=true", f"--threshold={EXPOSURE}", copy).returncode != 0

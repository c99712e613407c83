"""The Dockerfiles: clean by hadolint, nobody is root, health is asked for, and all that they name is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.integration.deploy.units import DEPLOY, ROOT

FILES = sorted((DEPLOY / "docker").glob("*.Dockerfile"))
HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def dockerfile(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def instructions(path: Path) -> list[tuple[str, str]]:
    """Name and arguments of each, lines joined."""
    text = re.sub(r"\\\n\s*", "", path.read_text())
    return [tuple(line.split(" ", 1)) for line in text.splitlines() if line and not line.startswith("#")]  # type: ignore[misc]  # each has arguments


def of_the_image(path: Path) -> dict[str, str]:
    """Instructions of the last stage."""
    found = instructions(path)
    last = max(i for i, (name, _) in enumerate(found) if name == "FROM")
    return dict(found[last:])


def test_there_is_one_for_each_program() -> None:
    assert [path.name for path in FILES] == ["agent.Dockerfile", "server.Dockerfile", "tui.Dockerfile"]


def test_hadolint_finds_nothing(dockerfile: Path) -> None:
    done = subprocess.run([HADOLINT, dockerfile], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nobody_is_root(dockerfile: Path) -> None:
    user = of_the_image(dockerfile)["USER"]
    assert int(user) > 0, "a number: an orchestrator cannot see that a name is not root"


def test_health_is_asked_for(dockerfile: Path) -> None:
    assert "CMD [" in of_the_image(dockerfile)["HEALTHCHECK"]


def test_it_starts_a_program_of_the_wheel(dockerfile: Path) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    entry = json.loads(of_the_image(dockerfile)["ENTRYPOINT"])
    assert entry[0] in scripts


def test_what_is_copied_is_there_and_not_ignored(dockerfile: Path) -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    kept = [line[1:] for line in ignored if line.startswith("!")]
    for name, arguments in instructions(dockerfile):
        if name != "COPY" or arguments.startswith("--from"):
            continue
        *sources, _ = arguments.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert any(fnmatch(source, pattern) for pattern in kept), f"{source} stands in no line of .dockerignore"


def test_every_package_of_the_wheel_is_copied(dockerfile: Path) -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = {arguments.split()[0] for name, arguments in instructions(dockerfile) if name == "COPY"}
    assert {package.split("/")[0] for package in packages["packages"]} <= copied

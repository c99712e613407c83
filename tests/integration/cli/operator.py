"""A person at a terminal: the real `conduix`, with contexts and state in a folder of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.command import CONDUIX
from tests.programs import Program

PATIENCE = 90.0
Done = subprocess.CompletedProcess[str]


@dataclass
class Operator:
    """Runs commands in `folder`, where `conduix up` runs as well."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *argv: str | Path, stdin: str = "", env: Mapping[str, str] | None = None) -> Done:
        """To the end; whatever it comes to."""
        return subprocess.run(
            [CONDUIX, *argv], cwd=self.folder, input=stdin, env={**self.environment, **(env or {})},
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    def do(self, *argv: str | Path, stdin: str = "") -> str:
        """What must work; its standard output."""
        done = self.run(*argv, stdin=stdin)
        assert done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def data(self, *argv: str | Path) -> Any:
        """What must work, as JSON."""
        return json.loads(self.do(*argv, "--output", "json"))

    def refused(
        self, *argv: str | Path, exit_status: int, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> str:
        """What must not work; its standard error."""
        done = self.run(*argv, stdin=stdin, env=env)
        assert done.returncode == exit_status, f"{argv} ended with {done.returncode}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stderr

    def spawn(self, *argv: str | Path) -> subprocess.Popen[str]:
        """Start it; the caller reads its output and ends it."""
        return subprocess.Popen(
            [CONDUIX, *argv], cwd=self.folder, env=dict(self.environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def write(self, name: str, document: str) -> Path:
        """A document in the folder."""
        path = self.folder / name
        path.write_text(document, encoding="utf-8")
        return path


def up(folder: Path, *arguments: str) -> Program:
    """A `conduix up` on free ports, not started yet."""
    command: list[str | Path] = [CONDUIX, "up", "--grpc-port", "0", "--http-port", "0", *arguments]
    return Program("conduix-up", command, folder)


def operator_of(program: Program) -> Operator:
    """Somebody who shares its context."""
    return Operator(program.folder, program.environment)

"""The real `conduix` as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

CONDUIX = Path(sys.executable).with_name("conduix")
PATIENCE = 30.0
"""Seconds that anything here may take on a busy machine."""


def environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The process's own, with state kept below `folder` and no colours."""
    return {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "NO_COLOR": "1", **(extra or {})}


def conduix(
    *argv: str | Path, cwd: Path, stdin: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run to the end."""
    return subprocess.run(
        [CONDUIX, *argv],
        cwd=cwd,
        input=stdin,
        env=environment(cwd, env),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE * 2,
    )


def start(*argv: str | Path, cwd: Path, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start it; the caller waits for it or ends it."""
    return subprocess.Popen(
        [CONDUIX, *argv],
        cwd=cwd,
        env=environment(cwd),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )

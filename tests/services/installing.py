"""What all installers of tools share: one at a time, Debian's packages, the folder for what was built."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUILD = Path(__file__).resolve().parents[2] / "build" / "services"


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Of several test processes on this machine."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def apt_install(*packages: str, instead: str) -> None:
    """Install packages of Debian. Raises RuntimeError where that is not possible, with what to do `instead`."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise RuntimeError(f"missing here; as root: {' '.join(command)}; or {instead}")
    subprocess.run(["apt-get", "update", "-q"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

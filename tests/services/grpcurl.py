"""grpcurl for tests: built once from its source by Go, into `build/services`.

`python -m tests.services.grpcurl` builds it (`make services ONLY=grpcurl`). `CONDUIX_TEST_GRPCURL` names one to use
instead; one that is on the PATH is taken too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.services.installing import BUILD, apt_install, only_one

OVERRIDE = "CONDUIX_TEST_GRPCURL"
MODULE = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.8.9"
"""Its Go may be as old as Debian's."""
BUILT = BUILD / "grpcurl" / "grpcurl"
_GO = "/usr/local/go/bin"
"""Where Go's own installer puts it, on no PATH."""


def install() -> Path:
    """The program. Raises RuntimeError, with what to do, where it can be neither found nor built."""
    if found := os.environ.get(OVERRIDE) or shutil.which("grpcurl"):
        return Path(found)
    with only_one("grpcurl"):
        if not BUILT.exists():
            _build(go())
    return BUILT


def go() -> str:
    """The program. Raises RuntimeError, with what to do, where it cannot be installed."""
    path = f"{os.environ.get('PATH', '')}:{_GO}"
    if shutil.which("go", path=path) is None:
        apt_install("golang-go", instead=f"install Go from golang.org into {_GO}, or set {OVERRIDE} to a grpcurl")
    found = shutil.which("go", path=path)
    assert found is not None, "go: installed above"
    return found


def _build(program: str) -> None:
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(
        [program, "install", MODULE],
        env={**os.environ, "GOBIN": str(BUILT.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        raise RuntimeError(f"{program} install {MODULE} failed: {built.stderr[-2000:]}; or set {OVERRIDE} to a grpcurl")


if __name__ == "__main__":
    print(f"grpcurl: {install()}")  # noqa: T201 - a command for a person

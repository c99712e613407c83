"""The schema of compose files, as those who write the specification publish it: a file in a module of Go."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.services.grpcurl import go
from tests.services.installing import BUILD, only_one

MODULE = "github.com/compose-spec/compose-go/v2@v2.4.9"
KEPT = BUILD / "compose-spec.json"


def schema() -> Path:
    """The file. Raises RuntimeError, with what to do, where there is no Go to fetch it with."""
    with only_one("compose-spec"):
        if not KEPT.exists():
            got = subprocess.run(
                [go(), "mod", "download", "-json", MODULE], capture_output=True, text=True, check=False
            )
            if got.returncode:
                raise RuntimeError(f"go mod download {MODULE} failed: {got.stdout}{got.stderr}")
            shutil.copy(Path(json.loads(got.stdout)["Dir"]) / "schema" / "compose-spec.json", KEPT)
            KEPT.chmod(0o644)
    return KEPT


if __name__ == "__main__":
    print(f"compose schema: {schema()}")  # noqa: T201 - a command for a person

"""systemd's own checker of unit files; systemd itself need not run.

`python -m tests.services.systemd` installs it where it is missing (`make services ONLY=systemd`).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.services.installing import apt_install, only_one


def analyze() -> Path:
    """The program `systemd-analyze`. Raises RuntimeError, with what to do, where it cannot be installed."""
    with only_one("systemd"):
        if shutil.which("systemd-analyze") is None:
            apt_install("systemd", instead="install systemd-analyze by other means")
    found = shutil.which("systemd-analyze")
    assert found is not None, "systemd-analyze: installed above"
    return Path(found)


if __name__ == "__main__":
    print(f"systemd-analyze: {analyze()}")  # noqa: T201 - a command for a person

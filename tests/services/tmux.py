"""tmux for tests: a terminal that programs can be seen and typed at in.

`python -m tests.services.tmux` installs it where it is missing (`make services ONLY=tmux`).
"""

from __future__ import annotations

import shutil

from tests.services.installing import apt_install, only_one


def install() -> str:
    """The program. Raises RuntimeError, with what to do, where it cannot be installed."""
    with only_one("tmux"):
        if shutil.which("tmux") is None:
            apt_install("tmux", instead="install tmux by other means")
    found = shutil.which("tmux")
    assert found is not None, "tmux: installed above"
    return found


if __name__ == "__main__":
    print(f"tmux: {install()}")  # noqa: T201 - a command for a person

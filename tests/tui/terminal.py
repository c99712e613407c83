"""A real terminal, by tmux: a program in it, keys that are typed, and what then stands on its screen."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.eventually import eventually_sync
from tests.services import tmux

PATIENCE = 90.0
"""Seconds; a server, an agent and a console start on a busy processor."""


class TmuxTerminal:
    """One terminal with `command` (for `sh`) in it; `folder` is where that runs, and where tmux has its socket."""

    def __init__(self, command: str, folder: Path, environment: Mapping[str, str], size: tuple[int, int]) -> None:
        self._socket = folder / "tmux"
        self._environment = dict(environment)
        settings = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
        width, height = size
        # `cat`: the last screen stays
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(folder), *settings,
            f"sh -c {shlex.quote(f'{command}; exec cat')}",
        )  # fmt: skip

    @property
    def screen(self) -> str:
        """All lines, without the blanks at their ends."""
        shown = self._tmux("capture-pane", "-p").rstrip("\n").split("\n")
        return "\n".join(line.rstrip() for line in shown)

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: `Enter`, `C-q`, `R`."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Text as it stands."""
        self._tmux("send-keys", "-l", text)

    def shows(self, *wanted: str, without: str = "") -> str:
        """Wait until all of this stands on the screen (and `without` does not); the screen."""

        def seen() -> str:
            screen = self.screen
            missing = [part for part in wanted if part not in screen]
            assert not missing, f"no {missing} on:\n{screen}"
            assert not without or without not in screen, f"{without!r} still on:\n{screen}"
            return screen

        return eventually_sync(seen, PATIENCE)

    def end(self) -> None:
        """Close it; what runs in it is told by SIGHUP."""
        self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        command = [tmux.install(), "-u", "-S", str(self._socket), *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"tmux {arguments[:2]}: {done.stderr}"
        return done.stdout

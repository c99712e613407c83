"""Documents that are being edited: each in a file of its own, kept until a server has it, whatever happens between."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from conduix.errors import UsageError


def directory() -> Path:
    """`$XDG_STATE_HOME/conduix/drafts`."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "conduix" / "drafts"


class Draft:
    """The text of one document, between an editor and a server."""

    def __init__(self, server: str, name: str, folder: Path | None = None) -> None:
        safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in f"{server}-{name}")
        self.path = (folder or directory()) / f"{safe}.yaml"

    @property
    def left(self) -> str | None:
        """What was not applied the last time; None: nothing is left."""
        return self.path.read_text() if self.path.exists() else None

    def begin(self, document: str) -> None:
        """Put a text where the editor finds it; what is left of the last time is gone then."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.write_text(document)
        self.path.chmod(0o600)

    @property
    def text(self) -> str:
        """As the editor has left it."""
        return self.path.read_text()

    def done(self) -> None:
        """A server has it."""
        self.path.unlink(missing_ok=True)


def editor_command(path: Path) -> list[str]:
    """`$VISUAL`, `$EDITOR` or vi, with the file. Raises UsageError where the variable cannot be read."""
    said = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        return [*shlex.split(said), str(path)]
    except ValueError as error:
        raise UsageError(f"EDITOR cannot be read: {said}: {error}", remedy="set EDITOR to a command") from error

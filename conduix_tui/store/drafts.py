"""Documents that are being edited: each in a file of its own, kept until a server has it, whatever happens between."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from conduix.errors import UsageError, from_os_error
from conduix.homes import state_home


def directory() -> Path:
    """`$XDG_STATE_HOME/conduix/drafts`."""
    return state_home(os.environ) / "drafts"


class Draft:
    """The text of one document, between an editor and a server.

    Raises (all methods):
        ConduixError: the file cannot be read or written.
    """

    def __init__(self, server: str, name: str, folder: Path | None = None) -> None:
        # an @ in between: prod-eu's orders are not prod's eu-orders
        safe = "@".join("".join(c if c.isalnum() or c in "._-" else "_" for c in part) for part in (name, server))
        self.path = (folder or directory()) / f"{safe}.yaml"
        self._base = self.path.with_suffix(".revision")

    @property
    def left(self) -> str | None:
        """What was not applied the last time; None: nothing is left."""
        return self.text if self.path.exists() else None

    @property
    def revision(self) -> int:
        """Of the document that the text began as; 0: not known."""
        try:
            return int(self._base.read_text())
        except (OSError, ValueError):
            return 0

    @property
    def changed_at(self) -> float:
        """Unix seconds; 0: nothing is left."""
        try:
            return self.path.stat().st_mtime
        except OSError:
            return 0.0

    def begin(self, document: str, revision: int = 0) -> None:
        """Put a text where the editor finds it; what is left of the last time is gone then."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path, text in ((self._base, str(revision)), (self.path, document)):
                path.touch(mode=0o600)
                path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise from_os_error(error, "write", str(self.path)) from error

    def based_on(self, revision: int) -> None:
        """Whoever edits it has seen this revision by now."""
        self._base.write_text(str(revision))

    @property
    def text(self) -> str:
        """As the editor has left it."""
        try:
            return self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise from_os_error(error, "read", str(self.path)) from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{self.path} is not UTF-8: {error.reason}", remedy="save it as UTF-8") from error

    def done(self) -> None:
        """A server has it, or nobody wants it any more."""
        self.path.unlink(missing_ok=True)
        self._base.unlink(missing_ok=True)


def editor_command(path: Path) -> list[str]:
    """`$VISUAL`, `$EDITOR` or vi, with the file. Raises UsageError where the variable cannot be read."""
    said = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        return [*shlex.split(said), str(path)]
    except ValueError as error:
        raise UsageError(f"EDITOR cannot be read: {said}: {error}", remedy="set EDITOR to a command") from error

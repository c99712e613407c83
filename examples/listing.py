"""The examples there are, and what the header of each promises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

_EXITS = re.compile(r"^# exits: (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """One document that runs as it stands from the repository root."""

    path: Path
    exits: int
    """The code that `conduix run` must end with: 0, or 3 where records go to the dead letters."""

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @property
    def topic(self) -> str:
        """What it shows: the first words of its header, up to the colon or comma."""
        return re.split("[:,]", self.path.read_text(encoding="utf-8").lstrip("# "), maxsplit=1)[0]


def examples(folder: Path = HERE) -> list[Example]:
    """All examples, by name.

    Raises:
        ValueError: one has no `# exits: N` line.
    """
    return [_read(path) for path in sorted(folder.glob("*.yaml"))]


def _read(path: Path) -> Example:
    found = _EXITS.search(path.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{path}: no header line `# exits: 0` (or 3, with dead letters)")
    return Example(path, int(found[1]))

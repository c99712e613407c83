"""Reading unit files as systemd does, as far as ours go."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
UNITS = tuple(sorted((DEPLOY / "systemd").glob("*.service"), reverse=True))
PROGRAMS = "/opt/conduix/bin"
"""Where the units expect what was installed."""


def installed_copy(unit: Path, folder: Path, *, programs: Path) -> Path:
    """The unit as it is, its programs being in another folder; in `/bin` they are `true`."""
    command = f"{programs}/true " if programs == Path("/bin") else f"{programs}/"
    copy = folder / unit.name
    copy.write_text(unit.read_text().replace(f"{PROGRAMS}/", command))
    return copy


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit, instantiated."""

    text: str
    instance: str = ""

    def all(self, key: str) -> list[str]:
        """Every value of a key, in order."""
        return re.findall(rf"^{key}=(.*)$", self.text, re.MULTILINE)

    def one(self, key: str) -> str:
        """The value of a key that stands once."""
        (value,) = self.all(key)
        return value

    def command(self, environment: Mapping[str, str]) -> list[str]:
        """ExecStart: specifiers and `${VARIABLES}` replaced, split into words."""
        text = self.one("ExecStart").replace("%i", self.instance)
        return [_expanded(word, environment) for word in shlex.split(text)]


def _expanded(word: str, environment: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: environment[found[1]], word)

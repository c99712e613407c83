"""What mappings may see of the machine they run on: what its owner allows in the environment, and no more.

    CONDUIX_ALLOW_ENV              names of variables that `env()` gives, with commas between them
    CONDUIX_ALLOW_PATHS            directories that `file()` reads in, with commas between them
    CONDUIX_ALLOW_MAPPING_IMPORTS  directories that `import` and `from` read in, with commas between them
    CONDUIX_SECRETS_DIR            the directory of the files that `secret()` gives; /run/secrets if it is not set

An agent sets them for its workers from its own settings.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conduix.errors import MappingError
from conduix.mapping.values import MAX_SIZE, refuse_giant

ENV: Final = "CONDUIX_ALLOW_ENV"
PATHS: Final = "CONDUIX_ALLOW_PATHS"
IMPORTS: Final = "CONDUIX_ALLOW_MAPPING_IMPORTS"
SECRETS: Final = "CONDUIX_SECRETS_DIR"

_MOST_CHARACTERS: Final = 4096
_LEAST_SHOWN: Final = 4
"""A shorter secret is found in any text, and hides nothing."""
_MOST_SHOWN: Final = 8
"""Messages cut long values: so many characters of a secret are enough to know it by."""
_shown_as: set[str] = set()
"""How the secrets that this process gave to mappings begin, as they are and escaped."""
_SECRET_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}\Z")


@dataclass(frozen=True, slots=True)
class Access:
    """What is allowed, as the environment says it at this moment."""

    environment: Mapping[str, str]

    def variable(self, name: str) -> str | None:
        """The value of a variable, None where it is not set. Raises MappingError for one that is not allowed."""
        if name not in self._listed(ENV):
            raise MappingError(f"the variable {name} is not allowed: its machine's owner adds it to {ENV}")
        return self.environment.get(name)

    def secret(self, name: str) -> str:
        """A secret without the newline at its end. Raises MappingError where there is none of that name."""
        if not _SECRET_NAME.match(name):
            raise MappingError("the name of a secret has letters, digits, `_`, `-` and `.`, and no `.` in front")
        directory = Path(self.environment.get(SECRETS) or "/run/secrets")
        value = _text(_inside(name, (directory,), f"secret {name}", SECRETS), f"secret {name}").removesuffix("\n")
        if len(value) >= _LEAST_SHOWN:
            _shown_as.update((value[:_MOST_SHOWN], json.dumps(value)[1 : _MOST_SHOWN + 1]))
        return value

    def file(self, path: str) -> bytes:
        """The content of a file. Raises MappingError where it is not within what is allowed, or cannot be read."""
        return _bytes(_inside(path, self._roots(PATHS), f"file {path[:200]}", PATHS), f"file {path[:200]}")

    def imported(self, path: str) -> str:
        """The text of a mapping's file. Raises MappingError as `file` does."""
        return _text(_inside(path, self._roots(IMPORTS), f"import {path[:200]}", IMPORTS), f"import {path[:200]}")

    @property
    def imports(self) -> bool:
        """Whether mappings may import anything at all."""
        return bool(self._roots(IMPORTS))

    def _roots(self, variable: str) -> tuple[Path, ...]:
        return tuple(Path(part) for part in self._listed(variable) if os.path.isabs(part))

    def _listed(self, variable: str) -> tuple[str, ...]:
        parts = (part.strip() for part in self.environment.get(variable, "").split(","))
        return tuple(part for part in parts if part)


def granted() -> Access:
    """What this process's environment allows."""
    return Access(os.environ)


def without_secrets(message: str) -> str:
    """A message of an error for logs and letters; where it shows the beginning of a secret, that alone is said."""
    return "an error whose text shows a secret" if any(map(message.__contains__, _shown_as)) else message


def _inside(path: str, roots: tuple[Path, ...], what: str, variable: str) -> Path:
    """The path without links; a relative one is looked for in each directory in turn."""
    for root in roots if "\0" not in path and len(path) <= _MOST_CHARACTERS else ():
        base = Path(os.path.realpath(root))
        found = Path(os.path.realpath(base / path))
        # unlike Path.is_file, it takes a name that is too long for one that is not there
        if found.is_relative_to(base) and os.path.isfile(found):
            return found
    raise MappingError(f"{what}: there is no such file within what {variable} allows")


def _bytes(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise MappingError(f"{what}: {error.strerror}") from error
    refuse_giant(len(content))
    return content


def _text(path: Path, what: str) -> str:
    try:
        return _bytes(path, what).decode()
    except UnicodeDecodeError as error:
        raise MappingError(f"{what}: it is no UTF-8 text") from error
